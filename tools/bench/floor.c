/* floor: what every installation does all day. Many rooms of a team and a
 * visitor, all attached, posts into random ones. */
#include "bench.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static const uint64_t depths[] = {1, 16, 256};
#define DEPTHS (sizeof depths / sizeof depths[0])

static struct stage_plan plan_of(const struct options *o)
{
	uint32_t sessions = (uint32_t)option_or(o->sessions, 4);
	uint32_t pool = (uint32_t)option_or(o->agents, 2000);
	return (struct stage_plan){
		.world = {.rooms = (uint32_t)option_or(o->rooms, 10000),
			  .agents = (uint32_t)option_or(o->members, 21) - 1,
			  .pool = pool,
			  .sessions = sessions,
			  .body = (uint32_t)option_or(o->body, BODY_DEFAULT)},
		.senders = (uint32_t)option_or(o->senders, 16),
	};
}

/* One depth, or one rate, on a broker that is there. */
static void measure(struct stage *s, const struct options *o, uint64_t in_flight,
		    struct report *report)
{
	struct load_plan plan = stage_plan_of(o, in_flight);
	struct load_result *result = mem_new(sizeof *result);
	struct row row = {0};
	stage_run(s, &plan, result);
	row_set(&row, o->rate ? "rate" : "in_flight", (double)(o->rate ? o->rate : in_flight));
	stage_figures(s, result, &row);
	report_run(report, &row);
	free(result);
}

void floor_run(const struct options *o, size_t cases, struct report *reports)
{
	struct stage_plan plan = plan_of(o);
	struct stage s;
	stage_open(&s, o, &plan);
	for (size_t i = 0; i < cases; i++)
		measure(&s, o, cases > 1 ? depths[i] : o->in_flight, &reports[i]);
	world_check(s.world, &s.control);
	stage_close(&s);
}

void scenario_floor(const struct options *o)
{
	size_t cases = o->in_flight || o->rate ? 1 : DEPTHS;
	struct report *reports = mem_new(cases * sizeof *reports);
	for (size_t i = 0; i < cases; i++)
		report_begin(&reports[i], o->json, "floor", "parlor", "");
	for (uint64_t run = 0; run < option_or(o->runs, RUNS_DEFAULT); run++)
		floor_run(o, cases, reports);
	for (size_t i = 0; i < cases; i++)
		report_end(&reports[i]);
	free(reports);
}
