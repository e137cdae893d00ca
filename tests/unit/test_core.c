/* The core's promises as short stories, each with its own rooms. What random worlds
 * find is under tests/sim; what is written back is in test_core_rows.c. */
#include "core_world.h"

#include "core/reading.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- unread -------------------------------------------------------------------------- */

static void own_messages_and_those_from_before_never_count(void **state)
{
	struct world *w = *state;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	said(w, "r", "ann", "1");
	said(w, "r", "bob", "2");
	said(w, "r", "ann", "3");
	assert_int_equal(unread(w, "r", "ann"), 1);
	assert_int_equal(unread(w, "r", "bob"), 2);
	assert_int_equal(join(w, "r", "cyd"), PARLOR_E_OK);
	assert_int_equal(unread(w, "r", "cyd"), 0);
	said(w, "r", "bob", "4");
	assert_int_equal(unread(w, "r", "cyd"), 1);
}

static void reading_never_goes_back_and_marking_does(void **state)
{
	struct world *w = *state;
	struct core_unread_view view;
	struct span r = text("r"), bob = text("bob");
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	said(w, "r", "ann", "1");
	said(w, "r", "bob", "2");
	said(w, "r", "ann", "3");
	assert_int_equal(core_read(w->core, &w->call, r, bob, 3, &view), PARLOR_E_OK);
	assert_int_equal(view.unread, 0);
	assert_int_equal(core_read(w->core, &w->call, r, bob, 1, &view), PARLOR_E_OK);
	assert_int_equal(view.position, 0);
	assert_int_equal(view.read_seq, 3);
	assert_int_equal(core_mark_unread(w->core, &w->call, r, bob, 1, &view), PARLOR_E_OK);
	assert_int_equal(view.unread, 2); /* the second is bob's own */
	assert_int_equal(core_read(w->core, &w->call, r, bob, 1, &view), PARLOR_E_OK);
	assert_int_equal(view.unread, 1);
}

static void a_notice_does_not_count(void **state)
{
	struct world *w = *state;
	struct core_room_view view;
	struct core_notice notice = {.body = text("renamed"), .sender = text("ann")};
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	assert_int_equal(
		core_room_rename(w->core, &w->call, text("r"), text("new"), &notice, &view),
		PARLOR_E_OK);
	assert_int_equal(view.last_seq, 1);
	assert_int_equal(view.counted, 0);
	assert_int_equal(unread(w, "r", "bob"), 0);
}

/* ---- all or none ------------------------------------------------------------------------ */

static void one_wrong_member_and_nobody_joins(void **state)
{
	struct world *w = *state;
	struct core_room_view view;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	uint64_t before = core_position(w->core);
	struct core_member_spec two[] = {spec("cyd", MEMBER_TYPE_MEMBER), spec("dan", 7)};
	assert_int_equal(core_members_add(w->core, &w->call, text("r"), two, 2, &quiet, &view),
			 PARLOR_E_VALUE);
	two[1] = spec("cyd", MEMBER_TYPE_MEMBER);
	assert_int_equal(core_members_add(w->core, &w->call, text("r"), two, 2, &quiet, &view),
			 PARLOR_E_REPEATED);
	two[1] = spec("bob", MEMBER_TYPE_MANAGER);
	assert_int_equal(core_members_add(w->core, &w->call, text("r"), two, 2, &quiet, &view),
			 PARLOR_E_MEMBER_CONFLICT);
	struct span gone[] = {text("bob"), text("cyd")};
	assert_int_equal(core_members_remove(w->core, &w->call, text("r"), gone, 2, &quiet, &view),
			 PARLOR_E_NOT_MEMBER);
	gone[1] = (struct span){NULL, 0};
	assert_int_equal(core_members_remove(w->core, &w->call, text("r"), gone, 2, &quiet, &view),
			 PARLOR_E_EMPTY);
	assert_int_equal(core_position(w->core), before);
	assert_int_equal(core_room_show(w->core, &w->call, text("r"), &view), PARLOR_E_OK);
	assert_int_equal(view.members, 2);
}

static void rooms_and_members_of_a_tenant_are_no_others_share(void **state)
{
	struct world *w = *state;
	struct core_counts counts;
	w->limits.tenant_rooms = 2;
	w->limits.tenant_members = 3;
	restart(w);
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	assert_int_equal(create(w, "s", true), PARLOR_E_OK);
	assert_int_equal(create(w, "t", true), PARLOR_E_TENANT_FULL);
	assert_int_equal(create(w, "s", true), PARLOR_E_OK); /* that is no new one */
	assert_int_equal(join(w, "r", "cyd"), PARLOR_E_OK);
	assert_int_equal(join(w, "r", "dan"), PARLOR_E_TENANT_FULL);
	w->call.tenant = text("bell");
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	assert_int_equal(join(w, "r", "cyd"), PARLOR_E_OK);
	assert_int_equal(create(w, "s", true), PARLOR_E_OK);
	assert_int_equal(create(w, "t", true), PARLOR_E_TENANT_FULL);
	core_counts(w->core, &counts);
	assert_int_equal(counts.rooms, 4);
	assert_int_equal(counts.members, 6);
	assert_int_equal(counts.rooms_refused, 2);
	assert_int_equal(counts.members_refused, 1);
}

static void known_members_need_no_place_in_a_full_table(void **state)
{
	struct world *w = *state;
	uint64_t no;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	w->limits.members = 2;
	restart(w);
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	assert_int_equal(create(w, "s", true), PARLOR_E_OK);
	assert_int_equal(core_member_intern(w->core, &w->call, text("ann"), &no), PARLOR_E_OK);
	assert_int_equal(no, 1);
	assert_int_equal(core_member_intern(w->core, &w->call, text("cyd"), &no),
			 PARLOR_E_TENANT_FULL);
	assert_int_equal(join(w, "r", "cyd"), PARLOR_E_TENANT_FULL);
}

static void another_tenant_sees_nothing(void **state)
{
	struct world *w = *state;
	struct core_room_view view;
	struct core_unread_view seen;
	uint64_t no = 9;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	w->call.tenant = text("bell");
	assert_int_equal(core_room_show(w->core, &w->call, text("r"), &view),
			 PARLOR_E_ROOM_UNKNOWN);
	assert_int_equal(core_unread(w->core, &w->call, text("r"), text("ann"), &seen),
			 PARLOR_E_ROOM_UNKNOWN);
	assert_int_equal(core_member_find(w->core, &w->call, text("ann"), &no), PARLOR_E_OK);
	assert_int_equal(no, 0);
	assert_int_equal(create(w, "r", false), PARLOR_E_OK);
	assert_int_equal(core_room_show(w->core, &w->call, text("r"), &view), PARLOR_E_OK);
	assert_int_equal(view.no, 2);
}

/* ---- who may ----------------------------------------------------------------------------- */

static void a_closed_room_refuses_posts_and_a_dissolved_one_everything(void **state)
{
	struct world *w = *state;
	struct core_posted posted;
	struct core_room_view view;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	assert_int_equal(
		core_room_set_state(w->core, &w->call, text("r"), ROOM_STATE_CLOSED, &quiet, &view),
		PARLOR_E_OK);
	assert_int_equal(say(w, "r", "ann", "1", &posted), PARLOR_E_ROOM_CLOSED);
	assert_int_equal(
		core_room_set_state(w->core, &w->call, text("r"), ROOM_STATE_OPEN, &quiet, &view),
		PARLOR_E_OK);
	assert_int_equal(say(w, "r", "ann", "1", &posted), PARLOR_E_OK);
	assert_int_equal(core_room_set_state(w->core, &w->call, text("r"), ROOM_STATE_DISSOLVED,
					     &quiet, &view),
			 PARLOR_E_OK);
	assert_int_equal(view.members, 0);
	assert_int_equal(say(w, "r", "ann", "2", &posted), PARLOR_E_ROOM_DISSOLVED);
	assert_int_equal(join(w, "r", "cyd"), PARLOR_E_ROOM_DISSOLVED);
	assert_int_equal(create(w, "r", true), PARLOR_E_ROOM_DISSOLVED);
	assert_int_equal(core_room_set_state(w->core, &w->call, text("r"), 9, &quiet, &view),
			 PARLOR_E_VALUE);
}

static void history_from_before_is_shown_only_in_an_open_room(void **state)
{
	struct world *w = *state;
	struct core_history h;
	static const char *const rooms[] = {"shut", "open"};
	for (int open = 0; open < 2; open++) {
		struct span room = text(rooms[open]);
		assert_int_equal(create(w, rooms[open], open), PARLOR_E_OK);
		said(w, rooms[open], "ann", "1");
		said(w, rooms[open], "ann", "2");
		assert_int_equal(join(w, rooms[open], "cyd"), PARLOR_E_OK);
		assert_int_equal(core_history(w->core, &w->call, room, text("cyd"), 0, false, &h),
				 PARLOR_E_OK);
		assert_int_equal(h.first_seq, open ? 1 : 3);
		assert_int_equal(h.from, h.first_seq);
		assert_int_equal(h.last_seq, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(own_messages_and_those_from_before_never_count),
		STORY(reading_never_goes_back_and_marking_does),
		STORY(a_notice_does_not_count),
		STORY(one_wrong_member_and_nobody_joins),
		STORY(rooms_and_members_of_a_tenant_are_no_others_share),
		STORY(known_members_need_no_place_in_a_full_table),
		STORY(another_tenant_sees_nothing),
		STORY(a_closed_room_refuses_posts_and_a_dissolved_one_everything),
		STORY(history_from_before_is_shown_only_in_an_open_room),
	};
	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
