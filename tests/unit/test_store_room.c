/* A store without room, and on a failing disk: what it refuses has changed
 * nothing, and it goes on as soon as it can (tests/lib/fault_shim.c). */
#include "store_world.h"

#include "base/clock.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- full -------------------------------------------------------------------------------- */

#define POSTS_OF_A_TURN 4

static char body[64 * 1024];
static const char *before[] = {"before"};

static struct entry entry_of(struct world *w, size_t i, size_t size)
{
	return (struct entry){.position = store_last(w->store) + 1 + i,
			      .partition = 3,
			      .head = span_of("head"),
			      .event = {body, size}};
}

/* One turn with a few posts of that size, up to the first that is refused; what
 * is accepted is committed. */
static bool post_sized(struct world *w, size_t size)
{
	enum parlor_err err = PARLOR_E_OK;
	size_t n = 0;

	turn(w);
	while (n < POSTS_OF_A_TURN && (err = store_reserve(w->store, size + 64)) == PARLOR_E_OK)
		n++;
	if (err != PARLOR_E_OK)
		assert_int_equal(err, PARLOR_E_STORE_FULL);
	if (n > 0) {
		begin(w);
		for (size_t i = 0; i < n; i++) {
			struct entry entry = entry_of(w, i, size);
			store_append(w->store, &entry);
		}
		commit(w);
	}
	store_read_end(w->store);
	return err == PARLOR_E_OK;
}

static void post_until_full(struct world *w, size_t size)
{
	size_t n = 0;

	while (post_sized(w, size))
		assert_true(++n < 1000000);
}

/* Room is looked for again every 200 ms. */
static bool room_within(struct world *w, size_t size, uint64_t ms)
{
	uint64_t until_us = clock_mono_us() + ms * 1000;

	while (!post_sized(w, size))
		if (clock_mono_us() > until_us)
			return false;
	return true;
}

static void trim(struct world *w, uint64_t first)
{
	begin(w);
	store_set_covered(w->store, store_last(w->store));
	store_trim(w->store, first, SIZE_MAX);
	commit(w);
}

static void a_full_map_refuses_and_trimming_frees_it(void **state)
{
	struct world *w = *state;
	struct store_counts counts;
	struct entry entry;

	w->options.map_max = 4 * MIB;
	open_world(w);
	begin(w);
	put(w, ROW_ROOMS, "row", "value");
	commit(w);
	post_until_full(w, 1000);
	uint64_t last = store_last(w->store);
	assert_true(last > 1000);
	store_counts(w->store, &counts);
	assert_int_equal(counts.map_bytes, 4 * MIB);
	assert_true(counts.used_bytes <= 4 * MIB);
	assert_true(counts.full_refusals > 0);

	turn(w);
	for (uint64_t at = 1; at <= last; at++)
		assert_int_equal(store_read(w->store, at, &entry), PARLOR_E_OK);
	store_read_end(w->store);
	begin(w);
	put(w, ROW_ROOMS, "row", NULL);
	store_replace_event(w->store, last / 2, span_of("recalled"));
	commit(w);

	trim(w, last / 2);
	assert_true(room_within(w, 1000, 10000));
	for (int i = 0; i < 75; i++)
		assert_true(post_sized(w, 1000));
	reopen(w);
	turn(w);
	assert_event(w, last / 2, "recalled");
	assert_row(w, ROW_ROOMS, "row", NULL);
	store_read_end(w->store);
}

static void the_size_of_the_journal_follows_what_is_kept(void **state)
{
	struct world *w = *state;
	open_world(w);
	assert_int_equal(store_journal_bytes(w->store), 0);
	while (store_last(w->store) < 1000)
		assert_true(post_sized(w, 1000));
	uint64_t last = store_last(w->store), all = store_journal_bytes(w->store);
	assert_in_range(all, 1000 * 1000, 3000 * 1000);
	begin(w);
	append_to(w, last + 1, "given up");
	store_abort(w->store);
	assert_int_equal(store_journal_bytes(w->store), all);
	reopen(w);
	assert_int_equal(store_journal_bytes(w->store), all);
	trim(w, last - 9);
	uint64_t few = store_journal_bytes(w->store);
	assert_in_range(few, 10 * 1000, 50 * 1000);
	reopen(w);
	assert_int_equal(store_journal_bytes(w->store), few);
}

static void a_full_map_lives_on_in_what_is_trimmed(void **state)
{
	struct world *w = *state;
	uint64_t given = 0, refused = 0;

	w->options.map_max = 8 * MIB;
	w->options.headroom = MIB;
	open_world(w);
	/* Sizes of all kinds, some of them of many pages, several times the map. */
	for (size_t i = 0; given < 24 * MIB; i++) {
		size_t size = i % 7 == 0 ? sizeof body : (i * 797) % 5000;
		while (!post_sized(w, size)) {
			uint64_t kept = store_last(w->store) + 1 - store_first(w->store);
			assert_true(kept > 0 && ++refused < 1000);
			trim(w, store_first(w->store) + kept / 8 + 1);
			if (room_within(w, size, 450))
				break;
		}
		given += POSTS_OF_A_TURN * size;
	}
	struct store_counts counts;
	store_counts(w->store, &counts);
	assert_true(refused > 0);
	assert_true(counts.used_bytes <= 8 * MIB && counts.file_bytes <= 8 * MIB);
}

static void one_turn_is_not_promised_more_than_there_is(void **state)
{
	struct world *w = *state;
	size_t n = 0;

	w->options.map_max = 4 * MIB;
	open_world(w);
	turn(w);
	while (store_reserve(w->store, sizeof body + 64) == PARLOR_E_OK)
		assert_true(++n < 64);
	assert_true(n > 0);
	begin(w);
	for (size_t i = 0; i < n; i++) {
		struct entry entry = entry_of(w, i, sizeof body);
		store_append(w->store, &entry);
	}
	commit(w);
	store_read_end(w->store);
	assert_int_equal(store_reserve(w->store, UINT64_MAX), PARLOR_E_STORE_FULL);
}

static void a_commit_larger_than_the_map_changes_nothing(void **state)
{
	struct world *w = *state;

	w->options.map_max = 2 * MIB;
	open_world(w);
	post_texts(w, before, 1);
	begin(w);
	for (size_t i = 0; i < 100; i++) {
		struct entry entry = entry_of(w, i, sizeof body);
		store_append(w->store, &entry);
	}
	put(w, ROW_ROOMS, "a", "gone");
	assert_int_equal(store_commit(w->store), PARLOR_E_STORE_FULL);
	assert_int_equal(store_last(w->store), 1);
	turn(w);
	assert_event(w, 1, "before");
	assert_row(w, ROW_ROOMS, "a", NULL);
	store_read_end(w->store);
	post_texts(w, before, 1);
	assert_int_equal(store_last(w->store), 2);
}

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void put_many(struct world *w)
{
	put(w, ROW_ROOMS, "a", "new");
	put(w, ROW_ROOMS, "b", NULL);
	for (int i = 0; i < 10; i++) {
		struct row_key key = {.table = ROW_ROOMS, .len = 2, .bytes = {'x', (uint8_t)i}};
		store_put(w->store, &key, (struct span){body, sizeof body});
	}
	store_set_covered(w->store, 1);
}

/* They can wait, and never keep a record from its commit. */
static void rows_without_room_are_left_out(void **state)
{
	struct world *w = *state;
	struct store_counts counts;

	open_world(w);
	begin(w);
	put(w, ROW_ROOMS, "b", "old");
	commit(w);
	store_counts(w->store, &counts);
	signal(SIGXFSZ, SIG_IGN);
	set_file_limit(counts.used_bytes + 16 * 4096);
	begin(w);
	append_to(w, 1, "lands");
	put_many(w);
	commit(w);
	assert_true(store_rows_left(w->store));
	assert_int_equal(store_last(w->store), 1);
	assert_int_equal(store_covered(w->store), 0);
	begin(w);
	put_many(w);
	assert_int_equal(store_commit(w->store), PARLOR_E_STORE_FULL);
	turn(w);
	assert_event(w, 1, "lands");
	assert_row(w, ROW_ROOMS, "a", NULL);
	assert_row(w, ROW_ROOMS, "b", "old");
	store_read_end(w->store);
	set_file_limit(RLIM_INFINITY);
	begin(w);
	put_many(w);
	commit(w);
	assert_false(store_rows_left(w->store));
	reopen(w);
	assert_int_equal(store_last(w->store), 1);
	assert_int_equal(store_covered(w->store), 1);
	turn(w);
	assert_row(w, ROW_ROOMS, "a", "new");
	assert_row(w, ROW_ROOMS, "b", NULL);
	store_read_end(w->store);
}

static void the_map_grows_before_it_is_full(void **state)
{
	struct world *w = *state;
	struct store_counts counts;

	w->options.map_init = 4 * MIB;
	open_world(w);
	for (int i = 0; i < 100; i++)
		assert_true(post_sized(w, sizeof body));
	store_counts(w->store, &counts);
	assert_true(counts.used_bytes > 24 * MIB);
	assert_int_equal(counts.map_bytes, 64 * MIB);
	assert_int_equal(counts.full_refusals, 0);
	reopen(w);
	assert_int_equal(store_last(w->store), 100 * POSTS_OF_A_TURN);
}

static void a_full_disk_refuses_until_there_is_room(void **state)
{
	struct world *w = *state;
	struct store_counts counts;

	open_world(w);
	signal(SIGXFSZ, SIG_IGN);
	set_file_limit(6 * MIB);
	post_until_full(w, 1000);
	uint64_t last = store_last(w->store);
	store_counts(w->store, &counts);
	assert_true(counts.file_bytes <= 6 * MIB && last > 1000);
	/* The headroom is there for what makes room. */
	trim(w, last / 2);
	set_file_limit(RLIM_INFINITY);
	assert_true(room_within(w, 1000, 10000));
	last = store_last(w->store);
	for (int i = 0; i < 25; i++)
		assert_true(post_sized(w, sizeof body));
	store_counts(w->store, &counts);
	assert_true(counts.file_bytes > 6 * MIB);
	reopen(w);
	assert_int_equal(store_last(w->store), last + 25 * POSTS_OF_A_TURN);
}

/* A commit that finds no room. */
static void commit_without_room(struct world *w)
{
	struct store_counts counts;

	store_counts(w->store, &counts);
	signal(SIGXFSZ, SIG_IGN);
	/* Within a page behind what is used: nothing was asked for, so nothing is reserved. */
	set_file_limit(counts.used_bytes + 1000);
	begin(w);
	for (size_t i = 0; i < 4; i++) {
		struct entry entry = entry_of(w, i, sizeof body);
		store_append(w->store, &entry);
	}
	enum parlor_err err = store_commit(w->store);
	set_file_limit(RLIM_INFINITY);
	assert_int_equal(err, PARLOR_E_STORE_FULL);
}

static void a_write_cut_short_by_the_disk_changes_nothing(void **state)
{
	struct world *w = *state;

	open_world(w);
	post_texts(w, before, 1);
	commit_without_room(w);
	assert_int_equal(store_last(w->store), 1);
	post_texts(w, before, 1);
	reopen(w);
	assert_int_equal(store_last(w->store), 2);
}

/* Who goes on waits for no reader of its log, and says it once. */
static void a_full_disk_is_told_once_and_waits_for_nobody(void **state)
{
	enum { TIMES = 5, FATAL_WAIT_US = 1000000 };
	static const char line[] = "commit failed";
	char said[PIPE_BUF + 1] = "";
	struct world *w = *state;
	int pipe_fd[2], stderr_fd = dup(STDERR_FILENO);

	open_world(w);
	assert_int_equal(pipe2(pipe_fd, O_NONBLOCK), 0);
	assert_true(dup2(pipe_fd[1], STDERR_FILENO) >= 0);
	for (int i = 0; i < TIMES; i++)
		commit_without_room(w);
	assert_true(read(pipe_fd[0], said, PIPE_BUF) > 0);
	while (write(pipe_fd[1], body, PIPE_BUF) > 0)
		continue;
	uint64_t least_us = UINT64_MAX;
	for (int i = 0; i < TIMES; i++) {
		post_texts(w, before, 1);
		uint64_t begun_us = clock_mono_us();
		commit_without_room(w);
		if (clock_mono_us() - begun_us < least_us)
			least_us = clock_mono_us() - begun_us;
	}
	assert_true(dup2(stderr_fd, STDERR_FILENO) >= 0);
	(void)(close(stderr_fd) + close(pipe_fd[0]) + close(pipe_fd[1]));
	assert_true(strstr(said, line) && !strstr(strstr(said, line) + 1, line));
	assert_true(least_us < FATAL_WAIT_US);
}

/* ---- a failing disk ------------------------------------------------------------------------ */

static void fail_when(struct world *w, const char *name, char path[128])
{
	path_in(w, "fault", path);
	assert_int_equal(setenv(name, path, 1), 0);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

/* The disk is well again, but nobody knows what it holds. */
static void assert_stopped(struct world *w, uint64_t last_min, uint64_t last_max)
{
	assert_int_equal(store_last(w->store), last_min);
	assert_int_equal(store_begin(w->store), PARLOR_E_STORE);
	reopen(w);
	assert_in_range(store_last(w->store), last_min, last_max);
	turn(w);
	assert_event(w, 1, "before");
	store_read_end(w->store);
}

static void a_sync_that_fails_stops_all_writing(void **state)
{
	struct world *w = *state;
	char fault[128];

	open_world(w);
	post_texts(w, before, 1);
	fail_when(w, "FAULT_FDATASYNC_EIO_WHEN_FILE", fault);
	begin(w);
	append_to(w, 2, "never");
	put(w, ROW_ROOMS, "a", "never");
	assert_int_equal(store_commit(w->store), PARLOR_E_STORE);
	unlink(fault);
	turn(w);
	assert_event(w, 1, "before");
	assert_row(w, ROW_ROOMS, "a", NULL);
	store_read_end(w->store);
	assert_stopped(w, 1, 1);
	post_texts(w, before, 1);
}

static void a_failing_meta_page_stops_all_writing(void **state)
{
	struct world *w = *state;
	char fault[128];

	open_world(w);
	post_texts(w, before, 1);
	fail_when(w, "FAULT_META_EIO_WHEN_FILE", fault);
	begin(w);
	append_to(w, 2, "perhaps");
	assert_int_equal(store_commit(w->store), PARLOR_E_STORE);
	unlink(fault);
	assert_stopped(w, 1, 2);
	post_texts(w, before, 1);
}

/* ---- slow ---------------------------------------------------------------------------- */

/* The commit hangs for a second: a row that it has is read as it was before, and
 * long before the second is over. */
static void a_row_is_read_while_a_commit_with_it_hangs(void **state)
{
	struct world *w = *state;
	struct row_key key = key_of(ROW_ROOMS, "a");
	struct core_rows rows;
	struct span value;

	open_world(w);
	begin(w);
	append_to(w, 1, "one");
	put(w, ROW_ROOMS, "a", "before");
	commit(w);
	turn(w);
	begin(w);
	append_to(w, 2, "two");
	put(w, ROW_ROOMS, "a", "after");
	setenv("FAULT_SYNC_DELAY_US", "1000000", 1);
	store_commit_start(w->store);
	rows = store_rows(w->store);
	assert_int_equal(rows.get(rows.ctx, &key, &value), PARLOR_E_OK);
	assert_true(span_equal(value, span_of("before")));
	assert_false(store_commit_ended(w->store));
	assert_int_equal(store_commit_end(w->store), PARLOR_E_OK);
	unsetenv("FAULT_SYNC_DELAY_US");
	assert_true(span_equal(value, span_of("before")));
	store_read_end(w->store);
	turn(w);
	assert_row(w, ROW_ROOMS, "a", "after");
	store_read_end(w->store);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest stories[] = {
		STORY(a_full_map_refuses_and_trimming_frees_it),
		STORY(the_size_of_the_journal_follows_what_is_kept),
		STORY(a_full_map_lives_on_in_what_is_trimmed),
		STORY(one_turn_is_not_promised_more_than_there_is),
		STORY(a_commit_larger_than_the_map_changes_nothing),
		STORY(rows_without_room_are_left_out),
		STORY(the_map_grows_before_it_is_full),
		STORY(a_full_disk_refuses_until_there_is_room),
		STORY(a_full_disk_is_told_once_and_waits_for_nobody),
		STORY(a_write_cut_short_by_the_disk_changes_nothing),
		STORY(a_sync_that_fails_stops_all_writing),
		STORY(a_failing_meta_page_stops_all_writing),
		STORY(a_row_is_read_while_a_commit_with_it_hangs),
	};

	return cmocka_run_group_tests(stories, NULL, NULL);
}
