#include "sync/worker_pool.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define EACH_WORKER(c, w) for (struct worker *w = (c)->slots; w < (c)->slots + (c)->max; w++)

void worker_pool_init(struct worker_pool *c, size_t max)
{
	*c = (struct worker_pool){.slots = mem_new(max * sizeof *c->slots), .max = max};
}

void worker_pool_fini(struct worker_pool *c)
{
	free(c->slots);
	*c = (struct worker_pool){0};
}

struct worker *worker_pool_find(struct worker_pool *c, const struct peer *peer)
{
	EACH_WORKER(c, w)
	if (w->used && peer_equal(&w->peer, peer))
		return w;
	return NULL;
}

struct worker *worker_pool_add(struct worker_pool *c, const struct peer *peer, const char *name,
			       uint64_t now_us)
{
	EACH_WORKER(c, w)
	{
		if (w->used)
			continue;
		*w = (struct worker){.used = true, .peer = *peer, .heard_us = now_us};
		memcpy(w->name, name, text_cut(name, strlen(name), WORKER_NAME_MAX));
		c->len++;
		return w;
	}
	return NULL;
}

void worker_pool_remove(struct worker_pool *c, struct worker *w)
{
	w->used = false;
	c->len--;
}

/* Whether any but that one works off its batches. */
static bool any_awake(struct worker_pool *c, const struct worker *but)
{
	EACH_WORKER(c, w)
	if (w->used && !w->lost && !w->stalled && w != but)
		return true;
	return false;
}

struct worker *worker_pool_fewest_partitions(struct worker_pool *c, const struct worker *but)
{
	bool awake = any_awake(c, but);
	struct worker *best = NULL;
	EACH_WORKER(c, w)
	{
		if (!w->used || w->lost || w == but || (awake && w->stalled))
			continue;
		if (!best || w->partitions < best->partitions)
			best = w;
	}
	return best;
}

struct worker *worker_pool_most_partitions(struct worker_pool *c)
{
	bool awake = any_awake(c, NULL);
	struct worker *best = NULL;
	EACH_WORKER(c, w)
	{
		if (!w->used || w->lost || (awake && w->stalled))
			continue;
		if (!best || w->partitions > best->partitions)
			best = w;
	}
	return best;
}

struct worker *worker_pool_fewest_queries(struct worker_pool *c)
{
	struct worker *best = NULL;
	EACH_WORKER(c, w)
	if (w->used && !w->lost && (!best || w->queries < best->queries))
		best = w;
	return best;
}

void worker_pool_expire(struct worker_pool *c, uint64_t since_us)
{
	EACH_WORKER(c, w)
	if (w->used && w->heard_us < since_us)
		w->lost = true;
}

struct worker *worker_pool_lost(struct worker_pool *c)
{
	EACH_WORKER(c, w)
	if (w->used && w->lost)
		return w;
	return NULL;
}
