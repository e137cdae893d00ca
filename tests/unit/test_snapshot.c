/* The snapshot's file: what was put comes back, and nothing else is believed. */
#include "snapshot.h"

#include "store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS 3

static const struct {
	enum row_table table;
	const char *key, *value;
} rows[ROWS] = {
	{ROW_NAMES, "S", "the state"}, {ROW_MEMBERS, "member", ""}, {ROW_ROOMS, "room", "row"}};

static void put_rows(struct snapshot *s, struct world *w, uint64_t position)
{
	struct snapshot_head head = {.journal_id = JOURNAL_ID, .position = position, .digest = 5};
	assert_int_equal(snapshot_create(s, w->dir, &head), PARLOR_E_OK);
	for (unsigned i = 0; i < ROWS; i++)
		snapshot_put(s, rows[i].table, span_of(rows[i].key), span_of(rows[i].value));
}

static void take(struct world *w, uint64_t position)
{
	struct snapshot s;
	put_rows(&s, w, position);
	assert_int_equal(snapshot_commit(&s), PARLOR_E_OK);
	snapshot_close(&s);
}

static enum parlor_err read_rows(struct snapshot *s, unsigned *n)
{
	enum row_table table;
	struct span key, value;
	enum parlor_err err;
	for (*n = 0; !(err = snapshot_next(s, &table, &key, &value)); ++*n) {
		assert_true(*n < ROWS);
		assert_int_equal(table, rows[*n].table);
		assert_true(span_equal(key, span_of(rows[*n].key)));
		assert_true(span_equal(value, span_of(rows[*n].value)));
		assert_non_null(value.data);
	}
	return err;
}

static enum parlor_err read_all(struct world *w)
{
	struct snapshot s;
	unsigned n;
	enum parlor_err err = snapshot_open(&s, w->dir);
	if (!err)
		err = read_rows(&s, &n);
	snapshot_close(&s);
	return err;
}

static uint64_t position_of(struct world *w)
{
	struct snapshot_head head;
	assert_int_equal(snapshot_head_read(w->dir, &head), PARLOR_E_OK);
	assert_int_equal(head.journal_id, JOURNAL_ID);
	assert_int_equal(head.rows, ROWS);
	assert_int_equal(head.digest, 5);
	return head.position;
}

static void what_was_put_comes_back_as_often_as_one_likes(void **state)
{
	struct world *w = *state;
	struct snapshot s;
	unsigned n;
	take(w, 42);
	assert_int_equal(position_of(w), 42);
	assert_int_equal(snapshot_open(&s, w->dir), PARLOR_E_OK);
	for (unsigned times = 0; times < 2; times++) {
		assert_int_equal(read_rows(&s, &n), PARLOR_E_NOT_FOUND);
		assert_int_equal(n, ROWS);
		assert_int_equal(snapshot_rewind(&s), PARLOR_E_OK);
	}
	snapshot_close(&s);
}

static void there_may_be_none(void **state)
{
	struct world *w = *state;
	struct snapshot_head head;
	assert_int_equal(snapshot_head_read(w->dir, &head), PARLOR_E_NOT_FOUND);
}

static void one_that_was_given_up_changes_nothing(void **state)
{
	struct world *w = *state;
	struct snapshot s;
	take(w, 1);
	put_rows(&s, w, 2);
	snapshot_close(&s);
	assert_int_equal(position_of(w), 1);
	/* What it left behind is longer than the next. */
	assert_int_equal(snapshot_create(&s, w->dir, &(struct snapshot_head){.position = 3}),
			 PARLOR_E_OK);
	for (unsigned i = 0; i < 10000; i++)
		snapshot_put(&s, ROW_ROOMS, span_of("room"), span_of("row"));
	snapshot_close(&s);
	take(w, 4);
	assert_int_equal(position_of(w), 4);
	assert_int_equal(read_all(w), PARLOR_E_NOT_FOUND);
}

static void one_writes_at_a_time(void **state)
{
	struct world *w = *state;
	struct snapshot first, second;
	put_rows(&first, w, 1);
	assert_int_equal(snapshot_create(&second, w->dir, &(struct snapshot_head){.position = 2}),
			 PARLOR_E_STORE_LOCKED);
	snapshot_close(&second);
	assert_int_equal(snapshot_commit(&first), PARLOR_E_OK);
	/* Its file has its name now: the next one takes another. */
	put_rows(&second, w, 2);
	assert_int_equal(position_of(w), 1);
	assert_int_equal(snapshot_commit(&second), PARLOR_E_OK);
	snapshot_close(&first);
	snapshot_close(&second);
	assert_int_equal(position_of(w), 2);
}

static void a_reader_keeps_the_one_it_opened(void **state)
{
	struct world *w = *state;
	struct snapshot s;
	unsigned n;
	take(w, 1);
	assert_int_equal(snapshot_open(&s, w->dir), PARLOR_E_OK);
	take(w, 2);
	assert_int_equal(read_rows(&s, &n), PARLOR_E_NOT_FOUND);
	assert_int_equal(s.head.position, 1);
	snapshot_close(&s);
}

static void a_copy_is_the_same(void **state)
{
	struct world *w = *state;
	struct world to = *w;
	struct snapshot s;
	char path[128];
	take(w, 7);
	path_in(w, "copy", path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(strlen(path) < sizeof to.dir);
	strcpy(to.dir, path);
	assert_int_equal(snapshot_open(&s, w->dir), PARLOR_E_OK);
	assert_int_equal(snapshot_copy(&s, to.dir), PARLOR_E_OK);
	snapshot_close(&s);
	assert_int_equal(position_of(&to), 7);
	assert_int_equal(read_all(&to), PARLOR_E_NOT_FOUND);
	path_in(&to, "snapshot", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(to.dir), 0);
}

/* ---- damage ----------------------------------------------------------------------- */

static size_t slurp(struct world *w, uint8_t bytes[1024])
{
	char path[128];
	path_in(w, "snapshot", path);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t len = fread(bytes, 1, 1024, file);
	assert_true(len > 72 && len < 1024);
	assert_int_equal(fclose(file), 0);
	return len;
}

static void spit(struct world *w, const uint8_t *bytes, size_t len)
{
	char path[128];
	path_in(w, "snapshot", path);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void no_byte_of_it_can_change(void **state)
{
	struct world *w = *state;
	uint8_t bytes[1024];
	struct snapshot s;
	put_rows(&s, w, 9);
	assert_int_equal(snapshot_commit(&s), PARLOR_E_OK);
	snapshot_close(&s);
	size_t len = slurp(w, bytes);
	for (size_t i = 0; i < len; i++) {
		enum row_table table;
		struct span key, value;
		bytes[i] ^= 0x10;
		spit(w, bytes, len);
		enum parlor_err err = snapshot_open(&s, w->dir);
		while (!err)
			err = snapshot_next(&s, &table, &key, &value);
		assert_int_equal(err, PARLOR_E_STORE_CORRUPT);
		snapshot_close(&s);
		bytes[i] ^= 0x10;
	}
}

static void nor_can_its_length(void **state)
{
	struct world *w = *state;
	uint8_t bytes[1024];
	take(w, 9);
	size_t len = slurp(w, bytes);
	bytes[len] = 0;
	spit(w, bytes, len + 1);
	assert_int_equal(read_all(w), PARLOR_E_STORE_CORRUPT);
	for (size_t cut = 0; cut < len; cut++) {
		spit(w, bytes, cut);
		assert_int_equal(read_all(w), PARLOR_E_STORE_CORRUPT);
	}
}

static int tear_down_snapshot(void **state)
{
	char path[128];
	path_in(*state, "snapshot", path);
	(void)unlink(path);
	path_in(*state, "snapshot.new", path);
	(void)unlink(path);
	return tear_down(state);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_snapshot)
	const struct CMUnitTest stories[] = {
		STORY(what_was_put_comes_back_as_often_as_one_likes),
		STORY(there_may_be_none),
		STORY(one_that_was_given_up_changes_nothing),
		STORY(one_writes_at_a_time),
		STORY(a_reader_keeps_the_one_it_opened),
		STORY(a_copy_is_the_same),
		STORY(no_byte_of_it_can_change),
		STORY(nor_can_its_length),
	};
	return cmocka_run_group_tests(stories, NULL, NULL);
}
