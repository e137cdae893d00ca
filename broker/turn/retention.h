/* How much history the journal keeps: which of its oldest records may go, that is, those
 * beyond any limit that is set, as far as MySQL, the rows on disk and the snapshot have
 * them. Owns the limits of the settings, what is known of the oldest records' age and of
 * the snapshot, looked at once a second, and the arithmetic; commit.h removes. */
#ifndef TURN_RETENTION_H
#define TURN_RETENTION_H

#include "store/store.h"
#include "sync/sync.h"

/* What is to be kept at most; 0: no such limit. All 0: everything stays. */
struct retention_limits {
	uint64_t records;
	uint64_t bytes;
	uint64_t seconds;
	bool without_mysql; /* what MySQL does not have may go as well */
	bool snapshots;     /* only what the snapshot has may go */
};

/* Positions, and the size of the journal on disk. */
struct retention_facts {
	uint64_t first, last; /* kept now; last + 1 and last when there is none */
	uint64_t bytes;
	uint64_t young;    /* the first that is not too old; 0: not known */
	uint64_t synced;   /* MySQL needs none up to here; 0: not known */
	uint64_t covered;  /* rows have every change up to here */
	uint64_t snapshot; /* the same of the snapshot; 0: there is none */
};

/* Zeroed but for the first five: nothing is known yet, so nothing goes by it. */
struct retention {
	struct store *store;
	struct sync *sync;
	const char *dir; /* where a snapshot is looked for */
	struct retention_limits limits;
	uint64_t behind_records_max;
	uint64_t looked_us;
	uint64_t young;    /* first position that is not too old */
	uint64_t snapshot; /* its position */
	bool told;         /* that the snapshot is of no use */
};

/* Inside a read transaction, each turn of the loop. */
void retention_look(struct retention *, uint64_t now_us, uint64_t wall_us);
/* The first position to be kept. */
uint64_t retention_first(const struct retention *);
/* Records that may be behind the rows. */
uint64_t retention_behind(const struct retention *);

/* ---- the arithmetic of the two --------------------------------------------------- */

/* The first position to be kept: that no limit says should go, as far as nothing is lost
 * by it. */
uint64_t retention_rule_first(const struct retention_limits *, const struct retention_facts *);
/* What rows do not cover cannot go: few records to keep, few behind the rows.
 * At most max. */
uint64_t retention_rule_behind(const struct retention_limits *, const struct retention_facts *,
			       uint64_t max);

#endif
