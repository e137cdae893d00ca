/* How many dirty rows leave with a commit: few with each, in step with the
 * records that come, so that no commit is long; and a pass of write-back begins
 * before the journal behind it grows longer than a start may take to apply.
 * Owns the arithmetic of it; writes nothing. */
#ifndef TURN_PACING_H
#define TURN_PACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of one commit, at least: each commit that writes rows copies a few pages
 * for whichever it writes. */
#define PACING_ROWS_MIN 64

struct pacing_limits {
	uint64_t dirty_rows; /* a pass begins at a quarter of it */
	uint64_t behind;     /* records not covered by rows; a pass begins at half of it */
	uint64_t rows_max;   /* of one commit */
};

/* Zeroed: nothing to be written. */
struct pacing {
	uint64_t begun; /* rows that were dirty when the pass began */
	uint64_t credit;
};

/* What a commit of `records` records writes back: 0 or more rows. writing: a
 * pass is under way. behind: records behind the last one that rows cover. */
size_t pacing_rows(struct pacing *, const struct pacing_limits *, uint64_t records, bool writing,
		   uint64_t dirty, uint64_t behind);

#endif
