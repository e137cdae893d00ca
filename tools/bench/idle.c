/* idle: what a session costs in memory that says nothing but its heartbeat. */
#include "bench.h"
#include "crowd.h"
#include "stage.h"

#define SESSIONS_DEFAULT 2000
#define MEMBERS 10 /* of a session */

static void run(const struct options *o, struct report *report)
{
	uint32_t sessions = (uint32_t)option_or(o->sessions, SESSIONS_DEFAULT);
	struct stage_plan plan = {.world = {.rooms = sessions * MEMBERS / 2,
					    .agents = 1,
					    .pool = sessions * MEMBERS / 2,
					    .sessions = sessions,
					    .body = BODY_DEFAULT},
				  .nobody = true};
	struct stage s;
	struct crowd crowd;
	struct row row = {0};
	stage_open(&s, o, &plan);
	double before = anon_mb(s.rig.broker->pid);
	crowd_init(&crowd, s.world, s.zmq);
	uint64_t began = load_now_ns();
	crowd_connect(&crowd, s.rig.client, false);
	crowd_await(&crowd, 0);
	row_set(&row, "sessions", sessions);
	row_set(&row, "members_a_session", MEMBERS);
	row_set(&row, "hello_s", (double)(load_now_ns() - began) / 1e9);
	crowd_ping(&crowd);
	crowd_serve(&crowd);
	struct usage then = usage_of(s.rig.broker->pid);
	began = load_now_ns();
	for (int i = 0; i < (o->smoke ? 1 : 20); i++)
		crowd_serve(&crowd);
	double seconds = (double)(load_now_ns() - began) / 1e9;
	struct usage used = usage_since(then, usage_of(s.rig.broker->pid));
	double after = anon_mb(s.rig.broker->pid);
	row_set(&row, "kb_per_session", (after - before) * 1024 / sessions);
	stage_memory(&s, &row);
	row_set(&row, "broker_anon_before_mb", before);
	row_set(&row, "broker_idle_cpu_share", (double)used.cpu_ns / 1e9 / seconds);
	report_run(report, &row);
	crowd_fini(&crowd);
	stage_close(&s);
}

void scenario_idle(const struct options *o)
{
	stage_runs(o, "idle", run);
}
