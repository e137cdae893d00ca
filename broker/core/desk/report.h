/* How a team does: what was counted of it and of its agents, put together for who asks. */
#ifndef DESK_REPORT_H
#define DESK_REPORT_H

#include "core/call.h"
#include "core/engine/field.h"

#define REPORT_HOURS 24 /* that are asked for at most, beside the one that runs */

struct core_desk_report {
	struct span desk, team;
	uint64_t hours; /* before the one that runs: 0 - REPORT_HOURS */
	uint64_t after; /* number of a seat: moved on */
	size_t limit;
	bool more;
};
struct report_view {
	uint64_t since_us, until_us; /* of what is counted here */
	uint64_t arrivals, closed, handled, abandoned;
	uint64_t wait_p50_ms, wait_p95_ms;
	uint64_t sla_first, sla_first_met, sla_close, sla_close_met;
	uint64_t ratings, rating_milli; /* the mean, in thousandths */
};
struct report_seat_view {
	struct span agent;
	uint64_t agent_no, assigned, busy_ms, available_ms;
};
extern const struct field report_view_fields[], report_seat_view_fields[];

typedef void core_report_seat_fn(void *ctx, const struct report_seat_view *);
/* DESK_UNKNOWN, TEAM_UNKNOWN, VALUE. */
enum parlor_err core_desk_report(struct core *, const struct core_call *, struct core_desk_report *,
				 struct report_view *, core_report_seat_fn *,
				 void *ctx) PARLOR_MUST_CHECK;

#endif
