/* Whose history a journal is: what a directory becomes when its file is a copy, and
 * what is remembered of those it was copied from. */
#include "store_world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>

#include <cmocka.h>

#define COPY_ID 815

/* Under the same name: nothing but the file itself is another one. */
static void put_copy_in_place(struct world *w)
{
	static uint8_t block[64 * KIB];
	char from[128], to[128];
	size_t n;

	path_in(w, "data.mdb", from);
	path_in(w, "fault", to);
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(block, 1, sizeof block, in)) > 0)
		assert_int_equal(fwrite(block, 1, n, out), n);
	assert_int_equal(fclose(in) | fclose(out), 0);
	assert_int_equal(rename(to, from), 0);
}

static void open_as(struct world *w, uint64_t id)
{
	assert_int_equal(store_open(&w->store, &w->options, id, w->why, sizeof w->why),
			 PARLOR_E_OK);
}

static void a_copy_is_another_journal_and_knows_of_which(void **state)
{
	static const char *const texts[] = {"one", "two", "three"};
	struct world *w = *state;

	open_world(w);
	post_texts(w, texts, 3);
	reopen(w);
	assert_int_equal(store_journal_id(w->store), JOURNAL_ID);
	close_world(w);

	put_copy_in_place(w);
	open_as(w, COPY_ID);
	assert_int_equal(store_journal_id(w->store), COPY_ID);
	assert_int_equal(lineage_shared(store_lineage(w->store), JOURNAL_ID), 3);
	post_texts(w, texts, 2);
	close_world(w);

	open_as(w, COPY_ID + 1);
	assert_int_equal(store_journal_id(w->store), COPY_ID);
	close_world(w);

	put_copy_in_place(w);
	open_as(w, COPY_ID + 2);
	const struct lineage *lineage = store_lineage(w->store);
	assert_int_equal(lineage->len, 2);
	assert_int_equal(lineage_shared(lineage, JOURNAL_ID), 3);
	assert_int_equal(lineage_shared(lineage, COPY_ID), 5);
	assert_true(lineage_shared(lineage, COPY_ID + 2) == UINT64_MAX);
	assert_int_equal(lineage_shared(lineage, COPY_ID + 1), 0);
	turn(w);
	assert_event(w, 5, "two");
	store_read_end(w->store);
}

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static enum parlor_err commit_one(struct world *w)
{
	begin(w);
	append_to(w, store_last(w->store) + 1, "more");
	return store_commit(w->store);
}

/* Until there is, each start takes another one, and none of them is remembered. */
static void a_copy_without_space_has_its_identity_with_its_first_commit(void **state)
{
	static const char *const texts[] = {"one"};
	struct world *w = *state;

	open_world(w);
	assert_true(store_lineage_durable(w->store));
	post_texts(w, texts, 1);
	close_world(w);
	put_copy_in_place(w);
	for (uint64_t id = COPY_ID; id < COPY_ID + 3; id++) {
		open_as(w, id);
		assert_int_equal(store_journal_id(w->store), id);
		assert_int_equal(store_lineage(w->store)->len, 1);
		assert_int_equal(lineage_shared(store_lineage(w->store), JOURNAL_ID), 1);
		set_file_limit(1);
		assert_int_equal(commit_one(w), PARLOR_E_STORE_FULL);
		set_file_limit(RLIM_INFINITY);
		assert_false(store_lineage_durable(w->store));
		if (id < COPY_ID + 2)
			close_world(w);
	}
	assert_int_equal(commit_one(w), PARLOR_E_OK);
	assert_true(store_lineage_durable(w->store));
	close_world(w);
	open_as(w, COPY_ID + 3);
	assert_int_equal(store_journal_id(w->store), COPY_ID + 2);
	assert_true(store_lineage_durable(w->store));
	assert_int_equal(store_last(w->store), 2);
}

static void whoever_only_reads_changes_nothing(void **state)
{
	static const char *const texts[] = {"one"};
	struct world *w = *state;

	open_world(w);
	post_texts(w, texts, 1);
	close_world(w);
	put_copy_in_place(w);
	w->options.read_only = true;
	open_as(w, COPY_ID);
	assert_int_equal(store_journal_id(w->store), JOURNAL_ID);
	close_world(w);
	w->options.read_only = false;
	open_as(w, COPY_ID);
	assert_int_equal(store_journal_id(w->store), COPY_ID);
}

static void of_very_many_the_oldest_is_a_stranger(void **state)
{
	struct lineage lineage = {.id = 1}, again = {.id = 7};
	struct buf bytes = {0};
	(void)state;

	for (uint64_t id = 2; id <= LINEAGE_MAX + 2; id++)
		lineage_renew(&lineage, id, id * 10);
	assert_int_equal(lineage.len, LINEAGE_MAX);
	assert_int_equal(lineage_shared(&lineage, 1), 0);
	assert_int_equal(lineage_shared(&lineage, 2), 30);
	assert_int_equal(lineage_shared(&lineage, LINEAGE_MAX + 1), (LINEAGE_MAX + 2) * 10);

	lineage_encode(&bytes, &lineage);
	assert_true(lineage_decode(&again, (struct span){bytes.data, bytes.len}));
	assert_int_equal(again.len, lineage.len);
	assert_memory_equal(again.ancestors, lineage.ancestors, sizeof again.ancestors);
	assert_false(lineage_decode(&again, (struct span){bytes.data, bytes.len - 1}));
	buf_put_u64(&bytes, 1);
	buf_put_u64(&bytes, 1);
	assert_false(lineage_decode(&again, (struct span){bytes.data, bytes.len}));
	buf_fini(&bytes);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest stories[] = {
		STORY(a_copy_is_another_journal_and_knows_of_which),
		STORY(a_copy_without_space_has_its_identity_with_its_first_commit),
		STORY(whoever_only_reads_changes_nothing),
		cmocka_unit_test(of_very_many_the_oldest_is_a_stranger),
	};
	return cmocka_run_group_tests(stories, NULL, NULL);
}
