#include "road.h"
#include "want.h"

#include "base/mem.h"

#include <stdlib.h>

void road_init(struct road *r, struct chance *chance, uint64_t delay_us)
{
	*r = (struct road){.chance = chance, .delay_us = delay_us};
}

static struct letter *take(struct queue *q)
{
	struct letter *l = q->first;
	q->first = l->next;
	q->len--;
	return l;
}

static void letter_free(struct letter *l)
{
	buf_fini(&l->frame);
	free(l);
}

static size_t drop(struct queue *q, size_t keep)
{
	size_t dropped = 0;
	struct letter **at = &q->first;
	for (; *at && keep; keep--)
		at = &(*at)->next;
	while (*at) {
		struct letter *l = *at;
		*at = l->next;
		letter_free(l);
		q->len--;
		dropped++;
	}
	q->last = at;
	return dropped;
}

void road_fini(struct road *r)
{
	for (size_t i = 0; i < ROAD_CONNECTIONS; i++) {
		drop(&r->connections[i].to_broker, 0);
		drop(&r->connections[i].to_worker, 0);
	}
}

static struct connection *find(struct road *r, uint32_t id)
{
	for (size_t i = 0; id && i < ROAD_CONNECTIONS; i++)
		if (r->connections[i].id == id)
			return &r->connections[i];
	return NULL;
}

uint32_t road_connect(struct road *r)
{
	struct connection *c = &r->connections[0];
	while (c->id && !(c->cut && !c->to_broker.first))
		c++;
	WANT(r->chance, c < r->connections + ROAD_CONNECTIONS, "too many connections");
	*c = (struct connection){.id = ++r->ids};
	return c->id;
}

void road_cut(struct road *r, uint32_t id)
{
	struct connection *c = find(r, id);
	if (!c || c->cut)
		return;
	c->cut = true;
	r->lost += drop(&c->to_worker, 0);
	r->lost += drop(&c->to_broker, chance_below(r->chance, c->to_broker.len + 1));
}

void road_cut_all(struct road *r)
{
	for (size_t i = 0; i < ROAD_CONNECTIONS; i++) {
		struct connection *c = &r->connections[i];
		r->lost += drop(&c->to_worker, 0) + drop(&c->to_broker, 0);
		c->cut = true;
	}
}

bool road_send(struct road *r, uint32_t id, bool to_broker, const struct buf *frame)
{
	struct connection *c = find(r, id);
	if (!c || c->cut)
		return false;
	struct queue *q = to_broker ? &c->to_broker : &c->to_worker;
	struct letter *l = mem_new(sizeof *l);
	buf_put(&l->frame, frame->data, frame->len);
	l->due_us = r->chance->now_us + chance_below(r->chance, r->delay_us);
	if (l->due_us < q->due_us)
		l->due_us = q->due_us;
	q->due_us = l->due_us;
	if (!q->first)
		q->last = &q->first;
	*q->last = l;
	q->last = &l->next;
	q->len++;
	r->frames++;
	return true;
}

static bool take_due(struct road *r, struct queue *q, struct buf *frame)
{
	if (!q->first || q->first->due_us > r->chance->now_us)
		return false;
	struct letter *l = take(q);
	buf_clear(frame);
	buf_put(frame, l->frame.data, l->frame.len);
	letter_free(l);
	return true;
}

bool road_take(struct road *r, uint32_t id, struct buf *frame)
{
	struct connection *c = find(r, id);
	return c && !c->cut && take_due(r, &c->to_worker, frame);
}

bool road_take_any(struct road *r, uint32_t *id, struct buf *frame)
{
	size_t from = chance_below(r->chance, ROAD_CONNECTIONS);
	for (size_t i = 0; i < ROAD_CONNECTIONS; i++) {
		struct connection *c = &r->connections[(from + i) % ROAD_CONNECTIONS];
		if (c->id && take_due(r, &c->to_broker, frame)) {
			*id = c->id;
			return true;
		}
	}
	return false;
}
