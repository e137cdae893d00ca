/* What is counted of each team in the hour that runs and in the 24 before, and of each of its
 * seats: from records, in memory only, from the broker's start on. Every step costs the same
 * whatever was counted before. Decides nothing and shows nothing. Private to the core. */
#ifndef DESK_TALLY_H
#define DESK_TALLY_H

#include "core/desk/tables.h"

#include "base/octave.h"

#define TALLY_HOUR_US UINT64_C(3600000000)
#define TALLY_HOURS 25 /* that are kept */

/* Of milliseconds, within a quarter. */
#define WAIT_BITS 2
#define WAIT_BUCKETS OCTAVE_BUCKETS(WAIT_BITS, 32)

/* Of a team; an hour is the one whose number it has. */
struct report_hour {
	uint64_t no;
	uint32_t arrivals, closed, handled, abandoned;
	uint32_t sla_first, sla_first_met, sla_close, sla_close_met;
	uint32_t ratings, rating_sum;
	uint32_t waits[WAIT_BUCKETS];
};
struct report {
	struct report *prev, *next; /* state->reports: the one that was touched last is the last */
	struct team *team;
	uint64_t since_us;
	struct report_hour hours[TALLY_HOURS];
};

/* Of a seat in a team. */
struct tally_hour {
	uint64_t no;
	uint32_t assigned, busy_ms, available_ms;
};
struct tally {
	struct tally *next; /* state->tallies */
	uint64_t at_us;     /* up to here it is counted */
	uint32_t serves;
	bool available;
	struct tally_hour hours[TALLY_HOURS];
};

/* A run begins: what was counted before says nothing. */
void tally_begin(struct core *);
void tally_fini(struct desk_state *);
/* A record about a conversation was applied to that row. */
void tally_record(struct core *, const struct record *, const struct row_conversation *);
/* It has one conversation more, or one less, that it serves for its team. */
void tally_serves(struct core *, struct team_seat *, bool more);
/* Whether it is available has changed. */
void tally_available(struct core *, struct team_seat *);
/* What was so since it was counted last; of hours that are no longer kept nothing. */
void tally_count(struct tally *, uint64_t now_us);

#endif
