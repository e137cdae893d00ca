/* Queries of old history that workers answer. Owns who asked what of whom and
 * until when; sends nothing itself. Bounded; a slot's number is part of the
 * query's id, so that a late page finds nobody. */
#ifndef SYNC_ARCHIVE_H
#define SYNC_ARCHIVE_H

#include "sync/owner.h"
#include "sync/sync.h"

struct worker;

struct archive_query {
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

struct archive {
	struct archive_query *slots;
	size_t max;
	size_t len;
	uint64_t serial;
	struct owners sessions;
};

void archive_init(struct archive *, size_t max);
void archive_fini(struct archive *);

/* NULL when all slots are taken. */
struct archive_query *archive_add(struct archive *, const struct sync_query *, struct sync_cookie,
				  uint64_t until_us);
struct archive_query *archive_find(struct archive *, uint64_t id);
void archive_remove(struct archive *, struct archive_query *);
/* One of that worker, one that is overdue, one of that session; or NULL. */
struct archive_query *archive_of_worker(struct archive *, const struct worker *);
struct archive_query *archive_overdue(struct archive *, uint64_t now_us);
struct archive_query *archive_of_session(const struct archive *, uint64_t session);

/* The frame that asks it. */
void archive_put(const struct archive_query *, struct buf *frame);

#endif
