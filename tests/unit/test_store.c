/* The data directory: what a commit took is there, whatever happens next; what
 * it refused has changed nothing. Real files, a real LMDB, a disk that fails on
 * demand (tests/lib/fault_shim.c). */
#include "store/store.h"

#include "base/clock.h"

#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define JOURNAL_ID 4711

struct world {
	char dir[64];
	struct store_options options;
	struct store *store;
	char why[256];
};

static void path_in(const struct world *w, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", w->dir, name);
}

static enum parlor_err try_open(struct world *w)
{
	return store_open(&w->store, &w->options, JOURNAL_ID, w->why, sizeof w->why);
}

static void open_world(struct world *w)
{
	enum parlor_err err = try_open(w);

	if (err != PARLOR_E_OK)
		print_error("open: %s\n", w->why);
	assert_int_equal(err, PARLOR_E_OK);
}

static void close_world(struct world *w)
{
	store_close(w->store);
	w->store = NULL;
}

static void reopen(struct world *w)
{
	close_world(w);
	open_world(w);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	strcpy(w->dir, "/tmp/parlor-store-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->options = (struct store_options){
		.dir = w->dir, .map_init = MIB, .map_max = 64 * MIB, .headroom = 256 * KIB};
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *names[] = {"data.mdb", "lock.mdb", "parlor.lock", "fault"};
	struct world *w = *state;
	char path[128];

	unsetenv("FAULT_FDATASYNC_EIO_WHEN_FILE");
	unsetenv("FAULT_META_EIO_WHEN_FILE");
	close_world(w);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		path_in(w, names[i], path);
		unlink(path);
	}
	int rc = rmdir(w->dir);
	free(w);
	return rc;
}

/* ---- short words ------------------------------------------------------------ */

static struct span span_of(const char *text)
{
	return SPAN_TEXT(text);
}

static struct row_key key_of(enum row_table table, const char *text)
{
	struct row_key key = {.table = table, .len = strlen(text)};

	memcpy(key.bytes, text, key.len);
	return key;
}

static void put(struct world *w, enum row_table table, const char *key, const char *value)
{
	struct row_key k = key_of(table, key);

	store_put(w->store, &k, value ? span_of(value) : (struct span){NULL, 0});
}

static void append_to(struct world *w, uint64_t position, const char *event)
{
	struct entry entry = {
		.position = position, .part = 3, .head = span_of("head"), .event = span_of(event)};

	store_append(w->store, &entry);
}

static void commit(struct world *w)
{
	assert_int_equal(store_commit(w->store), PARLOR_E_OK);
}

static void begin(struct world *w)
{
	assert_int_equal(store_begin(w->store), PARLOR_E_OK);
}

static void turn(struct world *w)
{
	assert_int_equal(store_turn_begin(w->store), PARLOR_E_OK);
}

static void assert_row(struct world *w, enum row_table table, const char *key, const char *value)
{
	struct core_rows rows = store_rows(w->store);
	struct row_key k = key_of(table, key);
	struct span found;

	enum parlor_err err = rows.get(rows.ctx, &k, &found);
	assert_int_equal(err, value ? PARLOR_E_OK : PARLOR_E_NOT_FOUND);
	if (value)
		assert_true(span_equal(found, span_of(value)));
}

static void assert_event(struct world *w, uint64_t position, const char *event)
{
	struct entry entry;

	assert_int_equal(store_read(w->store, position, &entry), PARLOR_E_OK);
	assert_int_equal(entry.position, position);
	assert_int_equal(entry.part, 3);
	assert_true(span_equal(entry.head, span_of("head")));
	assert_true(span_equal(entry.event, span_of(event)));
}

static void post_texts(struct world *w, const char *const *texts, size_t n)
{
	uint64_t last = store_last(w->store);

	begin(w);
	for (size_t i = 0; i < n; i++)
		append_to(w, last + 1 + i, texts[i]);
	commit(w);
}

/* ---- what is written is there --------------------------------------------------- */

static void a_fresh_directory_is_empty(void **state)
{
	struct world *w = *state;
	struct entry entry;

	open_world(w);
	assert_int_equal(store_journal_id(w->store), JOURNAL_ID);
	assert_int_equal(store_parts(w->store), 16);
	assert_int_equal(store_first(w->store), 1);
	assert_int_equal(store_last(w->store), 0);
	assert_int_equal(store_covered(w->store), 0);
	turn(w);
	assert_int_equal(store_read(w->store, 1, &entry), PARLOR_E_NOT_FOUND);
	assert_row(w, ROW_ROOMS, "any", NULL);
	store_turn_end(w->store);
}

static void what_was_committed_is_there_after_opening_again(void **state)
{
	struct world *w = *state;

	w->options.parts = 5;
	open_world(w);
	begin(w);
	append_to(w, 1, "one");
	append_to(w, 2, "");
	put(w, ROW_NAMES, "same key", "name");
	put(w, ROW_MEMBERS, "same key", "member");
	put(w, ROW_ROOMS, "same key", "");
	store_set_covered(w->store, 1);
	commit(w);

	w->options.parts = 9;
	reopen(w);
	assert_int_equal(store_parts(w->store), 5);
	assert_int_equal(store_last(w->store), 2);
	assert_int_equal(store_covered(w->store), 1);
	turn(w);
	assert_event(w, 1, "one");
	assert_event(w, 2, "");
	assert_row(w, ROW_NAMES, "same key", "name");
	assert_row(w, ROW_MEMBERS, "same key", "member");
	assert_row(w, ROW_ROOMS, "same key", "");
	store_turn_end(w->store);
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
	store_turn_end(w->store);
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
	store_turn_end(w->store);
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
	store_turn_end(w->store);

	turn(w);
	assert_row(w, ROW_ROOMS, "a", "after");
	assert_event(w, 1, "replaced");
	assert_event(w, 51, "later");
	store_turn_end(w->store);
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
	store_turn_end(w->store);
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
	store_turn_end(w->store);
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
	store_turn_end(w->store);
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
	store_turn_end(w->store);
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

/* ---- opening what should not be opened ------------------------------------------------ */

static void a_second_broker_is_refused(void **state)
{
	struct world *w = *state;
	struct store *second;

	open_world(w);
	assert_int_equal(store_open(&second, &w->options, 1, w->why, sizeof w->why),
			 PARLOR_E_STORE_LOCKED);
	assert_null(second);
	assert_non_null(strstr(w->why, w->dir));
	reopen(w);
}

static void set_meta(struct world *w, const char *name, uint64_t number)
{
	MDB_env *mdb;
	MDB_txn *txn;
	MDB_dbi dbi;
	uint8_t bytes[8];

	be64_put(bytes, number);
	MDB_val key = {strlen(name), (void *)(uintptr_t)name}, value = {sizeof bytes, bytes};
	assert_int_equal(mdb_env_create(&mdb), 0);
	assert_int_equal(mdb_env_set_maxdbs(mdb, 8), 0);
	assert_int_equal(mdb_env_open(mdb, w->dir, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(mdb, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", MDB_CREATE, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(mdb);
}

static void another_version_is_refused(void **state)
{
	struct world *w = *state;

	open_world(w);
	close_world(w);
	set_meta(w, "version", 2);
	assert_int_equal(try_open(w), PARLOR_E_STORE_VERSION);
	assert_non_null(strstr(w->why, "version 2"));
	set_meta(w, "version", 1);
	open_world(w);
}

static void an_environment_of_someone_else_is_refused(void **state)
{
	struct world *w = *state;

	set_meta(w, "colour", 7);
	assert_int_equal(try_open(w), PARLOR_E_STORE_CORRUPT);
}

static void meta_that_contradicts_the_journal_is_refused(void **state)
{
	struct world *w = *state;

	open_world(w);
	close_world(w);
	set_meta(w, "covered", 3);
	assert_int_equal(try_open(w), PARLOR_E_STORE_CORRUPT);
}

static void a_file_that_is_no_environment_is_refused(void **state)
{
	struct world *w = *state;
	char path[128], noise[16384];

	memset(noise, 'x', sizeof noise);
	path_in(w, "data.mdb", path);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, noise, sizeof noise), sizeof noise);
	close(fd);
	assert_int_equal(try_open(w), PARLOR_E_STORE_CORRUPT);
}

static void a_file_cut_short_is_refused(void **state)
{
	static const char *texts[] = {"a", "b"};
	struct world *w = *state;
	char path[128];

	open_world(w);
	post_texts(w, texts, 2);
	close_world(w);
	path_in(w, "data.mdb", path);
	assert_int_equal(truncate(path, 3 * 4096), 0);
	assert_int_equal(try_open(w), PARLOR_E_STORE_CORRUPT);
	assert_non_null(strstr(w->why, "cut short"));
}

static void a_directory_that_cannot_be_made_is_refused(void **state)
{
	struct world *w = *state;

	w->options.dir = "/proc/parlor";
	assert_int_equal(try_open(w), PARLOR_E_STORE);
	assert_non_null(strstr(w->why, "/proc/parlor"));
}

/* Where the text stands in data.mdb; its byte there is turned over. */
static void damage(struct world *w, const char *text)
{
	char path[128];
	struct stat st;

	path_in(w, "data.mdb", path);
	int fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	char *bytes = malloc((size_t)st.st_size);
	assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
	size_t found = 0;
	for (char *at = bytes;
	     (at = memmem(at, (size_t)(bytes + st.st_size - at), text, strlen(text))) != NULL;
	     at++) {
		char flipped = (char)(*at ^ 4);
		assert_int_equal(pwrite(fd, &flipped, 1, at - bytes), 1);
		found++;
	}
	assert_true(found > 0);
	free(bytes);
	close(fd);
}

static void a_damaged_entry_is_told_and_others_are_read(void **state)
{
	static const char *texts[] = {"whole", "what a disk forgets", "whole"};
	struct world *w = *state;
	struct store_walk walk;
	struct entry entry;

	open_world(w);
	post_texts(w, texts, 3);
	close_world(w);
	damage(w, "a disk forgets");
	open_world(w);
	turn(w);
	assert_event(w, 1, "whole");
	assert_int_equal(store_read(w->store, 2, &entry), PARLOR_E_STORE_CORRUPT);
	assert_event(w, 3, "whole");
	assert_int_equal(store_walk_open(w->store, 1, &walk), PARLOR_E_OK);
	assert_int_equal(store_walk_next(w->store, &walk, &entry), PARLOR_E_OK);
	assert_int_equal(store_walk_next(w->store, &walk, &entry), PARLOR_E_STORE_CORRUPT);
	store_walk_close(w->store, &walk);
	store_turn_end(w->store);

	/* It is not covered up by a new checksum. */
	begin(w);
	store_replace_event(w->store, 2, span_of("recalled"));
	assert_int_equal(store_commit(w->store), PARLOR_E_STORE_CORRUPT);
	post_texts(w, texts, 1);
}

/* ---- beside a live broker ---------------------------------------------------------------- */

static void await_byte(int fd)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
}

/* Another process: writes, tells, waits, grows the map far, tells, waits. */
static void live_broker(struct world *w, int in, int out)
{
	static const char *texts[] = {"one", "two"};
	static char large[60000];

	memset(large, 'x', sizeof large - 1);
	open_world(w);
	post_texts(w, texts, 2);
	assert_int_equal(write(out, "1", 1), 1);
	await_byte(in);
	for (int i = 0; i < 100; i++) {
		const char *text = large;
		post_texts(w, &text, 1);
	}
	struct store_counts c;
	store_counts(w->store, &c);
	assert_true(c.map_bytes > 4 * MIB);
	assert_int_equal(write(out, "2", 1), 1);
	await_byte(in);
	close_world(w);
}

static void a_reader_runs_beside_a_live_broker(void **state)
{
	struct world *w = *state;
	struct entry entry;
	int to[2], from[2];

	assert_int_equal(pipe(to) + pipe(from), 0);
	pid_t broker = fork();
	if (broker == 0) {
		live_broker(w, to[0], from[1]);
		_exit(0);
	}
	await_byte(from[0]);
	w->options.read_only = true;
	open_world(w);
	turn(w);
	assert_int_equal(store_last(w->store), 2);
	assert_event(w, 2, "two");
	store_turn_end(w->store);
	assert_int_equal(write(to[1], "1", 1), 1);
	await_byte(from[0]);
	turn(w);
	assert_event(w, 1, "one");
	assert_int_equal(store_read(w->store, 102, &entry), PARLOR_E_OK);
	assert_int_equal(entry.event.len, 59999);
	store_turn_end(w->store);
	assert_int_equal(write(to[1], "2", 1), 1);
	int status;
	assert_int_equal(waitpid(broker, &status, 0), broker);
	assert_int_equal(status, 0);
	close(to[0]), close(to[1]), close(from[0]), close(from[1]);
}

static void a_reader_makes_no_directory(void **state)
{
	struct world *w = *state;
	char path[128];

	path_in(w, "none", path);
	w->options.dir = path;
	w->options.read_only = true;
	assert_int_equal(try_open(w), PARLOR_E_STORE);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* ---- full -------------------------------------------------------------------------------- */

static char body[64 * 1024];

static struct entry entry_of(struct world *w, size_t i, size_t size)
{
	return (struct entry){.position = store_last(w->store) + 1 + i,
			      .part = 3,
			      .head = span_of("head"),
			      .event = {body, size}};
}

/* One turn with one post of that size. What is accepted is committed. */
static bool post_sized(struct world *w, size_t size)
{
	turn(w);
	enum parlor_err err = store_reserve(w->store, size + 64);
	if (err == PARLOR_E_OK) {
		struct entry entry = entry_of(w, 0, size);
		begin(w);
		store_append(w->store, &entry);
		commit(w);
	} else {
		assert_int_equal(err, PARLOR_E_STORE_FULL);
	}
	store_turn_end(w->store);
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
	assert_int_equal(counts.entries, last);

	turn(w);
	for (uint64_t at = 1; at <= last; at++)
		assert_int_equal(store_read(w->store, at, &entry), PARLOR_E_OK);
	store_turn_end(w->store);
	begin(w);
	put(w, ROW_ROOMS, "row", NULL);
	store_replace_event(w->store, last / 2, span_of("recalled"));
	commit(w);

	trim(w, last / 2);
	assert_true(room_within(w, 1000, 10000));
	for (int i = 0; i < 300; i++)
		assert_true(post_sized(w, 1000));
	reopen(w);
	turn(w);
	assert_event(w, last / 2, "recalled");
	assert_row(w, ROW_ROOMS, "row", NULL);
	store_turn_end(w->store);
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
		given += size;
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
	store_turn_end(w->store);
	assert_int_equal(store_reserve(w->store, UINT64_MAX), PARLOR_E_STORE_FULL);
}

static void a_commit_larger_than_the_map_changes_nothing(void **state)
{
	static const char *texts[] = {"before"};
	struct world *w = *state;

	w->options.map_max = 2 * MIB;
	open_world(w);
	post_texts(w, texts, 1);
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
	store_turn_end(w->store);
	post_texts(w, texts, 1);
	assert_int_equal(store_last(w->store), 2);
}

static void the_map_grows_before_it_is_full(void **state)
{
	struct world *w = *state;
	struct store_counts counts;

	open_world(w);
	for (int i = 0; i < 400; i++)
		assert_true(post_sized(w, sizeof body));
	store_counts(w->store, &counts);
	assert_true(counts.used_bytes > 24 * MIB);
	assert_int_equal(counts.map_bytes, 64 * MIB);
	assert_int_equal(counts.full_refusals, 0);
	reopen(w);
	assert_int_equal(store_last(w->store), 400);
}

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
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
	for (int i = 0; i < 100; i++)
		assert_true(post_sized(w, sizeof body));
	store_counts(w->store, &counts);
	assert_true(counts.file_bytes > 6 * MIB);
	reopen(w);
	assert_int_equal(store_last(w->store), last + 101);
}

static void a_write_cut_short_by_the_disk_changes_nothing(void **state)
{
	static const char *texts[] = {"before"};
	struct world *w = *state;
	struct store_counts counts;

	open_world(w);
	post_texts(w, texts, 1);
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
	assert_int_equal(store_last(w->store), 1);
	post_texts(w, texts, 1);
	reopen(w);
	assert_int_equal(store_last(w->store), 2);
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
	store_turn_end(w->store);
}

static void a_sync_that_fails_stops_all_writing(void **state)
{
	static const char *texts[] = {"before"};
	struct world *w = *state;
	char fault[128];

	open_world(w);
	post_texts(w, texts, 1);
	fail_when(w, "FAULT_FDATASYNC_EIO_WHEN_FILE", fault);
	begin(w);
	append_to(w, 2, "never");
	put(w, ROW_ROOMS, "a", "never");
	assert_int_equal(store_commit(w->store), PARLOR_E_STORE);
	unlink(fault);
	turn(w);
	assert_event(w, 1, "before");
	assert_row(w, ROW_ROOMS, "a", NULL);
	store_turn_end(w->store);
	assert_stopped(w, 1, 1);
	post_texts(w, texts, 1);
}

static void a_failing_meta_page_stops_all_writing(void **state)
{
	static const char *texts[] = {"before"};
	struct world *w = *state;
	char fault[128];

	open_world(w);
	post_texts(w, texts, 1);
	fail_when(w, "FAULT_META_EIO_WHEN_FILE", fault);
	begin(w);
	append_to(w, 2, "perhaps");
	assert_int_equal(store_commit(w->store), PARLOR_E_STORE);
	unlink(fault);
	assert_stopped(w, 1, 2);
	post_texts(w, texts, 1);
}

/* ---- the state hash ---------------------------------------------------------------------------
 */

static struct hash128 state_hash(struct world *w)
{
	struct hash128 hash;

	assert_int_equal(store_state_hash(w->store, &hash), PARLOR_E_OK);
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
	struct hash128 empty = state_hash(w);
	begin(w);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "%03d", i);
		put(w, (enum row_table)(i % ROW_TABLES), name, "value");
	}
	commit(w);
	struct hash128 once = state_hash(w);
	assert_false(same_hash(once, empty));

	begin(w);
	put(w, ROW_NAMES, "000", "other");
	commit(w);
	assert_false(same_hash(state_hash(w), once));
	/* The same row in another table is another state. */
	begin(w);
	put(w, ROW_NAMES, "000", NULL);
	put(w, ROW_ROOMS, "000", "value");
	commit(w);
	assert_false(same_hash(state_hash(w), once));

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
	assert_true(same_hash(state_hash(w), once));
}

/* ---- anything, against a plain model ------------------------------------------------------------
 */

#define MODEL_KEYS 40
#define MODEL_ENTRIES 600

struct model {
	int rows[ROW_TABLES][MODEL_KEYS]; /* 0: none, else which value */
	int events[MODEL_ENTRIES + 1];    /* by position: which value */
	uint64_t first, last, covered;
};

struct run {
	struct world *w;
	uint64_t random;
	struct model now;     /* as committed */
	struct model pending; /* in the write transaction */
	struct model seen;    /* by the turn */
	bool writing, in_turn;
};

static unsigned below(struct run *r, unsigned n)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return (unsigned)(r->random >> 33) % n;
}

/* A value is its number, repeated to a length that hangs on the number. */
static struct span value_of(int number)
{
	static char text[8][4096];
	static int turn_of;
	char *to = text[turn_of++ % 8];
	size_t len = (size_t)number * 37 % 3000;

	memset(to, number % 251, len + 1);
	return (struct span){to, len};
}

static struct row_key model_key(unsigned table, unsigned i)
{
	char name[16];

	snprintf(name, sizeof name, "k%0*u", (int)(1 + i % 7), i);
	return key_of((enum row_table)table, name);
}

static void check_row(struct run *r, unsigned table, unsigned i)
{
	struct core_rows rows = store_rows(r->w->store);
	struct row_key key = model_key(table, i);
	int number = r->seen.rows[table][i];
	struct span value;
	enum parlor_err err = rows.get(rows.ctx, &key, &value);

	assert_int_equal(err, number ? PARLOR_E_OK : PARLOR_E_NOT_FOUND);
	if (number)
		assert_true(span_equal(value, value_of(number)));
}

static void check_all(struct run *r)
{
	struct store_walk walk;
	struct entry entry;
	uint64_t at = r->seen.first;

	for (unsigned table = 0; table < ROW_TABLES; table++)
		for (unsigned i = 0; i < MODEL_KEYS; i++)
			check_row(r, table, i);
	assert_int_equal(store_walk_open(r->w->store, 1, &walk), PARLOR_E_OK);
	while (store_walk_next(r->w->store, &walk, &entry) == PARLOR_E_OK) {
		assert_int_equal(entry.position, at);
		assert_true(span_equal(entry.event, value_of(r->seen.events[at])));
		at++;
	}
	assert_int_equal(at, r->seen.last + 1);
	store_walk_close(r->w->store, &walk);
}

static void write_something(struct run *r)
{
	struct model *m = &r->pending;
	unsigned what = below(r, 10);
	int number = 1 + (int)below(r, 100000);

	if (what < 5) {
		unsigned table = below(r, ROW_TABLES), i = below(r, MODEL_KEYS);
		struct row_key key = model_key(table, i);
		bool gone = what == 0;
		store_put(r->w->store, &key, gone ? (struct span){NULL, 0} : value_of(number));
		m->rows[table][i] = gone ? 0 : number;
	} else if (what < 8 && m->last < MODEL_ENTRIES) {
		struct entry entry = {.position = ++m->last, .event = value_of(number)};
		store_append(r->w->store, &entry);
		m->events[m->last] = number;
	} else if (what == 8 && m->last > 0) {
		uint64_t at = 1 + below(r, (unsigned)m->last);
		store_replace_event(r->w->store, at, value_of(number));
		m->events[at] = number;
	} else {
		uint64_t first = m->first + below(r, 4), max = below(r, 4);
		if (below(r, 2)) {
			m->covered += below(r, (unsigned)(m->last - m->covered) + 1);
			store_set_covered(r->w->store, m->covered);
		}
		store_trim(r->w->store, first, max);
		while (m->first < first && m->first <= m->covered && max-- > 0)
			m->first++;
	}
}

static void end_write(struct run *r)
{
	if (below(r, 5) == 0) {
		store_abort(r->w->store);
	} else {
		commit(r->w);
		r->now = r->pending;
	}
	r->writing = false;
	assert_int_equal(store_first(r->w->store), r->now.first);
	assert_int_equal(store_last(r->w->store), r->now.last);
	assert_int_equal(store_covered(r->w->store), r->now.covered);
}

static void step(struct run *r)
{
	unsigned what = below(r, 100);

	if (what < 70 && r->writing) {
		write_something(r);
	} else if (what < 80) {
		if (r->writing) {
			end_write(r);
		} else {
			begin(r->w);
			r->pending = r->now;
			r->writing = true;
		}
	} else if (what < 90) {
		if (r->in_turn) {
			check_all(r);
			store_turn_end(r->w->store);
		} else {
			turn(r->w);
			r->seen = r->now;
		}
		r->in_turn = !r->in_turn;
	} else if (what < 92 && !r->in_turn) {
		reopen(r->w);
		r->writing = false;
	}
}

static void anything_agrees_with_a_plain_model(void **state)
{
	const char *given = getenv("PARLOR_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : clock_wall_us();
	struct run *r = calloc(1, sizeof *r);

	print_message("PARLOR_TEST_SEED=%llu\n", (unsigned long long)seed);
	r->w = *state;
	r->random = seed * 2 + 1;
	r->now.first = 1;
	open_world(r->w);
	for (int i = 0; i < 12000; i++)
		step(r);
	if (r->in_turn)
		store_turn_end(r->w->store);
	free(r);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest stories[] = {
		STORY(a_fresh_directory_is_empty),
		STORY(what_was_committed_is_there_after_opening_again),
		STORY(the_last_put_of_a_key_counts),
		STORY(an_aborted_transaction_changed_nothing),
		STORY(a_turn_sees_one_commit_and_its_values_hold),
		STORY(a_scan_gives_the_keys_of_a_prefix_in_order),
		STORY(walks_go_side_by_side_to_the_end),
		STORY(a_replaced_event_keeps_head_and_place),
		STORY(trimming_takes_the_oldest_that_are_covered),
		STORY(positions_go_on_after_all_was_trimmed),
		STORY(a_second_broker_is_refused),
		STORY(another_version_is_refused),
		STORY(an_environment_of_someone_else_is_refused),
		STORY(meta_that_contradicts_the_journal_is_refused),
		STORY(a_file_that_is_no_environment_is_refused),
		STORY(a_file_cut_short_is_refused),
		STORY(a_directory_that_cannot_be_made_is_refused),
		STORY(a_damaged_entry_is_told_and_others_are_read),
		STORY(a_reader_runs_beside_a_live_broker),
		STORY(a_reader_makes_no_directory),
		STORY(a_full_map_refuses_and_trimming_frees_it),
		STORY(a_full_map_lives_on_in_what_is_trimmed),
		STORY(one_turn_is_not_promised_more_than_there_is),
		STORY(a_commit_larger_than_the_map_changes_nothing),
		STORY(the_map_grows_before_it_is_full),
		STORY(a_full_disk_refuses_until_there_is_room),
		STORY(a_write_cut_short_by_the_disk_changes_nothing),
		STORY(a_sync_that_fails_stops_all_writing),
		STORY(a_failing_meta_page_stops_all_writing),
		STORY(equal_states_have_equal_hashes),
		STORY(anything_agrees_with_a_plain_model),
	};

	return cmocka_run_group_tests(stories, NULL, NULL);
}
