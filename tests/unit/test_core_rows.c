/* Rows of the core: written back behind the records, dropped from memory, and what
 * they give after a restart. */
#include "core_world.h"

#include "core/presence.h"
#include "core/reading.h"
#include "core/tenant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void the_same_post_has_the_same_answer_after_a_restart(void **state)
{
	struct world *w = *state;
	struct core_posted first, again;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	assert_int_equal(say(w, "r", "ann", "x", &first), PARLOR_E_OK);
	for (int written = 0; written < 2; written++) {
		if (written)
			write_all(w);
		else
			commit(w, 0);
		restart(w);
		assert_int_equal(say(w, "r", "ann", "x", &again), PARLOR_E_OK);
		assert_int_equal(again.seq, first.seq);
		assert_int_equal(again.position, first.position);
		assert_int_equal(again.time_us, first.time_us);
		struct core_post other = {.room = text("r"),
					  .sender = text("ann"),
					  .client_id = text("x"),
					  .body = text("another"),
					  .type = MESSAGE_TYPE_MESSAGE};
		assert_int_equal(core_post(w->core, &w->call, &other, &again),
				 PARLOR_E_POST_CONFLICT);
	}
}

static void covered_is_no_less_after_a_restart(void **state)
{
	struct world *w = *state;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	write_all(w);
	uint64_t covered = w->disk.covered(w->disk.ctx);
	assert_int_equal(covered, core_position(w->core));
	restart(w);
	for (int i = 0; i < 20; i++) {
		said(w, "r", "ann", (char[]){(char)('a' + i), 0});
		commit(w, 1); /* the disk refuses a lower one */
	}
	assert_true(w->disk.covered(w->disk.ctx) >= covered);
}

/* The recall comes while a pass runs that has yet to write the message. */
static void a_message_recalled_during_a_pass_is_covered_by_it(void **state)
{
	struct world *w = *state;
	struct core_posted posted;
	struct row_message row;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	said(w, "r", "ann", "1");
	said(w, "r", "ann", "2");
	do /* names go before the pass begins */
		commit(w, 1);
	while (!core_writing(w->core));
	assert_int_equal(core_recall(w->core, &w->call, text("r"), 1, text("ann"), &posted),
			 PARLOR_E_OK);
	while (core_writing(w->core))
		commit(w, 1);
	restart(w);
	assert_int_equal(core_message(w->core, posted.room, 1, &row), PARLOR_E_OK);
	assert_true(row.recalled);
	assert_int_equal(say(w, "r", "ann", "1", &posted), PARLOR_E_OK);
	assert_int_equal(posted.seq, 1);
}

/* Each commit writes a row, and brings a message: the pass ends without these. */
static void what_comes_during_a_pass_is_not_covered_by_it(void **state)
{
	struct world *w = *state;
	uint64_t messages = 1;
	char id[16];
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	said(w, "r", "ann", "first");
	do
		commit(w, 1);
	while (!core_writing(w->core));
	for (; core_writing(w->core); messages++) {
		snprintf(id, sizeof id, "%d", (int)messages);
		said(w, "r", "ann", id);
		commit(w, 1);
	}
	assert_true(messages > 2);
	restart(w);
	assert_int_equal(unread(w, "r", "bob"), messages);
}

static void leaving_and_coming_back_before_the_rows_are_written(void **state)
{
	struct world *w = *state;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	write_all(w);
	said(w, "r", "ann", "1");
	assert_int_equal(leave(w, "r", "bob"), PARLOR_E_OK);
	commit(w, 100); /* the row is deleted, and the pass begins anew */
	said(w, "r", "ann", "2");
	assert_int_equal(join(w, "r", "bob"), PARLOR_E_OK);
	said(w, "r", "ann", "3");
	commit(w, 0);
	for (int i = 0; i < 3; i++) {
		restart(w);
		assert_int_equal(unread(w, "r", "bob"), 1);
		commit(w, (size_t)i);
	}
}

static void a_presence_ends_with_the_run_it_was_set_in(void **state)
{
	struct world *w = *state;
	uint8_t presence;
	uint64_t ann, seen, then;
	assert_int_equal(core_member_intern(w->core, &w->call, text("ann"), &ann), PARLOR_E_OK);
	w->call.now_us += 5;
	then = w->call.now_us;
	assert_int_equal(core_presence_set(w->core, &w->call, ann, PRESENCE_IS_BUSY), PARLOR_E_OK);
	assert_int_equal(core_presence_set(w->core, &w->call, ann, 0), PARLOR_E_VALUE);
	assert_int_equal(core_presence_set(w->core, &w->call, ann + 1, PRESENCE_IS_BUSY),
			 PARLOR_E_MEMBER_UNKNOWN);
	assert_int_equal(core_presence_get(w->core, &w->call, text("ann"), &presence, &seen),
			 PARLOR_E_OK);
	assert_int_equal(presence, PRESENCE_IS_BUSY);
	commit(w, 0);
	restart(w);
	assert_int_equal(core_presence_get(w->core, &w->call, text("ann"), &presence, &seen),
			 PARLOR_E_OK);
	assert_int_equal(presence, PRESENCE_IS_OFFLINE);
	assert_int_equal(seen, then);
}

/* A commit is under way when bob leaves, and its disk has no room. */
static void rows_that_did_not_land_are_written_by_the_next_commit(void **state)
{
	struct world *w = *state;
	uint64_t covered, before;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	said(w, "r", "ann", "1");
	commit(w, 0);
	before = w->disk.covered(w->disk.ctx);
	w->disk.begin(w->disk.ctx);
	while (core_dirty(w->core) || core_writing(w->core))
		(void)core_write_back(w->core, 3, w->disk.put, w->disk.ctx, &covered);
	assert_int_equal(covered, core_position(w->core));
	core_evict(w->core); /* nothing may go */
	assert_int_equal(unread(w, "r", "bob"), 1);
	assert_int_equal(leave(w, "r", "bob"), PARLOR_E_OK);
	w->disk.abort(w->disk.ctx);
	core_unlanded(w->core);
	commit(w, 1);
	assert_int_equal(w->disk.covered(w->disk.ctx), before);
	write_all(w);
	assert_int_equal(w->disk.covered(w->disk.ctx), core_position(w->core));
	restart(w);
	assert_int_equal(unread(w, "r", "ann"), 0);
	assert_int_equal(leave(w, "r", "bob"), PARLOR_E_NOT_MEMBER);
}

/* Memory may keep nothing; but on disk they are as they were before. */
static void rows_of_a_commit_under_way_stay_in_memory(void **state)
{
	struct world *w = *state;
	uint64_t covered;
	w->limits.resident_bytes = 1;
	restart(w);
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	said(w, "r", "ann", "1");
	commit(w, 0);
	w->disk.begin(w->disk.ctx);
	while (core_dirty(w->core) || core_writing(w->core))
		(void)core_write_back(w->core, 3, w->disk.put, w->disk.ctx, &covered);
	w->disk.covered_set(w->disk.ctx, covered);
	for (int landed = 0; landed < 2; landed++) {
		if (landed) {
			w->disk.commit(w->disk.ctx);
			core_landed(w->core);
		}
		core_evict(w->core);
		core_evict(w->core);
		assert_int_equal(unread(w, "r", "bob"), 1);
	}
}

/* ---- memory ------------------------------------------------------------------------------ */

#define MANY_ROOMS 1500

static void many_rooms(struct world *w)
{
	char id[32];
	for (int i = 0; i < MANY_ROOMS; i++) {
		snprintf(id, sizeof id, "room-%d", i);
		assert_int_equal(create(w, id, true), PARLOR_E_OK);
		commit(w, 1000);
	}
	write_all(w);
}

/* However much one turn reads, the next two turns let go of it. */
static void what_is_read_beyond_the_budget_goes_at_once(void **state)
{
	struct world *w = *state;
	struct core_counts counts;
	char id[32];
	many_rooms(w);
	w->limits.resident_bytes = 64 << 10;
	restart(w);
	commit(w, 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY_ROOMS; i++) {
			snprintf(id, sizeof id, "room-%d", i);
			assert_int_equal(unread(w, id, "bob"), 0);
		}
		core_counts(w->core, &counts);
		assert_int_equal(counts.rooms_resident, MANY_ROOMS);
		core_evict(w->core);
		core_evict(w->core);
		core_counts(w->core, &counts);
		assert_true(counts.resident_bytes <= w->limits.resident_bytes);
		assert_true(counts.rooms_resident > 10);
	}
}

/* What is left when no row is. */
static uint64_t bytes_without_rows(struct world *w)
{
	struct core_counts counts;
	write_all(w);
	for (int i = 0; i < 4; i++)
		core_evict(w->core);
	core_counts(w->core, &counts);
	assert_int_equal(counts.rooms_resident + counts.members_resident, 0);
	return counts.resident_bytes;
}

static void what_is_kept_beside_the_rows_is_counted(void **state)
{
	struct world *w = *state;
	char id[16];
	w->limits.resident_bytes = 1;
	restart(w);
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	uint64_t before = bytes_without_rows(w);
	for (int i = 0; i < 4000; i++) {
		snprintf(id, sizeof id, "%d", i);
		said(w, "r", "ann", id);
		commit(w, 100);
	}
	/* Which rooms were active last, in a list that doubles. */
	assert_true(bytes_without_rows(w) - before >= 3000 * sizeof(uint64_t));
}

/* A disk that cannot be read is no damage: nobody restores a backup for it. */
static void a_failure_to_read_is_told_as_what_it_is(void **state)
{
	struct world *w = *state;
	struct core_unread_view view;
	char id[16];
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	for (int i = 0; i < 2000; i++) {
		snprintf(id, sizeof id, "%d", i);
		said(w, "r", "ann", id);
	}
	write_all(w);
	restart(w);
	assert_int_equal(unread(w, "r", "bob"), 2000);
	w->fault = PARLOR_E_STORE;
	assert_int_equal(core_read(w->core, &w->call, text("r"), text("bob"), 100, &view),
			 PARLOR_E_STORE);
	assert_int_equal(core_read(w->core, &w->call, text("r"), text("ann"), 100, &view),
			 PARLOR_E_STORE);
	w->fault = PARLOR_E_OK;
	assert_int_equal(core_read(w->core, &w->call, text("r"), text("bob"), 100, &view),
			 PARLOR_E_OK);
	assert_int_equal(unread(w, "r", "bob"), 1900);
}

/* A name that is too long, that has no number, one that was never given, or another's. */
static void a_damaged_name_of_a_tenant_is_told_at_the_start(void **state)
{
	static const struct {
		size_t len;
		uint8_t number;
	} names[] = {{ROW_ID_MAX + 1, 2}, {0, 2}, {8, 0}, {8, 3}, {8, 1}};
	struct world *w = *state;
	struct core_sink nobody = {.record = NULL};
	struct row_key key;
	uint32_t no;
	assert_int_equal(create(w, "r", true), PARLOR_E_OK);
	w->call.tenant = text("its name is gone");
	assert_int_equal(core_tenant_intern(w->core, &w->call, &no), PARLOR_E_OK);
	assert_int_equal(no, 2);
	write_all(w);
	row_key_name(&key, 'T', 0, w->call.tenant);
	w->disk.begin(w->disk.ctx);
	w->disk.put(w->disk.ctx, &key, (struct span){NULL, 0});
	w->disk.commit(w->disk.ctx);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		row_key_name(&key, 'T', 0, text(""));
		memset(key.bytes + key.len, 'z', names[i].len);
		key.len += names[i].len;
		for (int damaged = 1; damaged >= 0; damaged--) {
			struct span number = {&names[i].number, 1}, none = {NULL, 0};
			w->disk.begin(w->disk.ctx);
			w->disk.put(w->disk.ctx, &key, damaged ? number : none);
			w->disk.commit(w->disk.ctx);
			struct core *c = core_new(&w->limits, w->rows, nobody);
			assert_int_equal(core_load(c),
					 damaged ? PARLOR_E_STORE_CORRUPT : PARLOR_E_OK);
			core_free(c);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(the_same_post_has_the_same_answer_after_a_restart),
		STORY(covered_is_no_less_after_a_restart),
		STORY(a_message_recalled_during_a_pass_is_covered_by_it),
		STORY(what_comes_during_a_pass_is_not_covered_by_it),
		STORY(leaving_and_coming_back_before_the_rows_are_written),
		STORY(a_presence_ends_with_the_run_it_was_set_in),
		STORY(rows_that_did_not_land_are_written_by_the_next_commit),
		STORY(rows_of_a_commit_under_way_stay_in_memory),
		STORY(what_is_read_beyond_the_budget_goes_at_once),
		STORY(what_is_kept_beside_the_rows_is_counted),
		STORY(a_failure_to_read_is_told_as_what_it_is),
		STORY(a_damaged_name_of_a_tenant_is_told_at_the_start),
	};
	return cmocka_run_group_tests_name("core rows", tests, NULL, NULL);
}
