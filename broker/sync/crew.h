/* The workers that are there: who they are, when they were last heard, how
 * much each has to do. Owns their leases; never sends. A slot stays put as
 * long as its worker lives. */
#ifndef SYNC_CREW_H
#define SYNC_CREW_H

#include "front/router.h"

#define WORKER_NAME_MAX 64

struct worker {
	bool used;
	bool lost;    /* to be taken out: silent, unreachable or gone by its own word */
	bool stalled; /* left a batch unanswered and has not spoken of any since */
	struct link_peer peer;
	char name[WORKER_NAME_MAX + 1];
	uint64_t heard_us;
	uint32_t parts;
	uint32_t queries;
};

struct crew {
	struct worker *slots;
	size_t max;
	size_t len; /* used ones */
};

void crew_init(struct crew *, size_t max);
void crew_fini(struct crew *);

struct worker *crew_find(struct crew *, const struct link_peer *);
/* NULL when there are as many as there may be. */
struct worker *crew_add(struct crew *, const struct link_peer *, const char *name, uint64_t now_us);
void crew_remove(struct crew *, struct worker *);

/* Those that are not lost, by what they have to do; for parts, stalled ones
 * only when all are. NULL: there is none. */
struct worker *crew_fewest_parts(struct crew *, const struct worker *but);
struct worker *crew_most_parts(struct crew *);
struct worker *crew_fewest_queries(struct crew *, const struct worker *but);

/* Marks those silent since before `since_us` as lost. */
void crew_expire(struct crew *, uint64_t since_us);
/* One that is lost, or NULL. */
struct worker *crew_lost(struct crew *);

#endif
