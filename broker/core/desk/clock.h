/* The desk's time: microseconds of service. It runs with the loop, not while the broker
 * is down or held up, and knows nothing of steps of the clock on the wall. Records have it
 * by an offset to their own time, which is a record where it changes. Private to the core. */
#ifndef DESK_CLOCK_H
#define DESK_CLOCK_H

#include "core/desk/tables.h"

/* Its time when there is a desk for the first time: no head start goes back behind 0. */
#define DESK_BEGINS_US (UINT64_C(1) << 45)
/* As of the last record, or later: what is decided now is decided at that time. */
uint64_t desk_now(const struct core *);
/* Of a record that is applied, now or again. */
uint64_t desk_at(const struct core *, const struct record *);
/* The loop's clock, which runs while it serves, from whatever it showed first in this run. */
void desk_clock_see(struct core *, const struct core_call *);
/* Records its offset when it has changed. */
void desk_clock_tell(struct core *);
/* Recorded: from here on it is the time of records. */
void desk_clock_begin(struct core *);
/* That time of the desk, on the wall. */
uint64_t desk_clock_wall(const struct core *, uint64_t desk_us);
/* What is stored of it is as of what the rows cover: records behind that are applied again
 * after a kill, and had the offset that was then. */
void desk_clock_put(struct core *, struct row_desk_state *);
void desk_clock_loaded(struct core *);

#endif
