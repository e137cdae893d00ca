#include "sync/crew.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CREW_EACH(c, w) for (struct worker *w = (c)->slots; w < (c)->slots + (c)->max; w++)

void crew_init(struct crew *c, size_t max)
{
	*c = (struct crew){.slots = mem_new(max * sizeof *c->slots), .max = max};
}

void crew_fini(struct crew *c)
{
	free(c->slots);
	*c = (struct crew){0};
}

struct worker *crew_find(struct crew *c, const struct link_peer *peer)
{
	CREW_EACH(c, w)
	if (w->used && link_peer_equal(&w->peer, peer))
		return w;
	return NULL;
}

struct worker *crew_add(struct crew *c, const struct link_peer *peer, const char *name,
			uint64_t now_us)
{
	CREW_EACH(c, w)
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

void crew_remove(struct crew *c, struct worker *w)
{
	w->used = false;
	c->len--;
}

/* Whether any but that one works off its batches. */
static bool any_awake(struct crew *c, const struct worker *but)
{
	CREW_EACH(c, w)
	if (w->used && !w->lost && !w->stalled && w != but)
		return true;
	return false;
}

struct worker *crew_fewest_parts(struct crew *c, const struct worker *but)
{
	bool awake = any_awake(c, but);
	struct worker *best = NULL;
	CREW_EACH(c, w)
	{
		if (!w->used || w->lost || w == but || (awake && w->stalled))
			continue;
		if (!best || w->parts < best->parts)
			best = w;
	}
	return best;
}

struct worker *crew_most_parts(struct crew *c)
{
	bool awake = any_awake(c, NULL);
	struct worker *best = NULL;
	CREW_EACH(c, w)
	{
		if (!w->used || w->lost || (awake && w->stalled))
			continue;
		if (!best || w->parts > best->parts)
			best = w;
	}
	return best;
}

struct worker *crew_fewest_queries(struct crew *c, const struct worker *but)
{
	struct worker *best = NULL;
	CREW_EACH(c, w)
	if (w->used && !w->lost && w != but && (!best || w->queries < best->queries))
		best = w;
	return best;
}

void crew_expire(struct crew *c, uint64_t since_us)
{
	CREW_EACH(c, w)
	if (w->used && w->heard_us < since_us)
		w->lost = true;
}

struct worker *crew_lost(struct crew *c)
{
	CREW_EACH(c, w)
	if (w->used && w->lost)
		return w;
	return NULL;
}
