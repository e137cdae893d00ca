/* size: what one post costs in rooms of 10 to 10,000 members when nobody
 * listens. The same ten members post in each, so that only the room's size
 * differs. Instructions are counted by callgrind: the difference between a run
 * of N posts and one of 2N, start and stop left out that way. */
#include "bench.h"
#include "callgrind.h"
#include "stage.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POSTERS 10
#define CALLGRIND_POSTS 20000

static const uint32_t sizes[] = {10, 100, 1000, 10000};
#define SIZES (sizeof sizes / sizeof sizes[0])

static struct stage_plan plan_of(const struct options *o, uint32_t members, uint32_t senders)
{
	return (struct stage_plan){
		.world = {.rooms = (uint32_t)option_or(o->rooms, 1),
			  .agents = members,
			  .pool = members,
			  .sessions = 1,
			  .posters = members < POSTERS ? members : POSTERS,
			  .body = (uint32_t)option_or(o->body, BODY_DEFAULT),
			  .no_guests = true},
		.senders = senders,
		.nobody = true,
	};
}

static void time_posts(const struct options *o, uint32_t members, struct row *row)
{
	struct stage_plan plan = plan_of(o, members, (uint32_t)option_or(o->senders, 16));
	struct load_plan load = stage_plan_of(o, option_or(o->in_flight, 256));
	struct load_result *result = mem_new(sizeof *result);
	struct stage s;
	stage_open(&s, o, &plan);
	stage_run(&s, &load, result);
	row_set(row, "in_flight", (double)load.in_flight);
	stage_figures(&s, result, row);
	world_check(s.world, &s.control);
	stage_close(&s);
	free(result);
}

/* ---- instructions ------------------------------------------------------------------------- */

static double count_run(const struct options *o, uint32_t members, uint64_t posts)
{
	struct stage_plan plan = plan_of(o, members, 1);
	struct load_plan load = {.in_flight = option_or(o->in_flight, 256), .posts = posts};
	struct load_result *result = mem_new(sizeof *result);
	struct callgrind counted;
	struct stage s;
	struct options quiet = *o;
	quiet.perf = NULL;
	callgrind_init(&counted, o, NULL);
	plan.before = counted.before;
	stage_open(&s, &quiet, &plan);
	stage_run(&s, &load, result);
	stage_close(&s);
	free(result);
	return callgrind_total(&counted);
}

static void count_posts(const struct options *o, uint32_t members, struct row *row)
{
	uint64_t n = option_or(o->messages, CALLGRIND_POSTS);
	double once = count_run(o, members, n), twice = count_run(o, members, 2 * n);
	row_set(row, "instructions_per_post", (twice - once) / (double)n);
}

void scenario_size(const struct options *o)
{
	struct report *report = mem_new(sizeof *report);
	for (size_t i = 0; i < SIZES; i++) {
		uint32_t members = o->members ? (uint32_t)o->members : sizes[i];
		uint64_t runs = option_or(o->runs, o->callgrind ? 1 : RUNS_DEFAULT);
		report_begin(report, o->json, "size", "parlor", o->callgrind ? "callgrind" : "");
		for (uint64_t run = 0; run < runs; run++) {
			struct row row = {0};
			row_set(&row, "members", members);
			if (o->callgrind)
				count_posts(o, members, &row);
			else
				time_posts(o, members, &row);
			report_run(report, &row);
		}
		report_end(report);
		if (o->members)
			break;
	}
	free(report);
}
