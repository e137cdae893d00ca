/* The data directory: what a commit took is there, whatever happens next, and
 * equal states are known by their hash. Real files, a real LMDB. */
#include "../lib/state_hash.h"
#include "store_world.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- what is written is there --------------------------------------------------- */

static void a_fresh_directory_is_empty(void **state)
{
	struct world *w = *state;
	struct entry entry;

	open_world(w);
	assert_int_equal(store_journal_id(w->store), JOURNAL_ID);
	assert_int_equal(store_partitions(w->store), 16);
	assert_int_equal(store_first(w->store), 1);
	assert_int_equal(store_last(w->store), 0);
	assert_int_equal(store_covered(w->store), 0);
	turn(w);
	assert_int_equal(store_read(w->store, 1, &entry), PARLOR_E_NOT_FOUND);
	assert_row(w, ROW_ROOMS, "any", NULL);
	store_read_end(w->store);
}

static void what_was_committed_is_there_after_opening_again(void **state)
{
	struct world *w = *state;

	w->options.partitions = 5;
	open_world(w);
	begin(w);
	append_to(w, 1, "one");
	append_to(w, 2, "");
	put(w, ROW_NAMES, "same key", "name");
	put(w, ROW_MEMBERS, "same key", "member");
	put(w, ROW_ROOMS, "same key", "");
	store_set_covered(w->store, 1);
	commit(w);

	w->options.partitions = 9;
	reopen(w);
	assert_int_equal(store_partitions(w->store), 5);
	assert_int_equal(store_last(w->store), 2);
	assert_int_equal(store_covered(w->store), 1);
	turn(w);
	assert_event(w, 1, "one");
	assert_event(w, 2, "");
	assert_row(w, ROW_NAMES, "same key", "name");
	assert_row(w, ROW_MEMBERS, "same key", "member");
	assert_row(w, ROW_ROOMS, "same key", "");
	store_read_end(w->store);
}

static void the_last_put_of_a_key_counts(void **state)
{
	struct world *w = *state;

	open_world(w);
	begin(w);
	put(w, ROW_ROOMS, "b", "first");
	put(w, ROW_ROOMS, "a", NULL);
	put(w, ROW_ROOMS, "b", NULL);
	put(w, ROW_ROOMS, "ab", "longer");
	put(w, ROW_ROOMS, "b", "last");
	put(w, ROW_ROOMS, "a", "back");
	put(w, ROW_ROOMS, "ab", NULL);
	commit(w);
	turn(w);
	assert_row(w, ROW_ROOMS, "a", "back");
	assert_row(w, ROW_ROOMS, "ab", NULL);
	assert_row(w, ROW_ROOMS, "b", "last");
	store_read_end(w->store);
}

static void an_aborted_transaction_changed_nothing(void **state)
{
	struct world *w = *state;

	open_world(w);
	begin(w);
	append_to(w, 1, "gone");
	put(w, ROW_ROOMS, "a", "gone");
	store_set_covered(w->store, 1);
	store_abort(w->store);
	assert_int_equal(store_last(w->store), 0);
	assert_int_equal(store_covered(w->store), 0);

	begin(w);
	append_to(w, 1, "stays");
	commit(w);
	turn(w);
	assert_event(w, 1, "stays");
	assert_row(w, ROW_ROOMS, "a", NULL);
	store_read_end(w->store);
}

static void a_turn_sees_one_commit_and_its_values_hold(void **state)
{
	struct world *w = *state;
	struct core_rows rows;
	struct entry entry;
	struct span value;

	open_world(w);
	begin(w);
	append_to(w, 1, "one");
	put(w, ROW_ROOMS, "a", "before");
	commit(w);

	turn(w);
	rows = store_rows(w->store);
	struct row_key key = key_of(ROW_ROOMS, "a");
	assert_int_equal(rows.get(rows.ctx, &key, &value), PARLOR_E_OK);
	for (int i = 0; i < 50; i++) {
		begin(w);
		append_to(w, 2 + (uint64_t)i, "later");
		put(w, ROW_ROOMS, "a", "after");
		store_replace_event(w->store, 1, span_of("replaced"));
		commit(w);
	}
	assert_true(span_equal(value, span_of("before")));
	assert_row(w, ROW_ROOMS, "a", "before");
	assert_event(w, 1, "one");
	assert_int_equal(store_read(w->store, 2, &entry), PARLOR_E_NOT_FOUND);
	store_read_end(w->store);

	turn(w);
	assert_row(w, ROW_ROOMS, "a", "after");
	assert_event(w, 1, "replaced");
	assert_event(w, 51, "later");
	store_read_end(w->store);
}

static void a_commit_in_the_second_thread_is_seen_at_its_end(void **state)
{
	struct world *w = *state;
	struct core_rows rows;
	struct entry entry;
	struct span value;
	struct row_key key = key_of(ROW_ROOMS, "a");

	open_world(w);
	rows = store_rows(w->store);
	for (uint64_t i = 1; i <= 100; i++) {
		struct pollfd ended = {.fd = store_commit_fd(w->store), .events = POLLIN};
		char text[16], before[16];
		snprintf(text, sizeof text, "%d", (int)i);
		snprintf(before, sizeof before, "%d", (int)i - 1);
		turn(w);
		begin(w);
		append_to(w, i, text);
		put(w, ROW_ROOMS, "a", text);
		store_commit_start(w->store);
		assert_int_equal(store_read(w->store, i, &entry), PARLOR_E_NOT_FOUND);
		assert_int_equal(store_last(w->store), i - 1);
		if (i % 2) { /* a row of it is not there yet, either */
			enum parlor_err err = rows.get(rows.ctx, &key, &value);
			assert_int_equal(err, i == 1 ? PARLOR_E_NOT_FOUND : PARLOR_E_OK);
			assert_true(i == 1 || span_equal(value, span_of(before)));
		}
		assert_int_equal(poll(&ended, 1, 10000), 1);
		assert_true(store_commit_ended(w->store));
		assert_int_equal(store_commit_end(w->store), PARLOR_E_OK);
		assert_int_equal(poll(&ended, 1, 0), 0);
		store_read_end(w->store);
		turn(w);
		assert_int_equal(store_last(w->store), i);
		assert_event(w, i, text);
		assert_row(w, ROW_ROOMS, "a", text);
		store_read_end(w->store);
	}
}

static bool note_key(void *arg, const void *key, size_t len, struct span value)
{
	char *seen = arg;

	(void)value;
	snprintf(seen + strlen(seen), 64 - strlen(seen), "%.*s ", (int)len, (const char *)key);
	return strlen(seen) < 9;
}

static void a_scan_gives_the_keys_of_a_prefix_in_order(void **state)
{
	struct world *w = *state;
	char seen[64] = "";

	open_world(w);
	begin(w);
	put(w, ROW_ROOMS, "ra3", "");
	put(w, ROW_ROOMS, "rb1", "");
	put(w, ROW_ROOMS, "ra1", "");
	put(w, ROW_MEMBERS, "ra2", "");
	put(w, ROW_ROOMS, "q", "");
	commit(w);
	turn(w);
	struct core_rows rows = store_rows(w->store);
	struct row_key from = key_of(ROW_ROOMS, "ra");
	assert_int_equal(rows.scan(rows.ctx, &from, 2, note_key, seen), PARLOR_E_OK);
	assert_string_equal(seen, "ra1 ra3 ");
	from = key_of(ROW_ROOMS, "ra2");
	seen[0] = '\0';
	assert_int_equal(rows.scan(rows.ctx, &from, 2, note_key, seen), PARLOR_E_OK);
	assert_string_equal(seen, "ra3 ");
	/* It stops when it is told to. */
	from = key_of(ROW_ROOMS, "q");
	seen[0] = '\0';
	assert_int_equal(rows.scan(rows.ctx, &from, 0, note_key, seen), PARLOR_E_OK);
	assert_string_equal(seen, "q ra1 ra3 ");
	store_read_end(w->store);
}

/* ---- the journal ------------------------------------------------------------------- */

static void walks_go_side_by_side_to_the_end(void **state)
{
	static const char *texts[] = {"one", "two", "three", "four"};
	struct world *w = *state;
	struct store_walk all, late, beyond;
	struct entry entry;

	open_world(w);
	post_texts(w, texts, 4);
	turn(w);
	assert_int_equal(store_walk_open(w->store, 1, &all), PARLOR_E_OK);
	assert_int_equal(store_walk_open(w->store, 3, &late), PARLOR_E_OK);
	assert_int_equal(store_walk_open(w->store, 5, &beyond), PARLOR_E_OK);
	assert_int_equal(store_walk_next(w->store, &beyond, &entry), PARLOR_E_NOT_FOUND);
	for (uint64_t at = 1; at <= 4; at++) {
		assert_int_equal(all.next, at);
		assert_int_equal(store_walk_next(w->store, &all, &entry), PARLOR_E_OK);
		assert_int_equal(entry.position, at);
		assert_true(span_equal(entry.event, span_of(texts[at - 1])));
		enum parlor_err err = store_walk_next(w->store, &late, &entry);
		assert_int_equal(err, at <= 2 ? PARLOR_E_OK : PARLOR_E_NOT_FOUND);
		if (at <= 2)
			assert_int_equal(entry.position, at + 2);
	}
	assert_int_equal(store_walk_next(w->store, &all, &entry), PARLOR_E_NOT_FOUND);
	store_walk_close(w->store, &all);
	store_walk_close(w->store, &late);
	store_walk_close(w->store, &beyond);
	store_read_end(w->store);
}

static void a_replaced_event_keeps_head_and_place(void **state)
{
	static const char *texts[] = {"keep", "secret body that goes", "keep"};
	struct world *w = *state;

	open_world(w);
	post_texts(w, texts, 3);
	begin(w);
	store_replace_event(w->store, 2, span_of("recalled"));
	append_to(w, 4, "posted and recalled at once");
	store_replace_event(w->store, 4, span_of(""));
	store_replace_event(w->store, 99, span_of("of nothing"));
	commit(w);
	reopen(w);
	turn(w);
	assert_event(w, 1, "keep");
	assert_event(w, 2, "recalled");
	assert_event(w, 3, "keep");
	assert_event(w, 4, "");
	store_read_end(w->store);
}

static void trimming_takes_the_oldest_that_are_covered(void **state)
{
	static const char *texts[] = {"1", "2", "3", "4", "5"};
	struct world *w = *state;
	struct entry entry;

	open_world(w);
	post_texts(w, texts, 5);
	begin(w);
	store_set_covered(w->store, 4);
	store_trim(w->store, 4, 2);
	commit(w);
	assert_int_equal(store_first(w->store), 3);
	begin(w);
	store_trim(w->store, 100, 100);
	commit(w);
	assert_int_equal(store_first(w->store), 5);
	turn(w);
	assert_int_equal(store_read(w->store, 4, &entry), PARLOR_E_NOT_FOUND);
	assert_event(w, 5, "5");
	store_read_end(w->store);
}

/* The loop reads on while the second thread trims, and may see that it has before
 * it hears of it. */
static void a_turn_says_what_its_own_reads_find(void **state)
{
	static const char *texts[] = {"1", "2", "3", "4"};
	struct world *w = *state;
	struct store_walk walk;
	struct entry entry;

	open_world(w);
	post_texts(w, texts, 4);
	turn(w);
	begin(w);
	store_set_covered(w->store, 4);
	store_trim(w->store, 3, 10);
	store_commit_start(w->store);
	struct pollfd ended = {.fd = store_commit_fd(w->store), .events = POLLIN};
	assert_int_equal(poll(&ended, 1, 10000), 1);
	assert_int_equal(store_first(w->store), 1);
	assert_event(w, 1, "1");
	store_read_end(w->store);
	turn(w);
	assert_int_equal(store_first(w->store), 3);
	assert_int_equal(store_read(w->store, 2, &entry), PARLOR_E_NOT_FOUND);
	assert_event(w, 3, "3");
	assert_int_equal(store_walk_open_at(w->store, 2, &walk), PARLOR_E_NOT_FOUND);
	assert_int_equal(store_walk_open_at(w->store, 3, &walk), PARLOR_E_OK);
	assert_int_equal(store_walk_next(w->store, &walk, &entry), PARLOR_E_OK);
	assert_int_equal(entry.position, 3);
	store_walk_close(w->store, &walk);
	assert_int_equal(store_walk_open_at(w->store, 5, &walk), PARLOR_E_OK);
	assert_int_equal(store_walk_next(w->store, &walk, &entry), PARLOR_E_NOT_FOUND);
	store_walk_close(w->store, &walk);
	assert_int_equal(store_commit_end(w->store), PARLOR_E_OK);
	store_read_end(w->store);
	assert_int_equal(store_first(w->store), 3);
}

static void positions_go_on_after_all_was_trimmed(void **state)
{
	static const char *texts[] = {"1", "2"};
	struct world *w = *state;

	open_world(w);
	post_texts(w, texts, 2);
	begin(w);
	store_set_covered(w->store, 2);
	store_trim(w->store, 3, 10);
	commit(w);
	reopen(w);
	assert_int_equal(store_first(w->store), 3);
	assert_int_equal(store_last(w->store), 2);
	post_texts(w, texts, 1);
	reopen(w);
	assert_int_equal(store_first(w->store), 3);
	assert_int_equal(store_last(w->store), 3);
}

/* ---- the state hash ---------------------------------------------------------------------------
 */

static struct hash128 hash_of(struct world *w)
{
	struct hash128 hash;

	assert_int_equal(state_hash(w->store, &hash), PARLOR_E_OK);
	return hash;
}

static bool same_hash(struct hash128 a, struct hash128 b)
{
	return a.low == b.low && a.high == b.high;
}

static void equal_states_have_equal_hashes(void **state)
{
	struct world *w = *state;
	char name[16];

	open_world(w);
	struct hash128 empty = hash_of(w);
	begin(w);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "%03d", i);
		put(w, (enum row_table)(i % ROW_TABLES), name, "value");
	}
	commit(w);
	struct hash128 once = hash_of(w);
	assert_false(same_hash(once, empty));

	begin(w);
	put(w, ROW_NAMES, "000", "other");
	commit(w);
	assert_false(same_hash(hash_of(w), once));
	/* The same row in another table is another state. */
	begin(w);
	put(w, ROW_NAMES, "000", NULL);
	put(w, ROW_ROOMS, "000", "value");
	commit(w);
	assert_false(same_hash(hash_of(w), once));

	for (int i = 499; i >= 0; i--) {
		snprintf(name, sizeof name, "%03d", i);
		if (i % 50 == 49)
			begin(w);
		put(w, ROW_ROOMS, name, "detour");
		put(w, ROW_ROOMS, name, NULL);
		put(w, (enum row_table)(i % ROW_TABLES), name, "value");
		if (i % 50 == 0)
			commit(w);
	}
	assert_true(same_hash(hash_of(w), once));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_fresh_directory_is_empty),
		STORY(what_was_committed_is_there_after_opening_again),
		STORY(the_last_put_of_a_key_counts),
		STORY(an_aborted_transaction_changed_nothing),
		STORY(a_turn_sees_one_commit_and_its_values_hold),
		STORY(a_commit_in_the_second_thread_is_seen_at_its_end),
		STORY(a_scan_gives_the_keys_of_a_prefix_in_order),
		STORY(walks_go_side_by_side_to_the_end),
		STORY(a_replaced_event_keeps_head_and_place),
		STORY(trimming_takes_the_oldest_that_are_covered),
		STORY(a_turn_says_what_its_own_reads_find),
		STORY(positions_go_on_after_all_was_trimmed),
		STORY(equal_states_have_equal_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
