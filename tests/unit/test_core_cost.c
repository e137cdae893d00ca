/* What requests cost, in rows read: as many in a room of a hundred thousand
 * messages as in one of a thousand. */
#include "../sim/disk.h"
#include "core/core.h"
#include "core/inbox.h"
#include "core/kinds.h"
#include "core/label.h"
#include "core/member.h"
#include "core/membership.h"
#include "core/message.h"
#include "core/reading.h"
#include "core/room.h"
#include "core/room_members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FEW 1000
#define MANY 100000
#define COMMIT_RECORDS 1000

struct desk {
	struct core_limits limits;
	struct disk disk;
	struct core *core;
	struct core_call call;
	struct buf pending;
	size_t ends[4 * COMMIT_RECORDS];
	size_t records;
	struct core_rows rows;
	size_t reads; /* rows got, and rows that scans came by */
	core_scan_fn *fn;
	void *arg;
};

static struct span text(const char *s)
{
	return (struct span){s, strlen(s)};
}

/* ---- a disk that counts --------------------------------------------------------------- */

static enum parlor_err count_get(void *ctx, const struct row_key *key, struct span *value)
{
	struct desk *d = ctx;
	d->reads++;
	return d->rows.get(d->rows.ctx, key, value);
}

static bool count_row(void *ctx, const void *key, size_t key_len, struct span value)
{
	struct desk *d = ctx;
	d->reads++;
	return d->fn(d->arg, key, key_len, value);
}

static enum parlor_err count_scan(void *ctx, const struct row_key *from, size_t prefix_len,
				  core_scan_fn *fn, void *arg)
{
	struct desk *d = ctx;
	d->fn = fn;
	d->arg = arg;
	return d->rows.scan(d->rows.ctx, from, prefix_len, count_row, d);
}

static void take(void *ctx, const struct record *r)
{
	struct desk *d = ctx;
	record_encode(&d->pending, r);
	assert_true(d->records < sizeof d->ends / sizeof d->ends[0]);
	d->ends[d->records++] = d->pending.len;
}

/* Everything is on disk and nothing in memory. */
static void start(struct desk *d)
{
	struct core_rows rows = {.ctx = d, .get = count_get, .scan = count_scan};
	core_free(d->core);
	d->core = core_new(&d->limits, rows, (struct core_sink){.ctx = d, .record = take});
	assert_int_equal(core_load(d->core), PARLOR_E_OK);
	assert_int_equal(d->disk.covered(d->disk.ctx), d->disk.last(d->disk.ctx));
}

static void commit(struct desk *d, size_t rows)
{
	uint64_t position = core_position(d->core) - d->records, covered;
	size_t from = 0;
	d->disk.begin(d->disk.ctx);
	for (size_t i = 0; i < d->records; i++) {
		struct span head = {d->pending.data + from, d->ends[i] - from};
		d->disk.append(d->disk.ctx, ++position, head);
		from = d->ends[i];
	}
	(void)core_write_back(d->core, rows, d->disk.put, d->disk.ctx, &covered);
	d->disk.covered_set(d->disk.ctx, covered);
	d->disk.commit(d->disk.ctx);
	core_landed(d->core);
	buf_clear(&d->pending);
	d->records = 0;
}

static void write_all(struct desk *d)
{
	do
		commit(d, 1000);
	while (core_dirty(d->core) || core_writing(d->core));
}

static int open_desk(void **state)
{
	struct desk *d = calloc(1, sizeof *d);
	d->limits = core_limits_default;
	d->disk = disk_in_memory();
	d->rows = d->disk.rows(d->disk.ctx);
	d->call = (struct core_call){.tenant = text("acme"), .now_us = 1000000};
	start(d);
	*state = d;
	return 0;
}

static int close_desk(void **state)
{
	struct desk *d = *state;
	core_free(d->core);
	d->disk.close(d->disk.ctx);
	buf_fini(&d->pending);
	free(d);
	return 0;
}

/* ---- short ways to ask ------------------------------------------------------------------- */

static void create(struct desk *d, const char *room)
{
	const struct core_member_spec members[] = {{.id = text("bot"), .type = MEMBER_TYPE_MEMBER},
						   {.id = text("ann"), .type = MEMBER_TYPE_MEMBER}};
	struct core_room_create q = {.id = text(room), .members = members, .members_len = 2};
	struct core_room_view view;
	assert_int_equal(core_room_create(d->core, &d->call, &q, &view), PARLOR_E_OK);
}

static uint64_t say(struct desk *d, const char *room, const char *sender, int id)
{
	char client_id[32];
	struct core_posted posted;
	snprintf(client_id, sizeof client_id, "%d", id);
	struct core_post q = {.room = text(room),
			      .sender = text(sender),
			      .client_id = text(client_id),
			      .body = text("hello"),
			      .type = MESSAGE_TYPE_MESSAGE};
	assert_int_equal(core_post(d->core, &d->call, &q, &posted), PARLOR_E_OK);
	return posted.seq;
}

/* All by the bot, but the first of all. */
static void fill(struct desk *d, const char *room, int messages)
{
	create(d, room);
	say(d, room, "ann", 0);
	for (int i = 1; i < messages; i++) {
		assert_int_equal(say(d, room, "bot", i), i + 1);
		if (i % COMMIT_RECORDS == 0)
			commit(d, COMMIT_RECORDS / 4);
	}
	write_all(d);
}

static void fill_both(struct desk *d)
{
	fill(d, "few", FEW);
	fill(d, "many", MANY);
}

/* ---- stories ------------------------------------------------------------------------------ */

/* Blocks of the recent messages, a range of keys, and the message itself. */
#define READS_OF_A_POST 50

static void a_post_costs_the_same_however_long_the_room_is(void **state)
{
	static const struct {
		const char *room;
		int messages;
	} rooms[] = {{"few", FEW}, {"many", MANY}};
	struct desk *d = *state;
	fill_both(d);
	for (size_t i = 0; i < 2; i++) {
		start(d);
		/* The first post to a cold room. */
		d->reads = 0;
		uint64_t seq = say(d, rooms[i].room, "ann", -1);
		assert_int_equal(seq, rooms[i].messages + 1);
		assert_true(d->reads <= READS_OF_A_POST);
		/* Repeats of the oldest ones. */
		for (int id = 0; id < 200; id++) {
			d->reads = 0;
			assert_int_equal(say(d, rooms[i].room, id ? "bot" : "ann", id), id + 1);
			assert_true(d->reads <= 6);
		}
		/* New ones: what they may repeat is looked up. */
		for (int id = 0; id < 200; id++) {
			d->reads = 0;
			say(d, rooms[i].room, "ann", -2 - id);
			assert_true(d->reads <= READS_OF_A_POST);
		}
		write_all(d);
	}
}

/* Back to the nearest own message that has a row. */
#define READS_OF_A_MARK 45

static void reading_far_back_costs_the_same_however_much_one_wrote(void **state)
{
	struct desk *d = *state;
	struct core_unread_view view;
	struct span bot = text("bot");
	fill_both(d);
	for (int many = 0; many < 2; many++) {
		struct span room = text(many ? "many" : "few");
		uint64_t messages = many ? MANY : FEW;
		start(d);
		assert_int_equal(core_read(d->core, &d->call, room, bot, 0, &view), PARLOR_E_OK);
		for (uint64_t i = 1; i < 50; i++) {
			uint64_t seq = messages / 50 * (50 - i);
			d->reads = 0;
			assert_int_equal(core_mark_unread(d->core, &d->call, room, bot, seq, &view),
					 PARLOR_E_OK);
			assert_int_equal(view.unread, 0); /* all of it is its own */
			assert_true(d->reads <= READS_OF_A_MARK);
		}
		assert_int_equal(core_mark_unread(d->core, &d->call, room, bot, 1, &view),
				 PARLOR_E_OK);
		assert_int_equal(view.unread, 1);
		for (uint64_t seq = 1; seq <= 400; seq++) {
			d->reads = 0;
			assert_int_equal(core_read(d->core, &d->call, room, bot, seq, &view),
					 PARLOR_E_OK);
			assert_int_equal(view.unread, 0);
			assert_true(d->reads <= READS_OF_A_MARK);
		}
		write_all(d);
	}
}

/* What is not yet written is counted, too. */
static void reading_far_back_before_anything_is_written(void **state)
{
	struct desk *d = *state;
	struct core_unread_view view;
	create(d, "few");
	for (int i = 0; i < FEW; i++)
		say(d, "few", i % 3 ? "bot" : "ann", i);
	assert_int_equal(core_read(d->core, &d->call, text("few"), text("bot"), 0, &view),
			 PARLOR_E_OK);
	for (uint64_t seq = FEW; seq > 0; seq -= 7) {
		assert_int_equal(
			core_mark_unread(d->core, &d->call, text("few"), text("bot"), seq, &view),
			PARLOR_E_OK);
		assert_int_equal(view.unread, FEW / 3 + 1 - (seq - 1 + 2) / 3);
		if (seq < 7)
			break;
	}
	write_all(d);
}

/* ---- members, and rooms of a member --------------------------------------------------- */

#define PAGE 200

static void fill_members(struct desk *d, const char *room, int members)
{
	const struct core_notice quiet = {.body = {NULL, 0}};
	struct core_room_view view;
	char id[32];
	create(d, room);
	for (int i = 2; i < members; i++) {
		/* In no order of their ids. */
		snprintf(id, sizeof id, "m%05d", i * 7919 % members);
		struct core_member_spec spec = {.id = text(id), .type = MEMBER_TYPE_MEMBER};
		assert_int_equal(
			core_members_add(d->core, &d->call, text(room), &spec, 1, &quiet, &view),
			PARLOR_E_OK);
		if (i % (COMMIT_RECORDS / 2) == 0)
			commit(d, 200);
	}
}

struct listed {
	char last[32];
	int members;
};

static void take_member(void *ctx, const struct core_member_view *view)
{
	struct listed *l = ctx;
	char id[32];
	snprintf(id, sizeof id, "%.*s", (int)view->id.len, (const char *)view->id.data);
	assert_true(strcmp(id, l->last) > 0);
	strcpy(l->last, id);
	l->members++;
}

static void list_all(struct desk *d, const char *room, int members, size_t reads)
{
	struct listed l = {.members = 0};
	bool more = true;
	while (more) {
		char after[32];
		strcpy(after, l.last);
		int before = l.members;
		d->reads = 0;
		assert_int_equal(core_members_list(d->core, &d->call, text(room), text(after), PAGE,
						   take_member, &l, &more),
				 PARLOR_E_OK);
		assert_true(d->reads <= reads);
		assert_true(!more || l.members == before + PAGE);
	}
	assert_int_equal(l.members, members);
}

static void a_page_of_members_costs_the_same_however_many_there_are(void **state)
{
	struct desk *d = *state;
	fill_members(d, "few", 1000);
	fill_members(d, "many", 12000);
	/* Some of them stand in rows, some do not yet. */
	list_all(d, "few", 1000, SIZE_MAX);
	list_all(d, "many", 12000, SIZE_MAX);
	write_all(d);
	start(d);
	list_all(d, "few", 1000, 3 * PAGE + 10);
	list_all(d, "many", 12000, 3 * PAGE + 10);
}

#define ROOMS 9000
/* Two rows of each room, and its place among the member's. */
#define READS_OF_A_CALL (3 * 700)
#define READS_OF_A_PAGE (2 * 50 + 3)
#define STEPS_OF_A_CALL 20000

static void take_room(void *ctx, const struct core_inbox_room *item)
{
	(void)item;
	++*(int *)ctx;
}

static void make_rooms(struct desk *d, int rooms)
{
	char id[32];
	for (int i = 0; i < rooms; i++) {
		snprintf(id, sizeof id, "room-%d", i);
		create(d, id);
		if (i % (COMMIT_RECORDS / 4) == 0)
			commit(d, COMMIT_RECORDS);
	}
	write_all(d);
}

static enum parlor_err total(struct desk *d, uint64_t *unread, uint64_t *rooms)
{
	return core_unread_total(d->core, &d->call, text("bot"), unread, rooms);
}

/* However many rooms there are, and however little of them memory holds. */
static void an_inbox_is_read_some_hundred_rooms_a_call(void **state)
{
	struct desk *d = *state;
	uint64_t cursor, unread, rooms;
	int shown = 0, calls = 0;
	enum parlor_err err;
	make_rooms(d, ROOMS);
	d->limits.resident_bytes = 64 << 10;
	start(d);
	do {
		d->reads = 0;
		err = core_inbox(
			d->core, &d->call,
			&(struct core_inbox_query){.member = text("bot"), .cursor = 0, .limit = 50},
			take_room, &shown, &cursor);
		assert_true(d->reads <= READS_OF_A_CALL);
		if (err)
			core_evict(d->core);
		calls++;
	} while (err == PARLOR_E_BUSY && calls < 30);
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(shown, 50);
	assert_true(calls > 1);
	d->reads = 0;
	assert_int_equal(total(d, &unread, &rooms), PARLOR_E_OK);
	assert_int_equal(rooms, ROOMS);
	assert_int_equal(d->reads, 0);
}

/* What others posted meanwhile is looked at, and nothing else. */
static void an_inbox_that_was_read_costs_what_has_changed(void **state)
{
	struct desk *d = *state;
	struct meter meter = {0};
	uint64_t cursor = 0, unread, rooms;
	int shown = 0, pages = 0;
	make_rooms(d, ROOMS);
	start(d);
	core_charge(d->core, &meter);
	for (int calls = 0; calls < 30 && total(d, &unread, &rooms) == PARLOR_E_BUSY; calls++)
		continue;
	for (int i = 0; i < 100; i++) {
		char room[32];
		snprintf(room, sizeof room, "room-%d", 80 * i);
		say(d, room, "ann", i);
	}
	meter.steps = 0;
	assert_int_equal(total(d, &unread, &rooms), PARLOR_E_OK);
	assert_int_equal(unread, 100);
	assert_int_equal(rooms, ROOMS);
	assert_true(meter.steps <= 100 * (2 * METER_ROW_STEPS + 2));
	do {
		d->reads = meter.steps = 0;
		assert_int_equal(core_inbox(d->core, &d->call,
					    &(struct core_inbox_query){.member = text("bot"),
								       .cursor = cursor,
								       .limit = 50},
					    take_room, &shown, &cursor),
				 PARLOR_E_OK);
		assert_true(d->reads <= READS_OF_A_PAGE);
		assert_true(meter.steps <= READS_OF_A_PAGE * METER_ROW_STEPS);
		pages++;
	} while (cursor);
	assert_int_equal(shown, ROOMS);
	assert_int_equal(pages, ROOMS / 50);
	core_charge(d->core, NULL);
}

/* Whether the rooms are in memory or not: the page ends early, and goes on. */
static void a_page_of_few_among_many_looks_at_some_rooms_a_call(void **state)
{
	struct desk *d = *state;
	struct meter meter = {0};
	const struct span label = text("vip");
	const struct core_labels_change change = {.add = &label, .add_len = 1};
	struct core_inbox_query q = {.member = text("bot"), .limit = 50};
	struct core_room_view view;
	uint64_t unread, rooms;
	make_rooms(d, ROOMS);
	assert_int_equal(core_labels_change(d->core, &d->call, text("room-7"), &change, &view),
			 PARLOR_E_OK);
	write_all(d);
	start(d);
	core_charge(d->core, &meter);
	for (int calls = 0; total(d, &unread, &rooms) == PARLOR_E_BUSY; calls++)
		assert_true(calls < ROOMS);
	for (int unread_only = 0; unread_only < 2; unread_only++) {
		int shown = 0, calls = 0;
		q.unread_only = unread_only;
		q.label = unread_only ? text("") : label;
		do {
			meter.steps = 0;
			assert_int_equal(
				core_inbox(d->core, &d->call, &q, take_room, &shown, &q.cursor),
				PARLOR_E_OK);
			assert_true(meter.steps <= STEPS_OF_A_CALL);
			assert_true(++calls < ROOMS);
		} while (q.cursor);
		assert_int_equal(shown, !unread_only);
		assert_true(unread_only || calls > 2);
	}
	core_charge(d->core, NULL);
}

static bool count_interval(void *ctx, struct topic room, uint64_t joined_pos, uint64_t left_pos)
{
	(void)room;
	(void)left_pos;
	assert_true(joined_pos > 0);
	++*(int *)ctx;
	return true;
}

static void the_rooms_of_a_member_are_one_scan(void **state)
{
	struct desk *d = *state;
	uint64_t bot;
	int told = 0;
	make_rooms(d, ROOMS);
	start(d);
	assert_int_equal(core_member_find(d->core, &d->call, text("bot"), &bot), PARLOR_E_OK);
	create(d, "not yet in rows");
	d->reads = 0;
	assert_int_equal(core_member_rooms(d->core, bot, count_interval, &told), PARLOR_E_OK);
	assert_int_equal(told, ROOMS + 1);
	assert_true(d->reads <= ROOMS);
	write_all(d);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_post_costs_the_same_however_long_the_room_is),
		STORY(reading_far_back_costs_the_same_however_much_one_wrote),
		STORY(reading_far_back_before_anything_is_written),
		STORY(a_page_of_members_costs_the_same_however_many_there_are),
		STORY(an_inbox_is_read_some_hundred_rooms_a_call),
		STORY(an_inbox_that_was_read_costs_what_has_changed),
		STORY(a_page_of_few_among_many_looks_at_some_rooms_a_call),
		STORY(the_rooms_of_a_member_are_one_scan),
	};
	return cmocka_run_group_tests_name("core cost", tests, NULL, NULL);
}
