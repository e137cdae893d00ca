/* The core's promises as short stories, each with its own rooms and its own
 * memory for a disk. What random worlds find is under tests/sim. */
#include "../sim/disk.h"
#include "core/core.h"
#include "core/kinds.h"
#include "core/presence.h"
#include "core/reading.h"
#include "core/room_members.h"
#include "core/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct desk {
	struct core_limits limits;
	struct disk disk;
	struct core *core;
	struct core_call call;
	struct buf pending;
	size_t ends[256];
	size_t records;
};

static struct span text(const char *s)
{
	return (struct span){s, strlen(s)};
}

static void take(void *ctx, const struct record *r)
{
	struct desk *d = ctx;
	record_encode(&d->pending, r);
	assert_true(d->records < 256);
	d->ends[d->records++] = d->pending.len;
}

static void start(struct desk *d)
{
	d->core = core_new(&d->limits, d->disk.rows(d->disk.ctx),
			   (struct core_sink){.ctx = d, .record = take});
	assert_int_equal(core_load(d->core), PARLOR_E_OK);
	for (uint64_t at = d->disk.covered(d->disk.ctx) + 1; at <= d->disk.last(d->disk.ctx);
	     at++) {
		struct record r;
		struct span head = d->disk.read(d->disk.ctx, at);
		assert_int_equal(record_decode(&r, head.data, head.len), PARLOR_E_OK);
		assert_int_equal(core_apply(d->core, &r), PARLOR_E_OK);
	}
	d->call.now_us += 1000;
	core_boot(d->core, d->call.now_us);
}

/* Commits what was emitted, and as many rows as are asked for. */
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
	if (rows) {
		(void)core_write_back(d->core, rows, d->disk.put, d->disk.ctx, &covered);
		d->disk.covered_set(d->disk.ctx, covered);
	}
	d->disk.commit(d->disk.ctx);
	core_landed(d->core);
	buf_clear(&d->pending);
	d->records = 0;
}

static void write_all(struct desk *d)
{
	do
		commit(d, 100);
	while (core_dirty(d->core) || core_writing(d->core));
}

/* Killed and started again. */
static void restart(struct desk *d)
{
	core_free(d->core);
	buf_clear(&d->pending);
	d->records = 0;
	d->disk.restart(d->disk.ctx);
	start(d);
}

static int open_desk(void **state)
{
	struct desk *d = calloc(1, sizeof *d);
	d->limits = core_limits_default;
	d->disk = disk_in_memory();
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

/* ---- short ways to ask ------------------------------------------------------------ */

static const struct core_notice quiet = {.body = {NULL, 0}};

static struct core_member_spec spec(const char *id, uint8_t type)
{
	return (struct core_member_spec){.id = text(id), .type = type, .name = text(id)};
}

static enum parlor_err create(struct desk *d, const char *room, bool open)
{
	struct core_member_spec members[] = {spec("ann", MEMBER_TYPE_MANAGER),
					     spec("bob", MEMBER_TYPE_MEMBER)};
	struct core_room_create q = {.id = text(room),
				     .name = text("客服"),
				     .open = open,
				     .members = members,
				     .members_len = 2};
	struct core_room_view view;
	return core_room_create(d->core, &d->call, &q, &view);
}

static enum parlor_err join(struct desk *d, const char *room, const char *member)
{
	struct core_member_spec member_spec = spec(member, MEMBER_TYPE_MEMBER);
	struct core_room_view view;
	return core_members_add(d->core, &d->call, text(room), &member_spec, 1, &quiet, &view);
}

static enum parlor_err leave(struct desk *d, const char *room, const char *member)
{
	struct span id = text(member);
	struct core_room_view view;
	return core_members_remove(d->core, &d->call, text(room), &id, 1, &quiet, &view);
}

static enum parlor_err say(struct desk *d, const char *room, const char *sender,
			   const char *client_id, struct core_posted *posted)
{
	struct core_post q = {.room = text(room),
			      .sender = text(sender),
			      .client_id = text(client_id),
			      .body = text("hello"),
			      .type = MESSAGE_TYPE_MESSAGE};
	return core_post(d->core, &d->call, &q, posted);
}

static void said(struct desk *d, const char *room, const char *sender, const char *client_id)
{
	struct core_posted posted;
	assert_int_equal(say(d, room, sender, client_id, &posted), PARLOR_E_OK);
}

static uint64_t unread(struct desk *d, const char *room, const char *member)
{
	struct core_unread_view view;
	assert_int_equal(core_unread(d->core, &d->call, text(room), text(member), &view),
			 PARLOR_E_OK);
	return view.unread;
}

/* ---- unread -------------------------------------------------------------------------- */

static void own_messages_and_those_from_before_never_count(void **state)
{
	struct desk *d = *state;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	said(d, "r", "ann", "1");
	said(d, "r", "bob", "2");
	said(d, "r", "ann", "3");
	assert_int_equal(unread(d, "r", "ann"), 1);
	assert_int_equal(unread(d, "r", "bob"), 2);
	assert_int_equal(join(d, "r", "cyd"), PARLOR_E_OK);
	assert_int_equal(unread(d, "r", "cyd"), 0);
	said(d, "r", "bob", "4");
	assert_int_equal(unread(d, "r", "cyd"), 1);
}

static void reading_never_goes_back_and_marking_does(void **state)
{
	struct desk *d = *state;
	struct core_unread_view view;
	struct span r = text("r"), bob = text("bob");
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	said(d, "r", "ann", "1");
	said(d, "r", "bob", "2");
	said(d, "r", "ann", "3");
	assert_int_equal(core_read(d->core, &d->call, r, bob, 3, &view), PARLOR_E_OK);
	assert_int_equal(view.unread, 0);
	assert_int_equal(core_read(d->core, &d->call, r, bob, 1, &view), PARLOR_E_OK);
	assert_int_equal(view.position, 0);
	assert_int_equal(view.read_seq, 3);
	assert_int_equal(core_mark_unread(d->core, &d->call, r, bob, 1, &view), PARLOR_E_OK);
	assert_int_equal(view.unread, 2); /* the second is bob's own */
	assert_int_equal(core_read(d->core, &d->call, r, bob, 1, &view), PARLOR_E_OK);
	assert_int_equal(view.unread, 1);
}

static void a_notice_does_not_count(void **state)
{
	struct desk *d = *state;
	struct core_room_view view;
	struct core_notice notice = {.body = text("renamed"), .sender = text("ann")};
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	assert_int_equal(
		core_room_rename(d->core, &d->call, text("r"), text("new"), &notice, &view),
		PARLOR_E_OK);
	assert_int_equal(view.last_seq, 1);
	assert_int_equal(view.counted, 0);
	assert_int_equal(unread(d, "r", "bob"), 0);
}

/* ---- all or none ------------------------------------------------------------------------ */

static void one_wrong_member_and_nobody_joins(void **state)
{
	struct desk *d = *state;
	struct core_room_view view;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	uint64_t before = core_position(d->core);
	struct core_member_spec two[] = {spec("cyd", MEMBER_TYPE_MEMBER), spec("dan", 7)};
	assert_int_equal(core_members_add(d->core, &d->call, text("r"), two, 2, &quiet, &view),
			 PARLOR_E_VALUE);
	two[1] = spec("cyd", MEMBER_TYPE_MEMBER);
	assert_int_equal(core_members_add(d->core, &d->call, text("r"), two, 2, &quiet, &view),
			 PARLOR_E_REPEATED);
	two[1] = spec("bob", MEMBER_TYPE_MANAGER);
	assert_int_equal(core_members_add(d->core, &d->call, text("r"), two, 2, &quiet, &view),
			 PARLOR_E_MEMBER_CONFLICT);
	struct span gone[] = {text("bob"), text("cyd")};
	assert_int_equal(core_members_remove(d->core, &d->call, text("r"), gone, 2, &quiet, &view),
			 PARLOR_E_NOT_MEMBER);
	gone[1] = (struct span){NULL, 0};
	assert_int_equal(core_members_remove(d->core, &d->call, text("r"), gone, 2, &quiet, &view),
			 PARLOR_E_EMPTY);
	assert_int_equal(core_position(d->core), before);
	assert_int_equal(core_room_show(d->core, &d->call, text("r"), &view), PARLOR_E_OK);
	assert_int_equal(view.members, 2);
}

static void rooms_and_members_of_a_tenant_are_no_others_share(void **state)
{
	struct desk *d = *state;
	struct core_counts counts;
	d->limits.tenant_rooms = 2;
	d->limits.tenant_members = 3;
	restart(d);
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	assert_int_equal(create(d, "s", true), PARLOR_E_OK);
	assert_int_equal(create(d, "t", true), PARLOR_E_TENANT_FULL);
	assert_int_equal(create(d, "s", true), PARLOR_E_OK); /* that is no new one */
	assert_int_equal(join(d, "r", "cyd"), PARLOR_E_OK);
	assert_int_equal(join(d, "r", "dan"), PARLOR_E_TENANT_FULL);
	d->call.tenant = text("bell");
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	assert_int_equal(join(d, "r", "cyd"), PARLOR_E_OK);
	assert_int_equal(create(d, "s", true), PARLOR_E_OK);
	assert_int_equal(create(d, "t", true), PARLOR_E_TENANT_FULL);
	core_counts(d->core, &counts);
	assert_int_equal(counts.rooms, 4);
	assert_int_equal(counts.members, 6);
	assert_int_equal(counts.rooms_refused, 2);
	assert_int_equal(counts.members_refused, 1);
}

static void known_members_need_no_place_in_a_full_table(void **state)
{
	struct desk *d = *state;
	uint64_t no;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	core_free(d->core);
	d->limits.members = 2;
	d->records = 0;
	buf_clear(&d->pending);
	start(d);
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	assert_int_equal(create(d, "s", true), PARLOR_E_OK);
	assert_int_equal(core_member_intern(d->core, &d->call, text("ann"), &no), PARLOR_E_OK);
	assert_int_equal(no, 1);
	assert_int_equal(core_member_intern(d->core, &d->call, text("cyd"), &no),
			 PARLOR_E_TENANT_FULL);
	assert_int_equal(join(d, "r", "cyd"), PARLOR_E_TENANT_FULL);
}

static void another_tenant_sees_nothing(void **state)
{
	struct desk *d = *state;
	struct core_room_view view;
	struct core_unread_view seen;
	uint64_t no = 9;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	d->call.tenant = text("bell");
	assert_int_equal(core_room_show(d->core, &d->call, text("r"), &view),
			 PARLOR_E_ROOM_UNKNOWN);
	assert_int_equal(core_unread(d->core, &d->call, text("r"), text("ann"), &seen),
			 PARLOR_E_ROOM_UNKNOWN);
	assert_int_equal(core_member_find(d->core, &d->call, text("ann"), &no), PARLOR_E_OK);
	assert_int_equal(no, 0);
	assert_int_equal(create(d, "r", false), PARLOR_E_OK);
	assert_int_equal(core_room_show(d->core, &d->call, text("r"), &view), PARLOR_E_OK);
	assert_int_equal(view.no, 2);
}

/* ---- over a restart ---------------------------------------------------------------------- */

static void the_same_post_has_the_same_answer_after_a_restart(void **state)
{
	struct desk *d = *state;
	struct core_posted first, again;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	assert_int_equal(say(d, "r", "ann", "x", &first), PARLOR_E_OK);
	for (int written = 0; written < 2; written++) {
		if (written)
			write_all(d);
		else
			commit(d, 0);
		restart(d);
		assert_int_equal(say(d, "r", "ann", "x", &again), PARLOR_E_OK);
		assert_int_equal(again.seq, first.seq);
		assert_int_equal(again.position, first.position);
		assert_int_equal(again.time_us, first.time_us);
		struct core_post other = {.room = text("r"),
					  .sender = text("ann"),
					  .client_id = text("x"),
					  .body = text("another"),
					  .type = MESSAGE_TYPE_MESSAGE};
		assert_int_equal(core_post(d->core, &d->call, &other, &again),
				 PARLOR_E_POST_CONFLICT);
	}
}

static void covered_is_no_less_after_a_restart(void **state)
{
	struct desk *d = *state;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	write_all(d);
	uint64_t covered = d->disk.covered(d->disk.ctx);
	assert_int_equal(covered, core_position(d->core));
	restart(d);
	for (int i = 0; i < 20; i++) {
		said(d, "r", "ann", (char[]){(char)('a' + i), 0});
		commit(d, 1); /* the disk refuses a lower one */
	}
	assert_true(d->disk.covered(d->disk.ctx) >= covered);
}

/* The recall comes while a pass runs that has yet to write the message. */
static void a_message_recalled_during_a_pass_is_covered_by_it(void **state)
{
	struct desk *d = *state;
	struct core_posted posted;
	struct row_message row;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	said(d, "r", "ann", "1");
	said(d, "r", "ann", "2");
	do /* names go before the pass begins */
		commit(d, 1);
	while (!core_writing(d->core));
	assert_int_equal(core_recall(d->core, &d->call, text("r"), 1, text("ann"), &posted),
			 PARLOR_E_OK);
	while (core_writing(d->core))
		commit(d, 1);
	restart(d);
	assert_int_equal(core_message(d->core, posted.room, 1, &row), PARLOR_E_OK);
	assert_true(row.recalled);
	assert_int_equal(say(d, "r", "ann", "1", &posted), PARLOR_E_OK);
	assert_int_equal(posted.seq, 1);
}

static void leaving_and_coming_back_before_the_rows_are_written(void **state)
{
	struct desk *d = *state;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	write_all(d);
	said(d, "r", "ann", "1");
	assert_int_equal(leave(d, "r", "bob"), PARLOR_E_OK);
	commit(d, 100); /* the row is deleted, and the pass begins anew */
	said(d, "r", "ann", "2");
	assert_int_equal(join(d, "r", "bob"), PARLOR_E_OK);
	said(d, "r", "ann", "3");
	commit(d, 0);
	for (int i = 0; i < 3; i++) {
		restart(d);
		assert_int_equal(unread(d, "r", "bob"), 1);
		commit(d, (size_t)i);
	}
}

static void a_presence_ends_with_the_run_it_was_set_in(void **state)
{
	struct desk *d = *state;
	uint8_t presence;
	uint64_t ann, seen, then;
	assert_int_equal(core_member_intern(d->core, &d->call, text("ann"), &ann), PARLOR_E_OK);
	d->call.now_us += 5;
	then = d->call.now_us;
	assert_int_equal(core_presence_set(d->core, &d->call, ann, PRESENCE_IS_BUSY), PARLOR_E_OK);
	assert_int_equal(core_presence_set(d->core, &d->call, ann, 0), PARLOR_E_VALUE);
	assert_int_equal(core_presence_set(d->core, &d->call, ann + 1, PRESENCE_IS_BUSY),
			 PARLOR_E_MEMBER_UNKNOWN);
	assert_int_equal(core_presence_get(d->core, &d->call, text("ann"), &presence, &seen),
			 PARLOR_E_OK);
	assert_int_equal(presence, PRESENCE_IS_BUSY);
	commit(d, 0);
	restart(d);
	assert_int_equal(core_presence_get(d->core, &d->call, text("ann"), &presence, &seen),
			 PARLOR_E_OK);
	assert_int_equal(presence, PRESENCE_IS_OFFLINE);
	assert_int_equal(seen, then);
}

/* A commit is under way when bob leaves, and its disk has no room. */
static void rows_that_did_not_land_are_written_by_the_next_commit(void **state)
{
	struct desk *d = *state;
	uint64_t covered, before;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	said(d, "r", "ann", "1");
	commit(d, 0);
	before = d->disk.covered(d->disk.ctx);
	d->disk.begin(d->disk.ctx);
	while (core_dirty(d->core) || core_writing(d->core))
		(void)core_write_back(d->core, 3, d->disk.put, d->disk.ctx, &covered);
	assert_int_equal(covered, core_position(d->core));
	core_evict(d->core); /* nothing may go */
	assert_int_equal(unread(d, "r", "bob"), 1);
	assert_int_equal(leave(d, "r", "bob"), PARLOR_E_OK);
	d->disk.abort(d->disk.ctx);
	core_unlanded(d->core);
	commit(d, 1);
	assert_int_equal(d->disk.covered(d->disk.ctx), before);
	write_all(d);
	assert_int_equal(d->disk.covered(d->disk.ctx), core_position(d->core));
	restart(d);
	assert_int_equal(unread(d, "r", "ann"), 0);
	assert_int_equal(leave(d, "r", "bob"), PARLOR_E_NOT_MEMBER);
}

/* ---- memory ------------------------------------------------------------------------------ */

#define MANY_ROOMS 1500

static void many_rooms(struct desk *d)
{
	char id[32];
	for (int i = 0; i < MANY_ROOMS; i++) {
		snprintf(id, sizeof id, "room-%d", i);
		assert_int_equal(create(d, id, true), PARLOR_E_OK);
		commit(d, 1000);
	}
	write_all(d);
}

/* However much one turn reads, the next two turns let go of it. */
static void what_is_read_beyond_the_budget_goes_at_once(void **state)
{
	struct desk *d = *state;
	struct core_counts counts;
	char id[32];
	many_rooms(d);
	d->limits.resident_bytes = 64 << 10;
	restart(d);
	commit(d, 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY_ROOMS; i++) {
			snprintf(id, sizeof id, "room-%d", i);
			assert_int_equal(unread(d, id, "bob"), 0);
		}
		core_counts(d->core, &counts);
		assert_int_equal(counts.rooms_resident, MANY_ROOMS);
		core_evict(d->core);
		core_evict(d->core);
		core_counts(d->core, &counts);
		assert_true(counts.resident_bytes <= d->limits.resident_bytes);
		assert_true(counts.rooms_resident > 10);
	}
}

/* ---- who may ----------------------------------------------------------------------------- */

static void a_closed_room_refuses_posts_and_a_dissolved_one_everything(void **state)
{
	struct desk *d = *state;
	struct core_posted posted;
	struct core_room_view view;
	assert_int_equal(create(d, "r", true), PARLOR_E_OK);
	assert_int_equal(
		core_room_set_state(d->core, &d->call, text("r"), ROOM_STATE_CLOSED, &quiet, &view),
		PARLOR_E_OK);
	assert_int_equal(say(d, "r", "ann", "1", &posted), PARLOR_E_ROOM_CLOSED);
	assert_int_equal(
		core_room_set_state(d->core, &d->call, text("r"), ROOM_STATE_OPEN, &quiet, &view),
		PARLOR_E_OK);
	assert_int_equal(say(d, "r", "ann", "1", &posted), PARLOR_E_OK);
	assert_int_equal(core_room_set_state(d->core, &d->call, text("r"), ROOM_STATE_DISSOLVED,
					     &quiet, &view),
			 PARLOR_E_OK);
	assert_int_equal(view.members, 0);
	assert_int_equal(say(d, "r", "ann", "2", &posted), PARLOR_E_ROOM_DISSOLVED);
	assert_int_equal(join(d, "r", "cyd"), PARLOR_E_ROOM_DISSOLVED);
	assert_int_equal(create(d, "r", true), PARLOR_E_ROOM_DISSOLVED);
	assert_int_equal(core_room_set_state(d->core, &d->call, text("r"), 9, &quiet, &view),
			 PARLOR_E_VALUE);
}

static void history_from_before_is_shown_only_in_an_open_room(void **state)
{
	struct desk *d = *state;
	struct core_history h;
	static const char *const rooms[] = {"shut", "open"};
	for (int open = 0; open < 2; open++) {
		struct span room = text(rooms[open]);
		assert_int_equal(create(d, rooms[open], open), PARLOR_E_OK);
		said(d, rooms[open], "ann", "1");
		said(d, rooms[open], "ann", "2");
		assert_int_equal(join(d, rooms[open], "cyd"), PARLOR_E_OK);
		assert_int_equal(core_history(d->core, &d->call, room, text("cyd"), 0, false, &h),
				 PARLOR_E_OK);
		assert_int_equal(h.floor, open ? 1 : 3);
		assert_int_equal(h.from, h.floor);
		assert_int_equal(h.last_seq, 2);
	}
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

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
		STORY(the_same_post_has_the_same_answer_after_a_restart),
		STORY(covered_is_no_less_after_a_restart),
		STORY(a_message_recalled_during_a_pass_is_covered_by_it),
		STORY(leaving_and_coming_back_before_the_rows_are_written),
		STORY(rows_that_did_not_land_are_written_by_the_next_commit),
		STORY(a_presence_ends_with_the_run_it_was_set_in),
		STORY(what_is_read_beyond_the_budget_goes_at_once),
		STORY(a_closed_room_refuses_posts_and_a_dissolved_one_everything),
		STORY(history_from_before_is_shown_only_in_an_open_room),
	};
	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
