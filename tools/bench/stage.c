#include "stage.h"

#include "bench.h"
#include "fail.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define NS_PER_MS UINT64_C(1000000)
#define SETTLE_NS_MAX (60 * 1000 * NS_PER_MS)
#define SETTLE_STEP_NS (20 * NS_PER_MS)

static void open_links(struct stage *s, const struct stage_plan *plan)
{
	uint32_t listeners = plan->nobody ? 0 : plan->world.sessions;
	struct buf body = {0};
	struct hello nobody = {0};
	s->links_len = listeners + plan->senders;
	s->links = mem_new(s->links_len * sizeof *s->links);
	const struct load_codec codec = world_codec(s->world);
	s->load = load_new(&codec);
	for (size_t i = 0; i < s->links_len; i++) {
		struct dealer *d = &s->links[i];
		if (i >= listeners) {
			dealer_open(d, s->zmq, s->rig.client, &nobody);
		} else {
			dealer_connect(d, s->zmq, s->rig.client);
			buf_clear(&body);
			world_hello(s->world, (uint32_t)i, &body);
			(void)dealer_ask(d, OP_HELLO, &body);
		}
		load_add(s->load, d->socket, i >= listeners, i < listeners);
	}
	buf_fini(&body);
}

/* Until what making the world changed is in rows: a broker with nothing else to
 * do writes them. What is measured then pays for its own rows only. */
static void settle(struct stage *s)
{
	uint64_t until_ns = load_now_ns() + SETTLE_NS_MAX;
	while (dealer_stat(&s->control, "rows_dirty") > 0) {
		check(load_now_ns() < until_ns, "the broker does not come to rest");
		nanosleep(&(struct timespec){.tv_nsec = (long)SETTLE_STEP_NS}, NULL);
	}
}

void stage_open(struct stage *s, const struct options *o, const struct stage_plan *plan)
{
	*s = (struct stage){0};
	rig_init(&s->rig, o);
	s->zmq = zmq_ctx_new();
	check(s->zmq, "no ZeroMQ context");
	zmq_ctx_set(s->zmq, ZMQ_MAX_SOCKETS, 16384);
	rig_broker(&s->rig, plan->before, plan->broker_args);
	dealer_open(&s->control, s->zmq, s->rig.client, &(struct hello){0});
	s->world = world_new(&plan->world);
	world_create(s->world, &s->control);
	open_links(s, plan);
	settle(s);
}

static void close_links(struct stage *s)
{
	for (size_t i = 0; i < s->links_len; i++)
		dealer_close(&s->links[i]);
	dealer_close(&s->control);
	free(s->links);
	load_free(s->load);
}

void stage_restart(struct stage *s, const struct stage_plan *plan)
{
	close_links(s);
	rig_stop(s->rig.broker);
	rig_broker(&s->rig, plan->before, plan->broker_args);
	dealer_open(&s->control, s->zmq, s->rig.client, &(struct hello){0});
	open_links(s, plan);
	settle(s);
}

void stage_close(struct stage *s)
{
	close_links(s);
	world_free(s->world);
	rig_fini(&s->rig);
	zmq_ctx_term(s->zmq);
}

static void profile(struct stage *s, bool begins)
{
	char pid[24];
	snprintf(pid, sizeof pid, "%ld", (long)s->rig.broker->pid);
	const char *argv[] = {"perf", "record", "--call-graph",       "dwarf,8192", "-F",
			      "199",  "-o",     s->rig.options->perf, "-p",         pid,
			      NULL};
	if (begins)
		s->perf = rig_start(&s->rig, "perf", argv, false, NULL, NULL);
	else
		rig_interrupt(s->perf);
}

/* The counters cost a request, so they are asked for outside the marks. */
static void mark(void *ctx, bool begins)
{
	struct stage *s = ctx;
	if (s->rig.options->perf)
		profile(s, begins);
	s->account.of = s->rig.broker;
	account_mark(&s->account, begins);
}

void stage_run(struct stage *s, struct load_plan *plan, struct load_result *result)
{
	plan->mark = mark;
	plan->ctx = s;
	uint64_t commits = dealer_stat(&s->control, "commits");
	uint64_t turns = dealer_stat(&s->control, "turns");
	uint64_t caught_up = dealer_stat(&s->control, "events_caught_up");
	load_run(s->load, plan, result);
	rig_check(s->rig.broker);
	s->commits = dealer_stat(&s->control, "commits") - commits;
	s->turns = dealer_stat(&s->control, "turns") - turns;
	s->events = dealer_stat(&s->control, "events_caught_up") - caught_up;
}

void stage_figures(const struct stage *s, const struct load_result *r, struct row *row)
{
	double acked = (double)r->acked;
	load_figures(r, row);
	row_set(row, "posts_per_commit", s->commits ? (double)r->posted / (double)s->commits : 0);
	row_set(row, "events_caught_up", (double)s->events);
	account_figures(&s->account, r->acked, row);
	row_set(row, "broker_anon_mb", s->account.anon_mb);
	row_set(row, "broker_main_cpu_s", (double)s->account.used.main_ns / 1e9);
	row_set(row, "broker_main_us_per_post", (double)s->account.used.main_ns / 1e3 / acked);
}

void stage_memory(const struct stage *s, struct row *row)
{
	row_set(row, "broker_rss_mb", rss_mb(s->rig.broker->pid));
	row_set(row, "broker_anon_mb", anon_mb(s->rig.broker->pid));
}

struct load_plan stage_plan_of(const struct options *o, uint64_t in_flight)
{
	return (struct load_plan){
		.in_flight = in_flight,
		.rate = o->rate,
		.warmup_ns = option_or(o->warmup_ms, WARMUP_MS_DEFAULT) * NS_PER_MS,
		.measure_ns = o->smoke ? SMOKE_MS * NS_PER_MS
				       : option_or(o->seconds, SECONDS_DEFAULT) * 1000 * NS_PER_MS,
	};
}

void stage_runs(const struct options *o, const char *scenario,
		void (*run)(const struct options *, struct report *))
{
	struct report *report = mem_new(sizeof *report);
	report_begin(report, o->json, scenario, "parlor", "");
	for (uint64_t n = 0; n < option_or(o->runs, RUNS_DEFAULT); n++)
		run(o, report);
	report_end(report);
	free(report);
}
