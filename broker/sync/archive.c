#include "sync/archive.h"

#include "base/mem.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ARCHIVE_EACH(c, q)                                                         \
	for (struct archive_query *q = (c)->slots; q < (c)->slots + (c)->max; q++) \
		if (q->id)

void archive_init(struct archive *c, size_t max)
{
	*c = (struct archive){.slots = mem_new(max * sizeof *c->slots), .max = max};
}

void archive_fini(struct archive *c)
{
	ARCHIVE_EACH(c, q)
	archive_remove(c, q);
	free(c->slots);
	*c = (struct archive){0};
}

struct archive_query *archive_add(struct archive *c, const struct sync_query *asked,
				  struct sync_cookie cookie, uint64_t until_us)
{
	assert(asked->tenant.len <= ROW_ID_MAX && asked->room.len <= ROW_ID_MAX);
	for (size_t i = 0; i < c->max; i++) {
		struct archive_query *q = &c->slots[i];
		if (q->id)
			continue;
		*q = (struct archive_query){.id = ++c->serial * c->max + i,
					    .cookie = cookie,
					    .until_us = until_us,
					    .asked = *asked};
		memcpy(q->tenant, asked->tenant.data, asked->tenant.len);
		memcpy(q->room, asked->room.data, asked->room.len);
		q->asked.tenant.data = q->tenant;
		q->asked.room.data = q->room;
		owners_add(&c->sessions, cookie.session, &q->owned);
		c->len++;
		return q;
	}
	return NULL;
}

struct archive_query *archive_find(struct archive *c, uint64_t id)
{
	struct archive_query *q = &c->slots[id % c->max];
	return id && q->id == id ? q : NULL;
}

void archive_remove(struct archive *c, struct archive_query *q)
{
	owners_remove(&c->sessions, &q->owned);
	q->id = 0;
	c->len--;
}

struct archive_query *archive_of_worker(struct archive *c, const struct worker *w)
{
	ARCHIVE_EACH(c, q)
	if (q->worker == w)
		return q;
	return NULL;
}

struct archive_query *archive_overdue(struct archive *c, uint64_t now_us)
{
	if (!c->len)
		return NULL;
	ARCHIVE_EACH(c, q)
	if (q->until_us <= now_us)
		return q;
	return NULL;
}

struct archive_query *archive_of_session(const struct archive *c, uint64_t session)
{
	struct owned *first = owners_first(&c->sessions, session);
	return first ? OWNED_IN(struct archive_query, owned, first) : NULL;
}

void archive_put(const struct archive_query *q, struct buf *frame)
{
	Parlor__ArchiveQuery query = PARLOR__ARCHIVE_QUERY__INIT;
	query.query = q->id;
	query.tenant = (char *)q->tenant;
	query.room = (char *)q->room;
	query.from = q->asked.from;
	query.backwards = q->asked.backwards;
	query.limit = q->asked.limit;
	query.bytes = q->asked.bytes;
	query.floor = q->asked.floor;
	Parlor__ToWorker to = PARLOR__TO_WORKER__INIT;
	to.op_case = PARLOR__TO_WORKER__OP_ARCHIVE_QUERY;
	to.archive_query = &query;
	wire_put(frame, &to.base);
}
