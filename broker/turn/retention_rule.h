/* Which of the journal's oldest records may go: those beyond any limit that is
 * set, as far as MySQL, the rows on disk and the snapshot have them. Owns the
 * arithmetic of it; reads and removes nothing. */
#ifndef TURN_RETENTION_RULE_H
#define TURN_RETENTION_RULE_H

#include <stdbool.h>
#include <stdint.h>

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

/* The first position to be kept: that no limit says should go, as far as nothing is lost
 * by it. */
uint64_t retention_rule_first(const struct retention_limits *, const struct retention_facts *);
/* What rows do not cover cannot go: few records to keep, few behind the rows.
 * At most max. */
uint64_t retention_rule_behind(const struct retention_limits *, const struct retention_facts *,
			       uint64_t max);

#endif
