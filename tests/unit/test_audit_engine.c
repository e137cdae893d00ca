/* Where re-execution begins, the first time and once more: a snapshot that is taken
 * meanwhile, and stands in the place of the one before, changes nothing. */
#include "../lib/state_hash.h"
#include "audit/engine.h"
#include "audit/pager.h"
#include "builder.h"
#include "core/room.h"
#include "core/room_members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MESSAGES 60
#define FIRST_SNAPSHOT 20
#define MARK 30 /* of the one partition */
#define NEXT_SNAPSHOT 40

struct place {
	char dir[64];
	struct source source;
	struct engine engine;
};

/* ---- a journal ------------------------------------------------------------------- */

static void say(struct builder *b, unsigned no)
{
	const struct core_call call = {.tenant = SPAN_TEXT("acme"), .now_us = 2000 + no};
	const struct imported_message message = {.room = SPAN_TEXT("r"),
						 .sender = SPAN_TEXT("alice"),
						 .type = MESSAGE_TYPE_MESSAGE,
						 .body = SPAN_TEXT("hello")};
	struct core_posted posted;
	assert_int_equal(builder_message(b, &call, &message, &posted), PARLOR_E_OK);
	assert_int_equal(builder_step(b), PARLOR_E_OK);
}

static void talk(struct builder *b)
{
	static const struct core_notice silent;
	const struct core_call call = {.tenant = SPAN_TEXT("acme"), .now_us = 1000};
	const struct core_member_spec alice = {.id = SPAN_TEXT("alice"),
					       .type = MEMBER_TYPE_MEMBER};
	const struct imported_room room = {.id = SPAN_TEXT("r")};
	struct core_room_view view;
	assert_int_equal(import_room(builder_core(b), &call, &room), PARLOR_E_OK);
	assert_int_equal(
		core_members_add(builder_core(b), &call, room.id, &alice, 1, &silent, &view),
		PARLOR_E_OK);
	for (unsigned no = 0; no < MESSAGES; no++)
		say(b, no);
	assert_int_equal(builder_finish(b), PARLOR_E_OK);
}

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct builder *b;
	char why[256];
	strcpy(p->dir, "/tmp/parlor-audit-engine-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(builder_open(&b, p->dir, 1, why, sizeof why), PARLOR_E_OK);
	talk(b);
	builder_close(b);
	assert_int_equal(source_open(&p->source, p->dir), PARLOR_E_OK);
	assert_int_equal(engine_init(&p->engine, &p->source), PARLOR_E_OK);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "parlor.lock", "snapshot"};
	struct place *p = *state;
	char path[128];
	engine_fini(&p->engine);
	source_close(&p->source);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", p->dir, files[i]);
		unlink(path);
	}
	int rc = rmdir(p->dir);
	free(p);
	return rc;
}

/* ---- short words ------------------------------------------------------------------ */

static void execute(struct engine *e, uint64_t upto)
{
	assert_int_equal(engine_run(e, upto, NULL, NULL), PARLOR_E_OK);
	assert_int_equal(engine_settle(e), PARLOR_E_OK);
}

static void put_rows(struct snapshot *s, struct engine *e, enum row_table table)
{
	struct pager rows;
	struct span key, value;
	pager_init(&rows, engine_rows(e), table);
	while (pager_next(&rows, &key, &value) == PARLOR_E_OK)
		snapshot_put(s, table, key, value);
	pager_fini(&rows);
}

/* In the place of the one before. */
static void take_snapshot(struct place *p, uint64_t position)
{
	struct engine e;
	struct snapshot s;
	struct snapshot_head head = {.journal_id = store_journal_id(p->source.store),
				     .position = position};
	assert_int_equal(engine_init(&e, &p->source), PARLOR_E_OK);
	assert_int_equal(engine_start(&e, position), PARLOR_E_OK);
	execute(&e, position);
	assert_int_equal(source_digest(&p->source, position, &head.digest), PARLOR_E_OK);
	assert_int_equal(snapshot_create(&s, p->dir, &head), PARLOR_E_OK);
	for (int table = 0; table < ROW_TABLES; table++)
		put_rows(&s, &e, (enum row_table)table);
	assert_int_equal(snapshot_commit(&s), PARLOR_E_OK);
	snapshot_close(&s);
	engine_fini(&e);
}

static struct hash128 hash_at_mark(struct engine *e)
{
	static const uint64_t marks[] = {MARK};
	struct hash128 hash;
	engine_limit_to_marks(e, marks);
	execute(e, MARK);
	assert_int_equal(core_position(e->core), MARK);
	store_read_end(e->scratch.store);
	assert_int_equal(state_hash(e->scratch.store, &hash), PARLOR_E_OK);
	assert_int_equal(store_read_begin(e->scratch.store), PARLOR_E_OK);
	return hash;
}

static struct hash128 hash_from_nothing(struct place *p)
{
	struct engine e;
	assert_int_equal(engine_init(&e, &p->source), PARLOR_E_OK);
	assert_int_equal(engine_start(&e, p->source.last), PARLOR_E_OK);
	struct hash128 hash = hash_at_mark(&e);
	engine_fini(&e);
	return hash;
}

/* All of it is executed; then another snapshot has the place, and it begins again. */
static void execute_twice(struct place *p, uint64_t base)
{
	struct engine *e = &p->engine;
	assert_int_equal(engine_start(e, p->source.last), PARLOR_E_OK);
	assert_int_equal(e->base, base);
	execute(e, p->source.last);
	take_snapshot(p, NEXT_SNAPSHOT);
	assert_int_equal(engine_start_again(e, p->source.last), PARLOR_E_OK);
	assert_int_equal(e->base, base);
	struct hash128 is = hash_at_mark(e), want = hash_from_nothing(p);
	assert_true(is.low == want.low && is.high == want.high);
}

/* ---- stories ---------------------------------------------------------------------- */

static void it_begins_again_with_the_snapshot_that_it_began_with(void **state)
{
	struct place *p = *state;
	take_snapshot(p, FIRST_SNAPSHOT);
	engine_prefer_snapshot(&p->engine);
	execute_twice(p, FIRST_SNAPSHOT);
}

static void it_begins_again_with_nothing_where_it_began_so(void **state)
{
	struct place *p = *state;
	engine_prefer_snapshot(&p->engine);
	execute_twice(p, 0);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest stories[] = {
		STORY(it_begins_again_with_the_snapshot_that_it_began_with),
		STORY(it_begins_again_with_nothing_where_it_began_so),
	};
	return cmocka_run_group_tests(stories, NULL, NULL);
}
