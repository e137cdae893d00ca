/* team: one room in which everybody listens, each on a session of its own.
 * What counts is deliveries a second, and the time from post to receipt. */
#include "bench.h"
#include "stage.h"

#include "base/mem.h"

#include <stdlib.h>

static const uint64_t depths[] = {1, 16, 256};
#define DEPTHS (sizeof depths / sizeof depths[0])

static void run(const struct options *o, uint32_t members, size_t cases, struct report *reports)
{
	struct stage_plan plan = {
		.world = {.rooms = 1,
			  .agents = members,
			  .pool = members,
			  .sessions = members,
			  .body = (uint32_t)option_or(o->body, BODY_DEFAULT),
			  .timed = true,
			  .no_guests = true},
		.senders = (uint32_t)option_or(o->senders, 16),
	};
	struct load_result *result = mem_new(sizeof *result);
	struct stage s;
	stage_open(&s, o, &plan);
	for (size_t i = 0; i < cases; i++) {
		uint64_t in_flight = cases > 1 ? depths[i] : o->in_flight;
		struct load_plan load = stage_plan_of(o, in_flight);
		struct row row = {0};
		stage_run(&s, &load, result);
		row_set(&row, "members", members);
		row_set(&row, "in_flight", (double)in_flight);
		stage_figures(&s, result, &row);
		report_run(&reports[i], &row);
	}
	world_check(s.world, &s.control);
	stage_close(&s);
	free(result);
}

static void team_of(const struct options *o, uint32_t members, const char *name)
{
	size_t cases = o->in_flight || o->rate ? 1 : DEPTHS;
	struct report *reports = mem_new(cases * sizeof *reports);
	for (size_t i = 0; i < cases; i++)
		report_begin(&reports[i], o->json, "team", "parlor", name);
	for (uint64_t n = 0; n < option_or(o->runs, RUNS_DEFAULT); n++)
		run(o, members, cases, reports);
	for (size_t i = 0; i < cases; i++)
		report_end(&reports[i]);
	free(reports);
}

void scenario_team(const struct options *o)
{
	if (o->members) {
		team_of(o, (uint32_t)o->members, "members");
		return;
	}
	team_of(o, 50, "50");
	team_of(o, 500, "500");
}
