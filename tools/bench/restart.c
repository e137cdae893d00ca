/* restart: a broker with a large data directory is killed under load; how long
 * until a new one has served its first request. Afterwards nothing that was
 * acknowledged may be missing. */
#include "bench.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <stdlib.h>

#define BYTES_DEFAULT (UINT64_C(2) << 30)
#define STEP_POSTS 50000
#define RESTART_BODY 1000

/* Posts until the data directory holds so many bytes. */
static void fill(struct stage *s, const struct options *o, struct load_result *result)
{
	uint64_t bytes = option_or(o->bytes, BYTES_DEFAULT);
	uint64_t step = bytes / (4 * RESTART_BODY) < STEP_POSTS ? bytes / (4 * RESTART_BODY) + 1
								: STEP_POSTS;
	do {
		struct load_plan plan = {.in_flight = 1024, .posts = step};
		load_run(s->load, &plan, result);
	} while (dealer_stat(&s->control, "store_used_bytes") < bytes);
}

static void run(const struct options *o, struct report *report)
{
	struct stage_plan plan = {
		.world = {.rooms = (uint32_t)option_or(o->rooms, 10000),
			  .agents = (uint32_t)option_or(o->members, 21) - 1,
			  .pool = (uint32_t)option_or(o->agents, 2000),
			  .sessions = 4,
			  .body = (uint32_t)option_or(o->body, RESTART_BODY)},
		.senders = (uint32_t)option_or(o->senders, 16),
		.nobody = true,
	};
	struct load_result *result = mem_new(sizeof *result);
	struct stage s;
	struct row row = {0};
	stage_open(&s, o, &plan);
	fill(&s, o, result);
	row_set(&row, "data_mb", (double)dealer_stat(&s.control, "store_used_bytes") / 1048576);
	row_set(&row, "disk_mb", (double)rig_disk_bytes(&s.rig, "data") / 1048576);
	row_set(&row, "posts", (double)world_posts(s.world));
	row_set(&row, "broker_rss_before_mb", rss_mb(s.rig.broker->pid));
	double dirty = (double)dealer_stat(&s.control, "rows_dirty");
	uint64_t position = dealer_stat(&s.control, "position");
	uint64_t covered = dealer_stat(&s.control, "journal_covered");
	rig_kill(s.rig.broker);
	dealer_close(&s.control);
	uint64_t began = load_now_ns();
	rig_broker(&s.rig, NULL, NULL);
	uint64_t ready = load_now_ns();
	dealer_open(&s.control, s.zmq, s.rig.client, &(struct hello){0});
	uint64_t served = load_now_ns();
	row_set(&row, "rows_dirty", dirty);
	row_set(&row, "records_applied_again", (double)(position - covered));
	row_set(&row, "ready_s", (double)(ready - began) / 1e9);
	row_set(&row, "served_s", (double)(served - began) / 1e9);
	row_set(&row, "broker_cpu_s", (double)usage_of(s.rig.broker->pid).cpu_ns / 1e9);
	stage_memory(&s, &row);
	world_check(s.world, &s.control);
	report_run(report, &row);
	stage_close(&s);
	free(result);
}

void scenario_restart(const struct options *o)
{
	stage_runs(o, "restart", run);
}
