#include "sync/cold.h"

#include "base/mem.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define COLD_EACH(c, q)                                                         \
	for (struct cold_query *q = (c)->slots; q < (c)->slots + (c)->max; q++) \
		if (q->id)

void cold_init(struct cold *c, size_t max)
{
	*c = (struct cold){.slots = mem_new(max * sizeof *c->slots), .max = max};
}

void cold_fini(struct cold *c)
{
	COLD_EACH(c, q)
	cold_remove(c, q);
	free(c->slots);
	*c = (struct cold){0};
}

struct cold_query *cold_add(struct cold *c, const struct sync_query *asked,
			    struct sync_cookie cookie, uint64_t until_us)
{
	assert(asked->tenant.len <= ROW_ID_MAX && asked->room.len <= ROW_ID_MAX);
	for (size_t i = 0; i < c->max; i++) {
		struct cold_query *q = &c->slots[i];
		if (q->id)
			continue;
		*q = (struct cold_query){.id = ++c->serial * c->max + i,
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

struct cold_query *cold_find(struct cold *c, uint64_t id)
{
	struct cold_query *q = &c->slots[id % c->max];
	return id && q->id == id ? q : NULL;
}

void cold_remove(struct cold *c, struct cold_query *q)
{
	owners_remove(&c->sessions, &q->owned);
	q->id = 0;
	c->len--;
}

struct cold_query *cold_of_worker(struct cold *c, const struct worker *w)
{
	COLD_EACH(c, q)
	if (q->worker == w)
		return q;
	return NULL;
}

struct cold_query *cold_overdue(struct cold *c, uint64_t now_us)
{
	if (!c->len)
		return NULL;
	COLD_EACH(c, q)
	if (q->until_us <= now_us)
		return q;
	return NULL;
}

struct cold_query *cold_of_session(const struct cold *c, uint64_t session)
{
	struct owned *first = owners_first(&c->sessions, session);
	return first ? OWNED_IN(struct cold_query, owned, first) : NULL;
}

void cold_put(const struct cold_query *q, struct buf *frame)
{
	Parlor__ColdQuery query = PARLOR__COLD_QUERY__INIT;
	query.query = q->id;
	query.tenant = (char *)q->tenant;
	query.room = (char *)q->room;
	query.from = q->asked.from;
	query.backwards = q->asked.backwards;
	query.limit = q->asked.limit;
	query.bytes = q->asked.bytes;
	query.floor = q->asked.floor;
	Parlor__ToWorker to = PARLOR__TO_WORKER__INIT;
	to.op_case = PARLOR__TO_WORKER__OP_COLD_QUERY;
	to.cold_query = &query;
	wire_put(frame, &to.base);
}
