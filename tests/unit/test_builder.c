/* What is imported makes a journal like any other: executed again from nothing it
 * gives the same rows, to the byte. */
#include "../lib/state_hash.h"
#include "builder.h"
#include "core/kinds.h"
#include "core/reading.h"
#include "core/room_members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define T(text) SPAN_TEXT(text)

struct place {
	char dir[64], again[64];
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	strcpy(p->dir, "/tmp/parlor-built-XXXXXX");
	strcpy(p->again, "/tmp/parlor-again-XXXXXX");
	*state = p;
	return mkdtemp(p->dir) && mkdtemp(p->again) ? 0 : -1;
}

static void remove_dir(const char *dir)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "parlor.lock"};
	char path[128];
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

static int teardown(void **state)
{
	struct place *p = *state;
	remove_dir(p->dir);
	remove_dir(p->again);
	free(p);
	return 0;
}

static struct core_call at(uint64_t time_us)
{
	return (struct core_call){.tenant = T("acme"), .now_us = time_us};
}

static void join(struct builder *b, uint64_t time_us, const char *room, const char *member)
{
	static const struct core_notice silent;
	struct core_room_view view;
	const struct core_call call = at(time_us);
	const struct core_member_spec spec = {
		.id = T(member), .type = MEMBER_TYPE_MEMBER, .name = T("a name")};
	assert_int_equal(
		core_members_add(builder_core(b), &call, T(room), &spec, 1, &silent, &view),
		PARLOR_E_OK);
}

static uint64_t say(struct builder *b, uint64_t time_us, struct imported_message imported)
{
	struct core_posted posted;
	const struct core_call call = at(time_us);
	imported.room = T("r");
	imported.type = MESSAGE_TYPE_MESSAGE;
	assert_int_equal(builder_message(b, &call, &imported, &posted), PARLOR_E_OK);
	assert_int_equal(builder_step(b), PARLOR_E_OK);
	return posted.seq;
}

static void import(struct builder *b, unsigned messages)
{
	struct core_unread_view unread;
	const struct core_call call = at(1000);
	const struct span mentions[] = {T("bob"), T("nobody")};
	assert_int_equal(import_room(builder_core(b), &call,
				     &(struct imported_room){.id = T("r"), .name = T("Room")}),
			 PARLOR_E_OK);
	join(b, 1000, "r", "alice");
	join(b, 1000, "r", "bob");
	for (unsigned i = 0; i < messages; i++) {
		char client_id[16];
		snprintf(client_id, sizeof client_id, "%u", i);
		say(b, 2000 + i,
		    (struct imported_message){.sender = T(i % 3 ? "alice" : "bob"),
					      .client_id = T(client_id),
					      .body = T("hello")});
	}
	say(b, 900000, (struct imported_message){.sender = T("carol"), .body = T("has left")});
	say(b, 900000, (struct imported_message){.body = T("the system")});
	say(b, 900001,
	    (struct imported_message){.sender = T("alice"), .client_id = T("x"), .recalled = true});
	say(b, 900002,
	    (struct imported_message){
		    .sender = T("alice"), .mentions = mentions, .mentions_len = 2});
	const struct core_call later = at(950000);
	assert_int_equal(core_read(builder_core(b), &later, T("r"), T("bob"), 5, &unread),
			 PARLOR_E_OK);
	assert_int_equal(import_last_seen(builder_core(b), &later, T("dave")), PARLOR_E_OK);
	assert_int_equal(builder_finish(b), PARLOR_E_OK);
}

static struct store *open_dir(const char *dir, uint64_t journal_id)
{
	char why[256] = "";
	struct store *store;
	const struct store_options options = {.dir = dir, .partitions = 4};
	if (store_open(&store, &options, journal_id, why, sizeof why))
		fail_msg("%s", why);
	return store;
}

static void nothing(void *ctx, const struct record *r)
{
	(void)ctx;
	(void)r;
}

/* Applies every record to an empty core, and writes its rows. */
static void execute_again(struct store *from, struct store *to)
{
	struct store_walk walk;
	struct entry entry;
	struct record r;
	uint64_t covered, time_us = 0;
	struct core *core =
		core_new(&core_limits_default, store_rows(to), (struct core_sink){NULL, nothing});
	assert_int_equal(store_read_begin(from), PARLOR_E_OK);
	assert_int_equal(store_read_begin(to), PARLOR_E_OK);
	assert_int_equal(core_load(core), PARLOR_E_OK);
	assert_int_equal(store_walk_open(from, 1, &walk), PARLOR_E_OK);
	assert_int_equal(store_begin(to), PARLOR_E_OK);
	while (store_walk_next(from, &walk, &entry) == PARLOR_E_OK) {
		assert_int_equal(record_decode(&r, entry.head.data, entry.head.len), PARLOR_E_OK);
		assert_true(r.time_us >= time_us);
		time_us = r.time_us;
		assert_int_equal(core_apply(core, &r), PARLOR_E_OK);
		store_append(to, &entry);
	}
	store_walk_close(from, &walk);
	while (core_dirty(core))
		core_write_back(core, 1000, store_put, to, &covered);
	store_set_covered(to, covered);
	assert_int_equal(store_commit(to), PARLOR_E_OK);
	store_read_end(from);
	store_read_end(to);
	core_free(core);
}

static void test_imported_and_executed_again_the_state_is_the_same(void **state)
{
	const struct place *p = *state;
	struct builder *b;
	struct hash128 built, again;
	char why[256];
	assert_int_equal(builder_open(&b, p->dir, 4, why, sizeof why), PARLOR_E_OK);
	import(b, 5000);
	uint64_t last = store_last(builder_store(b));
	assert_int_equal(store_covered(builder_store(b)), last);
	assert_true(builder_room_position(b, 1) < last);
	assert_int_equal(builder_room_position(b, 2), 0);
	builder_close(b);

	struct store *from = open_dir(p->dir, 1), *to = open_dir(p->again, 2);
	execute_again(from, to);
	assert_int_equal(store_last(from), last);
	assert_int_equal(state_hash(from, &built), PARLOR_E_OK);
	assert_int_equal(state_hash(to, &again), PARLOR_E_OK);
	assert_true(built.low == again.low && built.high == again.high);
	store_close(from);
	store_close(to);
}

static void test_a_repeated_post_is_known_and_a_recalled_one_whatever_it_held(void **state)
{
	const struct place *p = *state;
	struct builder *b;
	struct core_posted posted;
	char why[256];
	const struct core_call call = at(960000);
	struct core_post post = {.room = T("r"),
				 .sender = T("bob"),
				 .client_id = T("0"),
				 .body = T("hello"),
				 .type = MESSAGE_TYPE_MESSAGE};
	assert_int_equal(builder_open(&b, p->dir, 4, why, sizeof why), PARLOR_E_OK);
	import(b, 10);
	assert_int_equal(core_post(builder_core(b), &call, &post, &posted), PARLOR_E_OK);
	assert_int_equal(posted.seq, 1);
	assert_int_equal(posted.time_us, 2000);
	post.body = T("other");
	assert_int_equal(core_post(builder_core(b), &call, &post, &posted), PARLOR_E_POST_CONFLICT);
	post.sender = T("alice");
	post.client_id = T("x");
	assert_int_equal(core_post(builder_core(b), &call, &post, &posted), PARLOR_E_OK);
	assert_int_equal(posted.seq, 13);
	builder_close(b);
	assert_int_equal(rmdir(p->again), 0);
	struct store *unused = open_dir(p->again, 2);
	store_close(unused);
}

static void test_what_no_table_should_hold_is_refused(void **state)
{
	const struct place *p = *state;
	struct builder *b;
	struct core_posted posted;
	char why[256], long_id[66] = "";
	const struct core_call call = at(1);
	memset(long_id, 'x', 65);
	assert_int_equal(builder_open(&b, p->dir, 4, why, sizeof why), PARLOR_E_OK);
	struct core *core = builder_core(b);
	const struct imported_room room = {.id = T("r")};
	assert_int_equal(import_room(core, &call, &room), PARLOR_E_OK);
	assert_int_equal(import_room(core, &call, &room), PARLOR_E_ROOM_CONFLICT);
	assert_int_equal(import_room(core, &call, &(struct imported_room){.id = T("")}),
			 PARLOR_E_EMPTY);
	assert_int_equal(import_room(core, &call, &(struct imported_room){.id = T(long_id)}),
			 PARLOR_E_TOO_LONG);
	struct imported_message imported = {.room = T("r"), .type = 3};
	assert_int_equal(import_message(core, &call, &imported, &posted), PARLOR_E_VALUE);
	imported.type = MESSAGE_TYPE_NOTICE;
	imported.sender = T(long_id);
	assert_int_equal(import_message(core, &call, &imported, &posted), PARLOR_E_TOO_LONG);
	imported.sender = T("");
	imported.client_id = T("1");
	assert_int_equal(import_message(core, &call, &imported, &posted), PARLOR_E_EMPTY);
	imported.client_id = T("");
	imported.room = T("nowhere");
	assert_int_equal(import_message(core, &call, &imported, &posted), PARLOR_E_ROOM_UNKNOWN);
	/* A sender that nobody knows yet is not introduced for nothing. */
	const struct span mentions[] = {T("bob"), T("")};
	imported.room = T("r");
	imported.sender = T("stranger");
	imported.mentions = mentions;
	imported.mentions_len = 2;
	assert_int_equal(import_message(core, &call, &imported, &posted), PARLOR_E_EMPTY);
	assert_int_equal(core_position(core), 2);
	assert_int_equal(builder_finish(b), PARLOR_E_OK);
	builder_close(b);
	struct store *unused = open_dir(p->again, 2);
	store_close(unused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_imported_and_executed_again_the_state_is_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_repeated_post_is_known_and_a_recalled_one_whatever_it_held, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_what_no_table_should_hold_is_refused, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
