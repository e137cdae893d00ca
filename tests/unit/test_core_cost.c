/* What requests cost, in rows read: as many in a room of twenty thousand messages as
 * in one of two hundred. */
#include "core_world.h"

#include "core/reading.h"
#include "core/room.h"
#include "core/tenant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FEW 200
#define MANY 20000
#define COMMIT_RECORDS 1000

static uint64_t say_no(struct world *w, const char *room, const char *sender, int id)
{
	char client_id[32];
	struct core_posted posted;
	snprintf(client_id, sizeof client_id, "%d", id);
	assert_int_equal(say(w, room, sender, client_id, &posted), PARLOR_E_OK);
	return posted.seq;
}

/* All by bob, but the first of all. */
static void fill_with(struct world *w, const char *room, int messages, size_t rows)
{
	assert_int_equal(create(w, room, true), PARLOR_E_OK);
	say_no(w, room, "ann", 0);
	for (int i = 1; i < messages; i++) {
		assert_int_equal(say_no(w, room, "bob", i), i + 1);
		if (i % COMMIT_RECORDS == 0)
			commit(w, rows);
	}
}

static void fill(struct world *w, const char *room, int messages)
{
	fill_with(w, room, messages, COMMIT_RECORDS / 4);
	write_all(w);
}

static void fill_both(struct world *w)
{
	fill(w, "few", FEW);
	fill(w, "many", MANY);
}

/* Blocks of the recent messages, a range of keys, and the message itself. */
#define READS_OF_A_POST 50

static void a_post_costs_the_same_however_long_the_room_is(void **state)
{
	static const struct {
		const char *room;
		int messages;
	} rooms[] = {{"few", FEW}, {"many", MANY}};
	struct world *w = *state;
	fill_both(w);
	for (size_t i = 0; i < 2; i++) {
		restart(w);
		/* The first post to a cold room. */
		w->reads = 0;
		uint64_t seq = say_no(w, rooms[i].room, "ann", -1);
		assert_int_equal(seq, rooms[i].messages + 1);
		assert_true(w->reads <= READS_OF_A_POST);
		/* Repeats of the oldest ones. */
		for (int id = 0; id < 200; id++) {
			w->reads = 0;
			assert_int_equal(say_no(w, rooms[i].room, id ? "bob" : "ann", id), id + 1);
			assert_true(w->reads <= 6);
		}
		/* New ones: what they may repeat is looked up. */
		for (int id = 0; id < 200; id++) {
			w->reads = 0;
			say_no(w, rooms[i].room, "ann", -2 - id);
			assert_true(w->reads <= READS_OF_A_POST);
		}
		write_all(w);
	}
}

/* Back to the nearest own message that has a row. */
#define READS_OF_A_MARK 45

static void reading_far_back_costs_the_same_however_much_one_wrote(void **state)
{
	struct world *w = *state;
	struct core_unread_view view;
	struct span bob = text("bob");
	fill_both(w);
	for (int many = 0; many < 2; many++) {
		struct span room = text(many ? "many" : "few");
		uint64_t messages = many ? MANY : FEW;
		restart(w);
		assert_int_equal(core_read(w->core, &w->call, room, bob, 0, &view), PARLOR_E_OK);
		for (uint64_t i = 1; i < 50; i++) {
			uint64_t seq = messages / 50 * (50 - i);
			w->reads = 0;
			assert_int_equal(core_mark_unread(w->core, &w->call, room, bob, seq, &view),
					 PARLOR_E_OK);
			assert_int_equal(view.unread, 0); /* all of it is its own */
			assert_true(w->reads <= READS_OF_A_MARK);
		}
		assert_int_equal(core_mark_unread(w->core, &w->call, room, bob, 1, &view),
				 PARLOR_E_OK);
		assert_int_equal(view.unread, 1);
		for (uint64_t seq = 1; seq <= FEW; seq++) {
			w->reads = 0;
			assert_int_equal(core_read(w->core, &w->call, room, bob, seq, &view),
					 PARLOR_E_OK);
			assert_int_equal(view.unread, 0);
			assert_true(w->reads <= READS_OF_A_MARK);
		}
		write_all(w);
	}
}

/* What is not yet written is counted, too. */
static void reading_far_back_before_anything_is_written(void **state)
{
	struct world *w = *state;
	struct core_unread_view view;
	assert_int_equal(create(w, "few", true), PARLOR_E_OK);
	for (int i = 0; i < FEW; i++)
		say_no(w, "few", i % 3 ? "bob" : "ann", i);
	assert_int_equal(core_read(w->core, &w->call, text("few"), text("bob"), 0, &view),
			 PARLOR_E_OK);
	for (uint64_t seq = FEW; seq > 0; seq -= 7) {
		assert_int_equal(
			core_mark_unread(w->core, &w->call, text("few"), text("bob"), seq, &view),
			PARLOR_E_OK);
		assert_int_equal(view.unread, FEW / 3 + 1 - (seq - 1 + 2) / 3);
		if (seq < 7)
			break;
	}
	write_all(w);
}

/* Own messages that have a row are looked for among thousands that have not landed, and
 * among those of which the older half has. */
static void reading_far_back_costs_the_same_however_much_waits_for_a_commit(void **state)
{
	enum { OWN_ROWS = 5000, STEPS_OF_A_MARK = 80 };
	struct world *w = *state;
	struct meter meter = {0};
	struct core_unread_view view;
	w->limits.own_row_every = 4;
	w->limits.keys_in_range = 64;
	w->limits.keys_recent_blocks = 32;
	restart(w);
	fill_with(w, "many", 4 * OWN_ROWS, 0);
	core_charge(w->core, &meter);
	for (int half = 0; half < 2; half++) {
		assert_int_equal(core_read(w->core, &w->call, text("many"), text("bob"), 0, &view),
				 PARLOR_E_OK);
		for (uint64_t i = 1; i < 50; i++) {
			uint64_t steps = meter.steps;
			assert_int_equal(core_mark_unread(w->core, &w->call, text("many"),
							  text("bob"),
							  4 * OWN_ROWS / 50 * (50 - i) + i, &view),
					 PARLOR_E_OK);
			assert_int_equal(view.unread, 0);
			assert_in_range(meter.steps - steps, 1, STEPS_OF_A_MARK);
		}
		commit(w, OWN_ROWS / 2);
	}
	core_charge(w->core, NULL);
	write_all(w);
}

/* ---- members ------------------------------------------------------------------------- */

#define PAGE 200

static void fill_members_with(struct world *w, const char *room, int members, size_t rows)
{
	struct core_room_view view;
	char id[32];
	assert_int_equal(create(w, room, true), PARLOR_E_OK);
	for (int i = 2; i < members; i++) {
		/* In no order of their ids. */
		snprintf(id, sizeof id, "m%05d", i * 7919 % members);
		struct core_member_spec spec = {.id = text(id), .type = MEMBER_TYPE_MEMBER};
		assert_int_equal(
			core_members_add(w->core, &w->call, text(room), &spec, 1, &quiet, &view),
			PARLOR_E_OK);
		if (i % (COMMIT_RECORDS / 2) == 0)
			commit(w, rows);
	}
}

static void fill_members(struct world *w, const char *room, int members)
{
	fill_members_with(w, room, members, 200);
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

static void list_all(struct world *w, const char *room, int members, size_t reads)
{
	struct listed l = {.members = 0};
	struct core_members_page page = {.room = text(room), .limit = PAGE, .more = true};
	while (page.more) {
		int before = l.members;
		w->reads = 0;
		assert_int_equal(core_members_list(w->core, &w->call, &page, take_member, &l),
				 PARLOR_E_OK);
		assert_true(w->reads <= reads);
		assert_true(!page.more || l.members == before + PAGE);
	}
	assert_int_equal(l.members, members);
}

static void a_page_of_members_costs_the_same_however_many_there_are(void **state)
{
	struct world *w = *state;
	fill_members(w, "few", 400);
	fill_members(w, "many", 4000);
	/* Some of them stand in rows, some do not yet. */
	list_all(w, "few", 400, SIZE_MAX);
	list_all(w, "many", 4000, SIZE_MAX);
	write_all(w);
	restart(w);
	list_all(w, "few", 400, 3 * PAGE + 10);
	list_all(w, "many", 4000, 3 * PAGE + 10);
}

/* Of those who have come and gone not even their rows are there. */
static void a_page_of_members_not_written_yet_costs_the_same_however_many_there_are(void **state)
{
	enum { MEMBERS = 3000, GONE = MEMBERS / 3 };
	struct world *w = *state;
	struct meter meter = {0};
	struct listed l = {.members = 0};
	struct core_members_page page = {.room = text("many"), .limit = PAGE, .more = true};
	char id[32];
	fill_members_with(w, "many", MEMBERS, 0);
	for (int i = 2; i < 2 + GONE; i++) {
		snprintf(id, sizeof id, "m%05d", i * 7919 % MEMBERS);
		assert_int_equal(leave(w, "many", id), PARLOR_E_OK);
	}
	commit(w, 0);
	core_charge(w->core, &meter);
	while (page.more) {
		uint64_t steps = meter.steps;
		assert_int_equal(core_members_list(w->core, &w->call, &page, take_member, &l),
				 PARLOR_E_OK);
		assert_in_range(meter.steps - steps, 1, METER_ROW_STEPS + PAGE + 1);
	}
	core_charge(w->core, NULL);
	assert_int_equal(l.members, MEMBERS - GONE);
	write_all(w);
}

/* But for some of them. */
static void leave_again(struct world *w, const char *room, int members, int one_of_so_many_stays)
{
	char id[32];
	for (int i = 2; i < members; i++) {
		snprintf(id, sizeof id, "m%05d", i * 7919 % members);
		if (i % one_of_so_many_stays != 2)
			assert_int_equal(leave(w, room, id), PARLOR_E_OK);
		if (i % (COMMIT_RECORDS / 2) == 0)
			commit(w, 0);
	}
	commit(w, 0);
}

/* The room's rows tell of them still, and are passed over some at a time. */
static void a_page_of_few_among_many_who_left_is_made_by_pieces(void **state)
{
	enum { MEMBERS = 12000, STAY = 5, PIECE = 500 };
	struct world *w = *state;
	struct meter meter = {0};
	struct listed l = {.members = 0};
	struct core_members_page page = {.room = text("many"), .limit = PAGE, .more = true};
	int busy = 0;
	fill_members_with(w, "many", MEMBERS, 200);
	write_all(w);
	leave_again(w, "many", MEMBERS, MEMBERS / 3);
	core_charge(w->core, &meter);
	while (page.more) {
		uint64_t steps = meter.steps;
		int before = l.members;
		meter.steps_end = steps + PIECE;
		enum parlor_err err = core_members_list(w->core, &w->call, &page, take_member, &l);
		assert_true(err == PARLOR_E_OK || (err == PARLOR_E_BUSY && l.members == before));
		/* Of another piece it shows what it has. */
		assert_in_range(meter.steps - steps, 1, PIECE + 2 * METER_ROW_STEPS);
		busy += err == PARLOR_E_BUSY;
	}
	core_charge(w->core, NULL);
	assert_int_equal(l.members, STAY);
	assert_in_range(busy, MEMBERS / PIECE - 2 * STAY, MEMBERS / PIECE + STAY);
	write_all(w);
}

static void dissolve_by_pieces(struct world *w, const char *room, int pieces_min, int pieces_max)
{
	enum { PIECE = 5000, STEPS_OF_ONE = 4 };
	struct meter meter = {0};
	struct core_room_view view;
	enum parlor_err err = PARLOR_E_BUSY;
	int pieces = 0;
	uint64_t members = 0, steps = 0;
	core_charge(w->core, &meter);
	for (; err == PARLOR_E_BUSY; pieces++) {
		char id[32];
		snprintf(id, sizeof id, "meanwhile %d", pieces);
		said(w, room, "bob", id);
		assert_int_equal(join(w, room, id), PARLOR_E_OK);
		assert_int_equal(core_room_show(w->core, &w->call, text(room), &view), PARLOR_E_OK);
		members = view.members;
		steps = meter.steps;
		meter.steps_end = steps + PIECE;
		err = core_room_set_state(w->core, &w->call, text(room), ROOM_STATE_DISSOLVED,
					  &quiet, &view);
		meter.steps_end = 0;
		assert_true(err != PARLOR_E_BUSY || meter.steps - steps < PIECE + PIECE / 4);
		core_evict(w->core);
	}
	core_charge(w->core, NULL);
	assert_int_equal(err, PARLOR_E_OK);
	/* All of them leave in the last turn: that is what it costs. */
	assert_true(meter.steps - steps >= STEPS_OF_ONE * members);
	assert_in_range(pieces, pieces_min, pieces_max);
	assert_int_equal(view.members, 0);
	assert_int_equal(leave(w, room, "bob"), PARLOR_E_ROOM_DISSOLVED);
	write_all(w);
}

/* It is a room as ever meanwhile, and where memory is too small it comes to an end. */
static void a_room_of_many_is_dissolved_by_pieces(void **state)
{
	struct world *w = *state;
	fill_members(w, "many", 2000);
	fill_members(w, "too many", 2000);
	write_all(w);
	restart(w);
	dissolve_by_pieces(w, "many", 10, 20);
	w->limits.resident_bytes = 64 << 10;
	restart(w);
	dissolve_by_pieces(w, "too many", 2, 9);
}

/* ---- tenants ------------------------------------------------------------------------- */

static void name_tenants(struct world *w, int from, int to)
{
	char id[32];
	for (int i = from; i < to; i++) {
		uint32_t no;
		snprintf(id, sizeof id, "t%d", i * 7919 % MANY);
		w->call.tenant = text(id);
		assert_int_equal(core_tenant_intern(w->core, &w->call, &no), PARLOR_E_OK);
		assert_int_equal(no, i + 1);
	}
}

static void a_tenant_is_found_by_number_at_one_cost_however_many_there_are(void **state)
{
	enum { TENANTS = 3000, MORE = 100 };
	struct world *w = *state;
	struct span id;
	char name[32];
	name_tenants(w, 0, TENANTS);
	write_all(w);
	restart(w);
	name_tenants(w, TENANTS, TENANTS + MORE);
	w->reads = 0;
	for (int i = TENANTS + MORE - 1; i >= 0; i--) {
		assert_int_equal(core_tenant_id(w->core, (uint32_t)i + 1, &id), PARLOR_E_OK);
		snprintf(name, sizeof name, "t%d", i * 7919 % MANY);
		assert_true(span_equal(id, text(name)));
	}
	assert_true(w->reads <= TENANTS);
	assert_int_equal(core_tenant_id(w->core, TENANTS + MORE + 1, &id), PARLOR_E_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_post_costs_the_same_however_long_the_room_is),
		STORY(reading_far_back_costs_the_same_however_much_one_wrote),
		STORY(reading_far_back_before_anything_is_written),
		STORY(reading_far_back_costs_the_same_however_much_waits_for_a_commit),
		STORY(a_page_of_members_costs_the_same_however_many_there_are),
		STORY(a_page_of_members_not_written_yet_costs_the_same_however_many_there_are),
		STORY(a_page_of_few_among_many_who_left_is_made_by_pieces),
		STORY(a_room_of_many_is_dissolved_by_pieces),
		STORY(a_tenant_is_found_by_number_at_one_cost_however_many_there_are),
	};
	return cmocka_run_group_tests_name("core cost", tests, NULL, NULL);
}
