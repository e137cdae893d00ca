/* Queries of old history that workers answer: what is asked of whom. Owns the frame
 * that asks it; sends nothing itself. A query's number is its id, so that a late page
 * finds nobody. */
#ifndef SYNC_ARCHIVE_H
#define SYNC_ARCHIVE_H

#include "sync/sync.h"

struct worker;

struct archive_query {
	struct pending base;   /* until its time is over */
	struct worker *worker; /* NULL: it is gone */
	uint32_t tries;
	struct sync_query asked; /* its texts borrow from the two below */
	char tenant[ROW_ID_MAX + 1];
	char room[ROW_ID_MAX + 1];
};

/* A copy of what is asked. */
void archive_set(struct archive_query *, const struct sync_query *);
/* The frame that asks it. */
void archive_put(const struct archive_query *, struct buf *frame);

#endif
