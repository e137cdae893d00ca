/* sync_mark: how far the journal's partition stands in the database, and who may
 * write it. Owns the statements of the fence; every transaction that changes
 * something for a partition begins with mark_move, which fails with DB_FENCED when
 * the row is not exactly as the worker believes. */
#ifndef WORKER_MARK_H
#define WORKER_MARK_H

#include "db/db.h"
#include "owner.h"

/* The mark of a journal that was replaced has this one, which no broker raises. */
#define MARK_EPOCH_RETIRED (UINT64_C(1) << 62)

struct mark {
	uint64_t broker_id;
	uint32_t partition;
	uint64_t epoch;
	uint64_t position;
	uint64_t digest;    /* the broker's, of its record at position; 0: not known */
	uint64_t projected; /* unread columns hold the positions up to here, at least */
};

/* Makes the row if there is none, raises its epoch to mark->epoch unless it is
 * higher already, and reads back the rest. Waits for a transaction of the
 * former owner. A transaction of its own. DB_OWNER, and *why: the database is
 * another journal's, and as it was. */
enum parlor_err mark_claim(struct db *, const struct owner *, struct mark *,
			   char why[OWNER_WHY_MAX]) PARLOR_MUST_CHECK;
/* Reads the row, after any transaction that is still deciding. */
enum parlor_err mark_read(struct db *, struct mark *) PARLOR_MUST_CHECK;

/* Inside a transaction: position, digest and projected of `to`, which may be
 * the same. */
enum parlor_err mark_move(struct db *, const struct mark *from,
			  const struct mark *to) PARLOR_MUST_CHECK;

#endif
