/* history: pages of 50 messages at random places of random rooms, one after
 * the other: hot from the broker's journal, then archive, through a worker, of
 * what the broker has trimmed. */
#include "bench.h"
#include "database.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROOMS_DEFAULT 100
#define MESSAGES_DEFAULT 200000
#define PAGE 50
#define HOT_RECORDS 1000
#define TRIM_WAIT_NS UINT64_C(60000000000)

enum { HISTORY_ROOM = 1, HISTORY_FROM = 3, HISTORY_LIMIT = 5 };
enum { PAGE_MESSAGES = 1, PAGE_MORE = 2, MESSAGE_SEQ = 1, MESSAGE_BODY = 7 };

/* 50 messages from seq on, in order, each with its body. */
static void check_page(struct span page, uint64_t from, uint64_t body)
{
	struct reader in;
	uint64_t seq = from;
	reader_init(&in, page.data, page.len);
	while (reader_left(&in) && !in.bad) {
		uint64_t tag = reader_varint(&in);
		if (tag == (PAGE_MORE << 3)) {
			(void)reader_varint(&in);
			continue;
		}
		struct span message = reader_span(&in);
		check(frame_number(message, MESSAGE_SEQ) == seq, "seq %" PRIu64 " is missing", seq);
		check(frame_bytes(message, MESSAGE_BODY).len == body, "a body is not whole");
		seq++;
	}
	check(!in.bad && seq == from + PAGE, "a page of %" PRIu64 " messages", seq - from);
}

static void ask_pages(struct stage *s, const struct options *o, uint64_t seq_max,
		      struct histogram *times)
{
	uint64_t seed = 42, until = load_now_ns() + stage_plan_of(o, 1).measure_ns;
	struct buf body = {0};
	char room[WORLD_ID_MAX];
	do {
		uint32_t number =
			(uint32_t)(load_random(&seed) >> 33) % world_shape(s->world)->rooms;
		uint64_t posts = world_room_posts(s->world, number);
		uint64_t last = posts < seq_max ? posts : seq_max;
		check(last >= PAGE, "--messages: fewer than a page in a room");
		uint64_t from = 1 + (load_random(&seed) >> 11) % (last - PAGE + 1);
		world_room_id(room, number);
		buf_clear(&body);
		put_text(&body, HISTORY_ROOM, room);
		put_number(&body, HISTORY_FROM, from);
		put_number(&body, HISTORY_LIMIT, PAGE);
		uint64_t began = load_now_ns();
		struct span page = dealer_ask(&s->control, OP_HISTORY, &body);
		histogram_add(times, load_now_ns() - began);
		check_page(page, from, world_shape(s->world)->body);
	} while (load_now_ns() < until);
	buf_fini(&body);
}

static void make_archive(struct stage *s, struct database *db)
{
	struct buf nothing = {0};
	uint64_t until = load_now_ns() + TRIM_WAIT_NS;
	database_open(db, &s->rig, 0);
	database_migrate(db, &s->rig);
	(void)rig_worker(&s->rig, db->url, 1);
	(void)dealer_ask(&s->control, OP_SYNC_WAIT, &nothing);
	uint64_t last = dealer_stat(&s->control, "position");
	while (dealer_stat(&s->control, "journal_first") + HOT_RECORDS + 1 < last) {
		check(load_now_ns() < until, "the broker does not trim");
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	}
}

static void run(const struct options *o, bool archive, struct report *report)
{
	char hot[64];
	snprintf(hot, sizeof hot, "history.hot_records=%d", HOT_RECORDS);
	const char *trimming[] = {"--set", hot, NULL};
	struct stage_plan plan = {
		.world = {.rooms = (uint32_t)option_or(o->rooms, ROOMS_DEFAULT),
			  .agents = 3,
			  .pool = 12,
			  .sessions = 4,
			  .body = (uint32_t)option_or(o->body, BODY_DEFAULT)},
		.senders = (uint32_t)option_or(o->senders, 16),
		.nobody = true,
		.broker_args = archive ? trimming : NULL,
	};
	struct load_plan load = {.in_flight = 1024,
				 .posts = option_or(o->messages, MESSAGES_DEFAULT)};
	struct load_result *result = mem_new(sizeof *result);
	struct histogram *times = mem_new(sizeof *times);
	struct database database = {0};
	struct stage s;
	struct row row = {0};
	stage_open(&s, o, &plan);
	load_run(s.load, &load, result);
	if (archive)
		make_archive(&s, &database);
	/* The last messages of a room stay hot: asked for is what does not. */
	uint64_t each = load.posts / plan.world.rooms;
	struct usage then = usage_of(s.rig.broker->pid);
	ask_pages(&s, o, archive ? each / 2 : UINT64_MAX, times);
	struct usage used = usage_since(then, usage_of(s.rig.broker->pid));
	uint64_t sent = dealer_stat(&s.control, "archive_sent");
	check(archive == (sent > 0), "%" PRIu64 " pages came from the database", sent);
	row_set(&row, "messages", (double)load.posts);
	row_set(&row, "pages", (double)times->count);
	row_set(&row, "cold_pages", (double)sent);
	row_times(&row, "page_", times);
	row_set(&row, "broker_cpu_us_per_page", (double)used.cpu_ns / 1e3 / (double)times->count);
	stage_memory(&s, &row);
	world_check(s.world, &s.control);
	database_close(&database);
	report_run(report, &row);
	stage_close(&s);
	free(times);
	free(result);
}

void scenario_history(const struct options *o)
{
	struct report *report = mem_new(sizeof *report);
	for (int archive = 0; archive < 2; archive++) {
		report_begin(report, o->json, "history", "parlor", archive ? "cold" : "hot");
		for (uint64_t n = 0; n < option_or(o->runs, RUNS_DEFAULT); n++)
			run(o, archive, report);
		report_end(report);
	}
	free(report);
}
