#include "turn/turn.h"

#include "event/event.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* Memory beyond it is given back after an unusually large turn. */
#define BYTES_KEPT ((size_t)16 << 20)
#define RECORDS_KEPT 32768
#define RECALLS_KEPT 4096

void turn_fini(struct turn *t)
{
	buf_fini(&t->bytes);
	buf_fini(&t->scratch);
	free(t->records);
	free(t->recalls);
	replies_fini(&t->replies);
}

void turn_record(void *turn, const struct record *r)
{
	struct turn *t = turn;
	MEM_GROW(t->records, t->len, t->cap, 256);
	struct turn_record *out = &t->records[t->len++];
	struct topic heard = record_heard(r);
	*out = (struct turn_record){.live = {.position = r->position,
					     .heard = heard,
					     .hash = subscribers_hash(heard),
					     .also = record_also(r),
					     .topic = record_topic(r),
					     .member = r->member,
					     .moves = record_moves(r)},
				    .partition = record_partition(r, t->partitions),
				    .head_at = t->bytes.len};
	record_encode(&t->bytes, r);
	out->head_len = t->bytes.len - out->head_at;
	out->event_at = t->bytes.len;
	event_put(&t->bytes, r, &t->scratch);
	out->event_len = t->bytes.len - out->event_at;
	t->moves |= out->live.moves != MOVES_NOBODY;
}

static struct turn_record *record_at(const struct turn *t, uint64_t position)
{
	if (!t->len || position < t->records[0].live.position ||
	    position > t->records[t->len - 1].live.position)
		return NULL;
	return &t->records[position - t->records[0].live.position];
}

static void strip(struct turn *t, struct turn_record *r)
{
	struct buf event = {0};
	bool posted = event_put_recalled(&event, turn_event(t, r), &t->scratch);
	assert(posted);
	r->event_at = t->bytes.len;
	r->event_len = event.len;
	buf_put(&t->bytes, event.data, event.len);
	buf_fini(&event);
}

void turn_recall_body(struct turn *t, uint64_t position)
{
	struct turn_record *r = record_at(t, position);
	if (r) {
		strip(t, r);
		return;
	}
	MEM_GROW(t->recalls, t->recalls_len, t->recalls_cap, 16);
	t->recalls[t->recalls_len++] = position;
}

void turn_count(struct turn *t, bool beyond)
{
	struct turn_size all = {t->len, t->bytes.len, t->deliveries};
	if (beyond) {
		t->beyond.records += all.records - t->known.records;
		t->beyond.bytes += all.bytes - t->known.bytes;
		t->beyond.deliveries += all.deliveries - t->known.deliveries;
	}
	t->known = all;
}

static void release_memory(struct turn *t)
{
	if (t->bytes.cap > BYTES_KEPT)
		buf_fini(&t->bytes);
	if (t->scratch.cap > BYTES_KEPT)
		buf_fini(&t->scratch);
	if (t->cap > RECORDS_KEPT) {
		free(t->records);
		t->records = NULL;
		t->cap = 0;
	}
	if (t->recalls_cap > RECALLS_KEPT) {
		free(t->recalls);
		t->recalls = NULL;
		t->recalls_cap = 0;
	}
}

void turn_clear(struct turn *t)
{
	release_memory(t);
	buf_clear(&t->bytes);
	t->len = t->counted = 0;
	t->deliveries = 0;
	t->joined = (struct topic){0};
	t->joined_by = 0;
	t->recalls_len = 0;
	replies_clear(&t->replies);
	t->moves = false;
	t->known = t->beyond = (struct turn_size){0};
}

struct span turn_event(const struct turn *t, const struct turn_record *r)
{
	return (struct span){t->bytes.data + r->event_at, r->event_len};
}

bool turn_event_at(const struct turn *t, uint64_t position, struct span *event)
{
	const struct turn_record *r = record_at(t, position);
	if (r)
		*event = turn_event(t, r);
	return r;
}
