/* list: an agent in 100,000 rooms looks through the inbox, page by
 * page, and asks for the total unread, while posts go on into these rooms. */
#include "bench.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ROOMS_DEFAULT 100000
#define RATE_DEFAULT 2000
#define PAGE 50
#define PAGES_DEEP 20 /* then from the top again */

enum { LIST_MEMBER = 1, LIST_CURSOR = 2, LIST_LIMIT = 3 };
enum { PAGE_ITEMS = 1, PAGE_CURSOR = 2, ITEM_ACTIVE_US = 8 };
enum { SUM_UNREAD = 1, SUM_ROOMS = 2 };

struct asker {
	struct dealer dealer;
	atomic_bool stop;
	uint64_t rooms;
	struct histogram pages, totals;
};

static const char agent[] = "agent-000000";

/* 50 rooms, the last active first. */
static void check_page(struct span page, uint64_t rooms)
{
	struct reader in;
	uint64_t last = UINT64_MAX, n = 0;
	reader_init(&in, page.data, page.len);
	while (reader_left(&in) && !in.bad) {
		uint64_t tag = reader_varint(&in);
		if (tag != (PAGE_ITEMS << 3 | 2)) {
			(void)reader_varint(&in);
			continue;
		}
		uint64_t active = frame_number(reader_span(&in), ITEM_ACTIVE_US);
		check(active <= last, "a list out of order");
		last = active;
		n++;
	}
	check(!in.bad && n == (rooms < PAGE ? rooms : PAGE), "a page of %" PRIu64 " rooms", n);
}

static uint64_t ask_page(struct asker *a, uint64_t cursor)
{
	struct buf body = {0};
	put_text(&body, LIST_MEMBER, agent);
	put_number(&body, LIST_CURSOR, cursor);
	put_number(&body, LIST_LIMIT, PAGE);
	uint64_t began = load_now_ns();
	struct span page = dealer_ask(&a->dealer, OP_LIST, &body);
	histogram_add(&a->pages, load_now_ns() - began);
	check_page(page, a->rooms);
	buf_fini(&body);
	return frame_number(page, PAGE_CURSOR);
}

static void ask_total(struct asker *a)
{
	struct buf body = {0};
	put_text(&body, 1, agent);
	uint64_t began = load_now_ns();
	struct span sum = dealer_ask(&a->dealer, OP_UNREAD_TOTAL, &body);
	histogram_add(&a->totals, load_now_ns() - began);
	check(frame_number(sum, SUM_ROOMS) == a->rooms, "total over %" PRIu64 " rooms",
	      frame_number(sum, SUM_ROOMS));
	buf_fini(&body);
}

/* In a thread of its own: the load must not be made to wait. Pages follow one
 * another where so many are full, else the first is asked for again. */
static void *look_through(void *arg)
{
	struct asker *a = arg;
	bool deep = a->rooms > 2 * PAGE * PAGES_DEEP;
	while (!atomic_load(&a->stop)) {
		uint64_t cursor = 0;
		for (int i = 0; i < PAGES_DEEP && !atomic_load(&a->stop); i++) {
			uint64_t next = ask_page(a, cursor);
			cursor = deep ? next : 0;
			ask_total(a);
		}
	}
	return NULL;
}

static void run(const struct options *o, struct report *report)
{
	uint32_t rooms = (uint32_t)option_or(o->rooms, ROOMS_DEFAULT);
	struct stage_plan plan = {
		.world = {.rooms = rooms,
			  .agents = 1,
			  .pool = 1,
			  .sessions = 1,
			  .body = (uint32_t)option_or(o->body, BODY_DEFAULT),
			  .guests_away = true},
		.senders = (uint32_t)option_or(o->senders, 4),
	};
	struct load_plan load = stage_plan_of(o, 0);
	struct load_result *result = mem_new(sizeof *result);
	struct asker *a = mem_new(sizeof *a);
	struct stage s;
	struct row row = {0};
	pthread_t thread;
	load.rate = option_or(o->rate, RATE_DEFAULT);
	stage_open(&s, o, &plan);
	a->rooms = rooms;
	dealer_open(&a->dealer, s.zmq, s.rig.client, &(struct hello){0});
	check(pthread_create(&thread, NULL, look_through, a) == 0, "no thread");
	stage_run(&s, &load, result);
	atomic_store(&a->stop, true);
	pthread_join(thread, NULL);
	world_check(s.world, &s.control);
	row_set(&row, "rooms", rooms);
	row_set(&row, "rate", (double)load.rate);
	row_set(&row, "pages", (double)a->pages.count);
	row_times(&row, "page_", &a->pages);
	row_times(&row, "total_", &a->totals);
	stage_figures(&s, result, &row);
	report_run(report, &row);
	dealer_close(&a->dealer);
	stage_close(&s);
	free(a);
	free(result);
}

void scenario_list(const struct options *o)
{
	stage_runs(o, "list", run);
}
