/* How much history the journal keeps: the limits of the settings, and what is
 * known of the oldest records' age and of the snapshot, looked at once a second.
 * Owns these; retention_rule.h has the arithmetic, commit.h removes. */
#ifndef TURN_RETENTION_H
#define TURN_RETENTION_H

#include "store/store.h"
#include "sync/sync.h"
#include "turn/retention_rule.h"

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

/* In a store turn, each turn of the loop. */
void retention_look(struct retention *, uint64_t now_us, uint64_t wall_us);
/* The first position to be kept. */
uint64_t retention_first(const struct retention *);
/* Records that may be behind the rows. */
uint64_t retention_behind(const struct retention *);

#endif
