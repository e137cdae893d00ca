/* How long it takes to decide who gets a conversation: each settling of the core, divided by
 * the pairs it made. Owns the figures, from the broker's start on, and the clock. */
#ifndef TURN_DECISIONS_H
#define TURN_DECISIONS_H

#include "base/octave.h"

/* Of microseconds, within an eighth; what takes longer than a second is as long as that. */
#define DECISIONS_BITS 3
#define DECISIONS_WIDTH 20

struct decisions {
	uint64_t began_us;
	uint64_t pairs, us_max;
	uint64_t took[OCTAVE_BUCKETS(DECISIONS_BITS, DECISIONS_WIDTH)];
};

/* For core_settling; ctx is the decisions. */
void decisions_begin(void *decisions);
void decisions_end(void *decisions, uint64_t pairs);
/* So many of a hundred take that long, or less; 0: there was none. */
uint64_t decisions_us_at(const struct decisions *, uint64_t percent);

#endif
