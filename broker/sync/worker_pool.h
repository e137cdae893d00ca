/* The workers that are there: who they are, when they were last heard, how
 * much each has to do. Owns their leases; never sends. A slot stays put as
 * long as its worker lives. */
#ifndef SYNC_WORKER_POOL_H
#define SYNC_WORKER_POOL_H

#include "front/peer.h"

#define WORKER_NAME_MAX 64

struct worker {
	bool used;
	bool lost;    /* to be taken out: silent, unreachable or gone by its own word */
	bool stalled; /* left a batch unanswered and has not spoken of any since */
	struct peer peer;
	char name[WORKER_NAME_MAX + 1];
	uint64_t heard_us;
	uint32_t partitions;
	uint32_t queries;
};

struct worker_pool {
	struct worker *slots;
	size_t max;
	size_t len; /* used ones */
};

void worker_pool_init(struct worker_pool *, size_t max);
void worker_pool_fini(struct worker_pool *);

struct worker *worker_pool_find(struct worker_pool *, const struct peer *);
/* NULL when there are as many as there may be. */
struct worker *worker_pool_add(struct worker_pool *, const struct peer *, const char *name,
			       uint64_t now_us);
void worker_pool_remove(struct worker_pool *, struct worker *);

/* Those that are not lost, by what they have to do; for partitions, stalled ones
 * only when all are. NULL: there is none. */
struct worker *worker_pool_fewest_partitions(struct worker_pool *, const struct worker *but);
struct worker *worker_pool_most_partitions(struct worker_pool *);
struct worker *worker_pool_fewest_queries(struct worker_pool *);

/* Marks those silent since before `since_us` as lost. */
void worker_pool_expire(struct worker_pool *, uint64_t since_us);
/* One that is lost, or NULL. */
struct worker *worker_pool_lost(struct worker_pool *);

#endif
