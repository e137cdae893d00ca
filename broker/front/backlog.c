#include "front/backlog.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

static size_t cost(size_t len)
{
	return len + BACKLOG_FRAME_COST;
}

static bool has_room(const struct backlog *b, const struct backlog_queue *q, size_t bytes,
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
	if (q->frames == f && !f->next) {
		DL_APPEND(b->queues, q);
		b->queues_len++;
	}
	q->bytes += cost(f->len);
	b->bytes += cost(f->len);
}

bool backlog_add(struct backlog *b, struct backlog_queue *q, const struct backlog_rest *rest,
		 size_t sharers)
{
	size_t len = rest->bytes.len;
	assert(sharers > 0);
	if (!has_room(b, q, cost(len), sharers))
		return false;
	struct backlog_frame *f = mem_resize(NULL, 1, sizeof *f + len);
	*f = (struct backlog_frame){.rest = *rest, .len = len};
	f->rest.bytes.data = f->bytes;
	if (len)
		memcpy(f->bytes, rest->bytes.data, len);
	DL_APPEND(q->frames, f);
	b->frames++;
	count(b, q, f);
	return true;
}

struct backlog_frame *backlog_take(struct backlog *b, struct backlog_queue *q)
{
	struct backlog_frame *f = q->frames;
	if (!f)
		return NULL;
	DL_DELETE(q->frames, f);
	q->bytes -= cost(f->len);
	b->bytes -= cost(f->len);
	if (!q->frames) {
		DL_DELETE(b->queues, q);
		b->queues_len--;
	}
	return f;
}

void backlog_put_back(struct backlog *b, struct backlog_queue *q, struct backlog_frame *f)
{
	DL_PREPEND(q->frames, f);
	count(b, q, f);
}

struct backlog_queue *backlog_next(struct backlog *b)
{
	struct backlog_queue *q = b->queues;
	if (!q)
		return NULL;
	DL_DELETE(b->queues, q);
	DL_APPEND(b->queues, q);
	return q;
}

void backlog_clear(struct backlog *b, struct backlog_queue *q)
{
	struct backlog_frame *f;
	while ((f = backlog_take(b, q)) != NULL)
		free(f);
}
