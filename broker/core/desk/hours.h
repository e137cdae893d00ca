/* When somebody is on duty: intervals of the week and of single days, in the time that a
 * clock on the wall there shows. What that clock shows follows from the rules alone: they
 * carry the offsets of their zone from UTC, so that a machine with another set of zones,
 * or none, opens at the same moment. Reads no clock and remembers nothing.
 *
 * Rules are text, parts with commas between them:
 *
 *     mon-fri 09:00-17:00    every week
 *     fri 22:00-06:00        until Saturday at six
 *     2026-12-24 closed      whatever the week says
 *     2026-12-31 09:00-12:00 the same; several of one day are all of that day
 *     @1774746000 +7200      from this second of UTC on the clock is so many ahead of it
 *
 * An interval belongs to the day on which it begins, is at most a day long, and goes on
 * into a day that is closed. Where a clock is set back it shows an hour twice, and what
 * is open in that hour is open twice; what begins in an hour that it leaves out begins
 * when it goes on. Before the first offset and behind the last those two hold. */
#ifndef DESK_HOURS_H
#define DESK_HOURS_H

#include "base/buf.h"
#include "base/err.h"

/* Of each kind, when "mon-fri" is counted as five. */
#define HOURS_PARTS_MAX 64

struct hours {
	struct hours_interval {
		int32_t day;                /* 0: Monday; of an exception, since 1970-01-01 */
		uint16_t from_min, len_min; /* len 0: closed */
	} weekly[HOURS_PARTS_MAX], exceptions[HOURS_PARTS_MAX];
	struct hours_offset {
		int64_t from_s;
		int32_t ahead_s;
	} offsets[HOURS_PARTS_MAX];
	uint8_t weekly_len, exceptions_len, offsets_len;
};

/* VALUE: it is not such a text, a day is both closed and open, or offsets are not in the
 * order of time. TOO_MANY: of one kind. */
enum parlor_err hours_read(struct hours *, struct span rules) PARLOR_MUST_CHECK;

bool hours_open(const struct hours *, uint64_t wall_us);
/* When it opens or closes the next time, behind that; UINT64_MAX: never. */
uint64_t hours_next(const struct hours *, uint64_t wall_us);

#endif
