/* Queries of old history that workers answer. Owns who asked what of whom and
 * until when; sends nothing itself. Bounded; a slot's number is part of the
 * query's id, so that a late page finds nobody. */
#ifndef SYNC_COLD_H
#define SYNC_COLD_H

#include "sync/owner.h"
#include "sync/sync.h"

struct worker;

struct cold_query {
	uint64_t id;        /* 0: the slot is free */
	struct owned owned; /* by its session */
	struct worker *worker;
	uint32_t tries;
	uint64_t until_us;
	struct sync_cookie cookie;
	struct sync_query asked; /* its texts borrow from the two below */
	char tenant[ROW_ID_MAX + 1];
	char room[ROW_ID_MAX + 1];
};

struct cold {
	struct cold_query *slots;
	size_t max;
	size_t len;
	uint64_t serial;
	struct owners sessions;
};

void cold_init(struct cold *, size_t max);
void cold_fini(struct cold *);

/* NULL when all slots are taken. */
struct cold_query *cold_add(struct cold *, const struct sync_query *, struct sync_cookie,
			    uint64_t until_us);
struct cold_query *cold_find(struct cold *, uint64_t id);
void cold_remove(struct cold *, struct cold_query *);
/* One of that worker, one that is overdue, one of that session; or NULL. */
struct cold_query *cold_of_worker(struct cold *, const struct worker *);
struct cold_query *cold_overdue(struct cold *, uint64_t now_us);
struct cold_query *cold_of_session(const struct cold *, uint64_t session);

/* The frame that asks it. */
void cold_put(const struct cold_query *, struct buf *frame);

#endif
