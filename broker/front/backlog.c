#include "front/backlog.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

_Static_assert(BACKLOG_FRAME_COST >= sizeof(struct backlog_frame), "what is counted is taken");

static size_t cost(size_t len)
{
	return len + BACKLOG_FRAME_COST;
}

static bool has_space(const struct backlog *b, const struct backlog_queue *q, size_t bytes,
		      size_t sharers)
{
	size_t half = b->total_bytes / 2;
	size_t allowed = b->session_bytes;
	if (b->bytes + bytes > half && half / sharers < allowed)
		allowed = half / sharers;
	return q->bytes + bytes <= allowed;
}

static void count(struct backlog *b, struct backlog_queue *q, const struct backlog_frame *f)
{
	b->queues_len += q->frames == f && !f->next;
	q->bytes += cost(f->len);
	b->bytes += cost(f->len);
}

bool backlog_add(struct backlog *b, struct backlog_queue *q, const struct backlog_rest *rest,
		 size_t sharers)
{
	size_t len = rest->bytes.len;
	assert(sharers > 0);
	if (!has_space(b, q, cost(len), sharers))
		return false;
	struct backlog_frame *f = mem_resize(NULL, 1, sizeof *f + len);
	mem_ready(f, sizeof *f + len);
	*f = (struct backlog_frame){.rest = *rest, .len = len};
	f->rest.bytes.data = f->bytes;
	if (len)
		memcpy(f->bytes, rest->bytes.data, len);
	DL_APPEND(q->frames, f);
	b->frames++;
	count(b, q, f);
	if (!q->blocked && !q->flow.waits)
		drr_wait(&b->drr, &q->flow);
	return true;
}

static void set_empty(struct backlog *b, struct backlog_queue *q)
{
	b->queues_len--;
	if (q->blocked)
		DL_DELETE(b->blocked, q);
	q->blocked = false;
	drr_leave(&b->drr, &q->flow);
}

struct backlog_frame *backlog_take(struct backlog *b, struct backlog_queue *q)
{
	struct backlog_frame *f = q->frames;
	if (!f)
		return NULL;
	DL_DELETE(q->frames, f);
	q->bytes -= cost(f->len);
	b->bytes -= cost(f->len);
	if (!q->frames)
		set_empty(b, q);
	return f;
}

void backlog_put_back(struct backlog *b, struct backlog_queue *q, struct backlog_frame *f)
{
	DL_PREPEND(q->frames, f);
	count(b, q, f);
	if (!q->blocked && !q->flow.waits)
		drr_wait_first(&b->drr, &q->flow);
}

struct backlog_queue *backlog_next(struct backlog *b)
{
	struct drr_flow *f = drr_next(&b->drr);
	return f ? (struct backlog_queue *)((char *)f - offsetof(struct backlog_queue, flow))
		 : NULL;
}

void backlog_block(struct backlog *b, struct backlog_queue *q)
{
	assert(q->frames && !q->blocked);
	q->blocked = true;
	DL_APPEND(b->blocked, q);
	drr_leave(&b->drr, &q->flow);
}

void backlog_unblock(struct backlog *b)
{
	struct backlog_queue *q;
	while ((q = b->blocked) != NULL) {
		DL_DELETE(b->blocked, q);
		q->blocked = false;
		drr_wait(&b->drr, &q->flow);
	}
}

struct backlog_frames backlog_take_all(struct backlog *b, struct backlog_queue *q)
{
	struct backlog_frames all = {q->frames, q->bytes};
	if (!q->frames)
		return all;
	b->bytes -= q->bytes;
	q->frames = NULL;
	q->bytes = 0;
	set_empty(b, q);
	return all;
}

void backlog_append(struct backlog *b, struct backlog_queue *q, struct backlog_frames *frames)
{
	if (!frames->first)
		return;
	b->queues_len += !q->frames;
	DL_CONCAT(q->frames, frames->first);
	q->bytes += frames->bytes;
	b->bytes += frames->bytes;
	*frames = (struct backlog_frames){0};
	if (!q->blocked && !q->flow.waits)
		drr_wait(&b->drr, &q->flow);
}

struct backlog_frame *backlog_first_of(struct backlog_frames *frames)
{
	struct backlog_frame *f = frames->first;
	if (!f)
		return NULL;
	DL_DELETE(frames->first, f);
	frames->bytes -= cost(f->len);
	return f;
}

void backlog_clear(struct backlog *b, struct backlog_queue *q)
{
	struct backlog_frame *f;
	while ((f = backlog_take(b, q)) != NULL)
		free(f);
}
