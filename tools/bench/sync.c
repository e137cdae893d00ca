/* sync: how fast a backlog of messages, and every unread count, reach MySQL
 * with 1, 2 and 4 workers; then the lag while posts come at half that rate. The
 * lag is the time until MySQL has all that was journalled when it was asked. */
#include "bench.h"
#include "database.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define MESSAGES_DEFAULT 200000
#define WORKERS_MAX 16

static const uint64_t worker_pools[] = {1, 2, 4};
#define POOLS (sizeof worker_pools / sizeof worker_pools[0])

struct sync_run {
	struct stage stage;
	struct database database;
	struct process *workers[WORKERS_MAX];
	unsigned worker_pool;
	/* of the lag */
	struct dealer asker;
	uint64_t asked_ns, answered;
	struct histogram lag;
};

static void start_workers(struct sync_run *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		s->workers[i] = rig_worker(&s->stage.rig, s->database.url, i + 1);
	s->worker_pool = n;
}

static void stop_workers(struct sync_run *s)
{
	for (unsigned i = 0; i < s->worker_pool; i++)
		rig_stop(s->workers[i]);
	s->worker_pool = 0;
}

static void wait_synced(struct sync_run *s)
{
	struct buf nothing = {0};
	(void)dealer_ask(&s->stage.control, OP_SYNC_WAIT, &nothing);
}

/* ---- what must stand in MySQL --------------------------------------------------------------- */

struct comparison {
	const struct world *world;
	uint64_t rows;
};

static void compare_row(void *ctx, char **cells)
{
	struct comparison *c = ctx;
	uint32_t room = (uint32_t)strtoul(cells[0] + strlen("room-"), NULL, 10);
	uint64_t seq = strtoull(cells[1], NULL, 10), counted = strtoull(cells[2], NULL, 10);
	uint64_t unread = strtoull(cells[3], NULL, 10);
	uint64_t posts = world_room_posts(c->world, room), sum = 0;
	for (uint32_t m = 0; m < world_room_members(c->world); m++)
		sum += world_unread(c->world, room, m);
	check(seq == posts && counted == posts && unread == sum,
	      "MySQL, room %u: seq %" PRIu64 ", %" PRIu64 " messages, unread %" PRIu64
	      "; must be %" PRIu64 " and %" PRIu64,
	      room, seq, counted, unread, posts, sum);
	c->rows++;
}

/* Room by room: all messages, dense, and the unread of all members. */
static void check_database(struct sync_run *s)
{
	struct comparison c = {.world = s->stage.world};
	database_each(&s->database,
		      "SELECT r.uuid, r.last_seq,"
		      " (SELECT COUNT(*) FROM group_message m WHERE m.ent_id = r.ent_id"
		      "  AND m.group_id = r.uuid AND m.seq BETWEEN 1 AND r.last_seq),"
		      " (SELECT COALESCE(SUM(g.unread), 0) FROM chat_group g"
		      "  WHERE g.ent_id = r.ent_id AND g.uuid = r.uuid)"
		      " FROM room r WHERE r.ent_id = '" BENCH_TENANT "'",
		      compare_row, &c);
	check(c.rows == world_shape(c.world)->rooms, "MySQL has %" PRIu64 " rooms", c.rows);
}

/* ---- the backlog
 * ----------------------------------------------------------------------------------- */

static void open_run(struct sync_run *s, const struct options *o)
{
	struct stage_plan plan = {
		.world = {.rooms = (uint32_t)option_or(o->rooms, 10000),
			  .agents = (uint32_t)option_or(o->members, 21) - 1,
			  .pool = (uint32_t)option_or(o->agents, 2000),
			  .sessions = 4,
			  .body = (uint32_t)option_or(o->body, BODY_DEFAULT)},
		.senders = (uint32_t)option_or(o->senders, 16),
		.nobody = true,
	};
	memset(s, 0, sizeof *s);
	stage_open(&s->stage, o, &plan);
	database_open(&s->database, &s->stage.rig, 0);
	database_migrate(&s->database, &s->stage.rig);
	start_workers(s, 1);
	wait_synced(s);
	stop_workers(s);
}

static void close_run(struct sync_run *s)
{
	stop_workers(s);
	database_close(&s->database);
	stage_close(&s->stage);
}

static void post_backlog(struct sync_run *s, uint64_t messages)
{
	struct load_plan plan = {.in_flight = 1024, .posts = messages};
	struct load_result *result = mem_new(sizeof *result);
	load_run(s->stage.load, &plan, result);
	free(result);
}

static double drain_backlog(struct sync_run *s, uint64_t messages, unsigned workers,
			    struct row *row)
{
	struct usage before = usage_of(s->database.server->pid);
	struct usage broker = usage_of(s->stage.rig.broker->pid);
	uint64_t worker_ns = 0, began = load_now_ns();
	start_workers(s, workers);
	wait_synced(s);
	double seconds = (double)(load_now_ns() - began) / 1e9;
	for (unsigned i = 0; i < workers; i++)
		worker_ns += usage_of(s->workers[i]->pid).cpu_ns;
	struct usage database = usage_since(before, usage_of(s->database.server->pid));
	broker = usage_since(broker, usage_of(s->stage.rig.broker->pid));
	double rate = (double)messages / seconds;
	row_set(row, "workers", workers);
	row_set(row, "messages", (double)messages);
	row_set(row, "seconds", seconds);
	row_set(row, "messages_per_s", rate);
	row_set(row, "unread_rows",
		(double)world_shape(s->stage.world)->rooms * world_room_members(s->stage.world));
	row_set(row, "worker_cpu_s", (double)worker_ns / 1e9);
	row_set(row, "database_cpu_s", (double)database.cpu_ns / 1e9);
	row_set(row, "broker_cpu_s", (double)broker.cpu_ns / 1e9);
	row_set(row, "worker_rss_mb", rss_mb(s->workers[0]->pid));
	row_set(row, "database_rss_mb", rss_mb(s->database.server->pid));
	stage_memory(&s->stage, row);
	return rate;
}

/* ---- the lag
 * ------------------------------------------------------------------------------------------ */

static void take_answers(struct sync_run *s, uint64_t now_ns)
{
	zmq_msg_t msg;
	struct reader in;
	struct frame_item item;
	zmq_msg_init(&msg);
	while (zmq_msg_recv(&msg, s->asker.socket, ZMQ_DONTWAIT) >= 0) {
		reader_init(&in, zmq_msg_data(&msg), zmq_msg_size(&msg));
		while (frame_next(&in, &item)) {
			check(item.code == 0, "sync_wait was refused: %u", item.code);
			histogram_add(&s->lag, now_ns - s->asked_ns);
			s->answered++;
			s->asked_ns = 0;
		}
	}
	zmq_msg_close(&msg);
}

/* One question at a time, asked again as soon as it is answered. */
static void ask_lag(void *ctx, uint64_t now_ns)
{
	struct sync_run *s = ctx;
	struct buf *frame = &s->asker.frame;
	take_answers(s, now_ns);
	if (s->asked_ns)
		return;
	buf_clear(frame);
	frame_put(frame, ++s->asker.last_id, OP_SYNC_WAIT, (struct span){"", 0});
	check(zmq_send(s->asker.socket, frame->data, frame->len, 0) >= 0, "zmq_send: %s",
	      zmq_strerror(errno));
	s->asked_ns = now_ns;
}

static void measure_lag(struct sync_run *s, const struct options *o, double rate, struct row *row)
{
	struct load_plan plan = stage_plan_of(o, 0);
	struct load_result *result = mem_new(sizeof *result);
	dealer_open(&s->asker, s->stage.zmq, s->stage.rig.client, &(struct hello){0});
	plan.rate = rate < 2 ? 1 : (uint64_t)(rate / 2);
	plan.tick = ask_lag;
	plan.tick_ctx = s;
	stage_run(&s->stage, &plan, result);
	check(o->smoke || s->answered > 0, "no lag was measured");
	row_set(row, "lag_rate", (double)plan.rate);
	row_set(row, "lag_samples", (double)s->answered);
	row_times(row, "lag_", &s->lag);
	row_times(row, "", &result->acks);
	dealer_close(&s->asker);
	free(result);
}

static void sync_with(const struct options *o, unsigned workers, struct report *report)
{
	uint64_t messages = option_or(o->messages, MESSAGES_DEFAULT);
	struct sync_run *s = mem_new(sizeof *s);
	for (uint64_t run = 0; run < option_or(o->runs, RUNS_DEFAULT); run++) {
		struct row row = {0};
		open_run(s, o);
		post_backlog(s, messages);
		double rate = drain_backlog(s, messages, workers, &row);
		check_database(s);
		measure_lag(s, o, o->rate ? 2 * (double)o->rate : rate, &row);
		wait_synced(s);
		check_database(s);
		world_check(s->stage.world, &s->stage.control);
		close_run(s);
		report_run(report, &row);
	}
	free(s);
}

void scenario_sync(const struct options *o)
{
	struct report *report = mem_new(sizeof *report);
	for (size_t i = 0; i < POOLS; i++) {
		uint64_t workers = option_or(o->workers, worker_pools[i]);
		check(workers <= WORKERS_MAX, "--workers: at most %d", WORKERS_MAX);
		report_begin(report, o->json, "sync", "parlor", "");
		sync_with(o, (unsigned)workers, report);
		report_end(report);
		if (o->workers)
			break;
	}
	free(report);
}
