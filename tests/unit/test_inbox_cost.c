/* What the inbox of a member in thousands of rooms costs, in rows read and in steps. */
#include "core_world.h"

#include "core/inbox.h"
#include "core/label.h"
#include "core/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COMMIT_RECORDS 1000
#define ROOMS 3000
/* Two rows of each room, and its place among the member's. */
#define READS_OF_A_CALL (3 * 700)
#define READS_OF_A_PAGE (2 * 50 + 3)
#define STEPS_OF_A_CALL 20000

/* A call may take so much from here on. */
static void allow(struct meter *meter)
{
	meter->steps_end = meter->steps + STEPS_OF_A_CALL;
}

/* All of it, whatever it takes, and not for ever. */
static void allow_all(struct meter *meter)
{
	meter->steps_end = meter->steps + 10 * ROOMS * METER_ROW_STEPS;
}

static void take_room(void *ctx, const struct core_inbox_room *item)
{
	(void)item;
	++*(int *)ctx;
}

static void make_rooms(struct world *w, int rooms)
{
	char id[32];
	for (int i = 0; i < rooms; i++) {
		snprintf(id, sizeof id, "room-%d", i);
		assert_int_equal(create(w, id, true), PARLOR_E_OK);
		if (i % (COMMIT_RECORDS / 4) == 0)
			commit(w, COMMIT_RECORDS);
	}
	write_all(w);
}

static enum parlor_err total(struct world *w, uint64_t *unread, uint64_t *rooms)
{
	return core_unread_total(w->core, &w->call, text("bob"), unread, rooms);
}

/* However many rooms there are, and however little of them memory holds. */
static void an_inbox_is_read_some_hundred_rooms_a_call(void **state)
{
	struct world *w = *state;
	uint64_t cursor, unread, rooms;
	int shown = 0, calls = 0;
	struct meter meter = {0};
	enum parlor_err err;
	make_rooms(w, ROOMS);
	w->limits.resident_bytes = 64 << 10;
	restart(w);
	core_charge(w->core, &meter);
	do {
		w->reads = 0;
		allow(&meter);
		err = core_inbox(
			w->core, &w->call,
			&(struct core_inbox_query){.member = text("bob"), .cursor = 0, .limit = 50},
			take_room, &shown, &cursor);
		assert_true(w->reads <= READS_OF_A_CALL);
		if (err)
			core_evict(w->core);
		calls++;
	} while (err == PARLOR_E_BUSY && calls < 30);
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(shown, 50);
	assert_true(calls > 1);
	w->reads = 0;
	assert_int_equal(total(w, &unread, &rooms), PARLOR_E_OK);
	assert_int_equal(rooms, ROOMS);
	assert_int_equal(w->reads, 0);
	core_charge(w->core, NULL);
}

/* What others posted meanwhile is looked at, and nothing else. */
static void an_inbox_that_was_read_costs_what_has_changed(void **state)
{
	struct world *w = *state;
	struct meter meter = {0};
	uint64_t cursor = 0, unread, rooms;
	int shown = 0, pages = 0;
	make_rooms(w, ROOMS);
	restart(w);
	core_charge(w->core, &meter);
	allow_all(&meter);
	assert_int_equal(total(w, &unread, &rooms), PARLOR_E_OK);
	for (int i = 0; i < 100; i++) {
		char room[32], id[16];
		snprintf(room, sizeof room, "room-%d", ROOMS / 100 * i);
		snprintf(id, sizeof id, "%d", i);
		said(w, room, "ann", id);
	}
	meter.steps = 0;
	assert_int_equal(total(w, &unread, &rooms), PARLOR_E_OK);
	assert_int_equal(unread, 100);
	assert_int_equal(rooms, ROOMS);
	assert_true(meter.steps <= 100 * (2 * METER_ROW_STEPS + 2));
	do {
		w->reads = meter.steps = 0;
		assert_int_equal(core_inbox(w->core, &w->call,
					    &(struct core_inbox_query){.member = text("bob"),
								       .cursor = cursor,
								       .limit = 50},
					    take_room, &shown, &cursor),
				 PARLOR_E_OK);
		assert_true(w->reads <= READS_OF_A_PAGE);
		assert_true(meter.steps <= READS_OF_A_PAGE * METER_ROW_STEPS);
		pages++;
	} while (cursor);
	assert_int_equal(shown, ROOMS);
	assert_int_equal(pages, ROOMS / 50);
	core_charge(w->core, NULL);
}

/* Whether the rooms are in memory or not: the page ends early, and goes on. */
static void a_page_of_few_among_many_looks_at_some_rooms_a_call(void **state)
{
	struct world *w = *state;
	struct meter meter = {0};
	const struct span label = text("vip");
	const struct core_labels_change change = {.add = &label, .add_len = 1};
	struct core_inbox_query q = {.member = text("bob"), .limit = 50};
	struct core_room_view view;
	uint64_t unread, rooms;
	make_rooms(w, ROOMS);
	assert_int_equal(core_labels_change(w->core, &w->call, text("room-7"), &change, &view),
			 PARLOR_E_OK);
	write_all(w);
	restart(w);
	core_charge(w->core, &meter);
	allow_all(&meter);
	assert_int_equal(total(w, &unread, &rooms), PARLOR_E_OK);
	for (int unread_only = 0; unread_only < 2; unread_only++) {
		int shown = 0, calls = 0;
		q.unread_only = unread_only;
		q.label = unread_only ? text("") : label;
		do {
			allow(&meter);
			assert_int_equal(
				core_inbox(w->core, &w->call, &q, take_room, &shown, &q.cursor),
				PARLOR_E_OK);
			assert_true(meter.steps <= meter.steps_end + 2 * METER_ROW_STEPS);
			assert_true(++calls < ROOMS);
		} while (q.cursor);
		assert_int_equal(shown, !unread_only);
		assert_true(unread_only || calls > 2);
	}
	core_charge(w->core, NULL);
}

static void count_interval(void *ctx, struct topic room, uint64_t joined_pos)
{
	(void)room;
	assert_true(joined_pos > 0);
	++*(int *)ctx;
}

static uint64_t bob_in_many_rooms(struct world *w)
{
	uint64_t bob;
	make_rooms(w, ROOMS);
	restart(w);
	assert_int_equal(core_member_find(w->core, &w->call, text("bob"), &bob), PARLOR_E_OK);
	assert_int_equal(create(w, "not yet in rows", true), PARLOR_E_OK);
	return bob;
}

static void the_rooms_of_a_member_are_one_scan(void **state)
{
	struct world *w = *state;
	uint64_t bob = bob_in_many_rooms(w);
	struct core_rooms_range range = CORE_ROOMS_ALL;
	int told = 0;
	w->reads = 0;
	assert_int_equal(core_member_rooms(w->core, bob, &range, count_interval, &told),
			 PARLOR_E_OK);
	assert_int_equal(told, ROOMS + 1);
	assert_int_equal(range.from, UINT64_MAX);
	assert_true(w->reads <= ROOMS);
	write_all(w);
}

/* How many, and in how many pieces, each of a bounded number of steps. */
static int tell_in_pieces(struct world *w, uint64_t bob, int commit_at, int *told)
{
	struct meter meter = {0};
	struct core_rooms_range range = CORE_ROOMS_ALL;
	int pieces = 0;
	core_charge(w->core, &meter);
	for (; range.from != range.to; pieces++) {
		uint64_t steps = meter.steps;
		meter.steps_end = steps + ROOMS / 10;
		assert_int_equal(core_member_rooms(w->core, bob, &range, count_interval, told),
				 PARLOR_E_OK);
		assert_in_range(meter.steps - steps, 1, ROOMS / 10 + 2 * METER_ROW_STEPS);
		if (commit_at >= 0)
			commit(w, pieces == commit_at ? COMMIT_RECORDS : 0);
	}
	core_charge(w->core, NULL);
	return pieces;
}

static void the_rooms_of_a_member_are_told_in_pieces(void **state)
{
	struct world *w = *state;
	uint64_t bob = bob_in_many_rooms(w);
	int told = 0;
	int pieces = tell_in_pieces(w, bob, -1, &told);
	assert_int_equal(told, ROOMS + 1);
	assert_in_range(pieces, 10, 12);
	write_all(w);
}

/* Some of them stand in rows, most do not, and in one the member is no more. */
static uint64_t bob_in_rooms_not_written(struct world *w)
{
	uint64_t bob;
	char id[32];
	make_rooms(w, ROOMS / 4);
	for (int i = ROOMS / 4; i <= ROOMS; i++) {
		snprintf(id, sizeof id, "room-%d", i);
		assert_int_equal(create(w, id, true), PARLOR_E_OK);
		if (i % (COMMIT_RECORDS / 4) == 0)
			commit(w, 0);
	}
	assert_int_equal(leave(w, "room-7", "bob"), PARLOR_E_OK);
	assert_int_equal(core_member_find(w->core, &w->call, text("bob"), &bob), PARLOR_E_OK);
	return bob;
}

static void rooms_not_written_yet_are_told_in_pieces(void **state)
{
	struct world *w = *state;
	uint64_t bob = bob_in_rooms_not_written(w);
	int told = 0;
	int pieces = tell_in_pieces(w, bob, 3, &told);
	assert_int_equal(told, ROOMS);
	assert_true(pieces >= 10);
	write_all(w);
}

static void an_inbox_of_rooms_not_written_yet_is_read_in_pieces(void **state)
{
	enum { STEPS = 300, OF_A_HUNDRED_ROOMS = 100 * (3 * METER_ROW_STEPS + 2) };
	struct world *w = *state;
	struct meter meter = {0};
	uint64_t unread, rooms;
	enum parlor_err err = PARLOR_E_BUSY;
	int calls = 0;
	(void)bob_in_rooms_not_written(w);
	core_charge(w->core, &meter);
	for (; err == PARLOR_E_BUSY && calls < 1000; calls++) {
		uint64_t steps = meter.steps;
		meter.steps_end = steps + STEPS;
		err = total(w, &unread, &rooms);
		assert_true(meter.steps - steps <= STEPS + OF_A_HUNDRED_ROOMS);
		commit(w, calls % 4 == 3 ? 50 : 0);
	}
	core_charge(w->core, NULL);
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(rooms, ROOMS);
	assert_true(calls > 6);
	write_all(w);
}

static bool count_past(void *ctx, struct topic room, uint64_t joined_pos, uint64_t left_pos)
{
	bool *told = ctx;
	assert_true(joined_pos < left_pos && room.number <= ROOMS && !told[room.number]);
	return told[room.number] = true;
}

/* Whether rows land in between or not: of each piece the steps are bounded, and each room is
 * told once. */
static void tell_left_in_pieces(struct world *w, uint64_t bob, size_t rows, int rooms)
{
	enum { STEPS = ROOMS / 10 };
	bool told[ROOMS + 1] = {false};
	struct meter meter = {0};
	struct core_past_range range = CORE_PAST_BEHIND(0);
	int pieces = 0;
	core_charge(w->core, &meter);
	for (; range.from != range.to; pieces++) {
		uint64_t steps = meter.steps;
		meter.steps_end = steps + STEPS;
		assert_int_equal(core_member_past(w->core, bob, &range, count_past, told),
				 PARLOR_E_OK);
		assert_in_range(meter.steps - steps, 1, STEPS + METER_ROW_STEPS);
		commit(w, rows);
	}
	core_charge(w->core, NULL);
	for (int i = 1; i <= ROOMS; i++)
		rooms -= told[i];
	assert_int_equal(rooms, 0);
	assert_true(pieces >= 9);
}

static void rooms_left_are_told_in_pieces_before_rows_tell_of_them(void **state)
{
	enum { WRITTEN = ROOMS / 8 };
	struct world *w = *state;
	uint64_t bob;
	char id[32];
	make_rooms(w, ROOMS);
	assert_int_equal(core_member_find(w->core, &w->call, text("bob"), &bob), PARLOR_E_OK);
	for (int i = 0; i < ROOMS; i++) {
		snprintf(id, sizeof id, "room-%d", i);
		assert_int_equal(leave(w, id, "bob"), PARLOR_E_OK);
		if (i % (COMMIT_RECORDS / 4) == 0)
			commit(w, i < WRITTEN ? COMMIT_RECORDS : 0);
	}
	tell_left_in_pieces(w, bob, 0, ROOMS);
	tell_left_in_pieces(w, bob, 100, ROOMS);
	restart(w);
	tell_left_in_pieces(w, bob, 0, ROOMS);
	write_all(w);
	tell_left_in_pieces(w, bob, 0, ROOMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(an_inbox_is_read_some_hundred_rooms_a_call),
		STORY(an_inbox_that_was_read_costs_what_has_changed),
		STORY(a_page_of_few_among_many_looks_at_some_rooms_a_call),
		STORY(the_rooms_of_a_member_are_one_scan),
		STORY(the_rooms_of_a_member_are_told_in_pieces),
		STORY(rooms_not_written_yet_are_told_in_pieces),
		STORY(an_inbox_of_rooms_not_written_yet_is_read_in_pieces),
		STORY(rooms_left_are_told_in_pieces_before_rows_tell_of_them),
	};
	return cmocka_run_group_tests_name("inbox cost", tests, NULL, NULL);
}
