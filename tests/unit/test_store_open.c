/* Opening a data directory: what should not be opened is refused, what is damaged
 * in it is told, and who only reads does so beside a live broker. */
#include "store_world.h"

#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

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
	set_meta(w, "version", 99);
	assert_int_equal(try_open(w), PARLOR_E_STORE_VERSION);
	assert_non_null(strstr(w->why, "version 99"));
	set_meta(w, "version", 6);
	open_world(w);
}

/* It lacked databases, which are made, and cannot go back. */
static void the_version_before_is_brought_up_to_this_one(void **state)
{
	struct world *w = *state;
	struct store *reader;

	open_world(w);
	close_world(w);
	set_meta(w, "version", 5);
	w->options.read_only = true;
	assert_int_equal(store_open(&reader, &w->options, 0, w->why, sizeof w->why),
			 PARLOR_E_STORE_VERSION);
	w->options.read_only = false;
	open_world(w);
	close_world(w);
	w->options.read_only = true;
	assert_int_equal(store_open(&reader, &w->options, 0, w->why, sizeof w->why), PARLOR_E_OK);
	store_close(reader);
	w->options.read_only = false;
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
	store_read_end(w->store);

	/* It is not covered up by a new checksum. */
	begin(w);
	store_replace_event(w->store, 2, span_of("recalled"));
	assert_int_equal(store_commit(w->store), PARLOR_E_STORE_CORRUPT);
	post_texts(w, texts, 1);
}

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
	store_read_end(w->store);
	assert_int_equal(write(to[1], "1", 1), 1);
	await_byte(from[0]);
	turn(w);
	assert_event(w, 1, "one");
	assert_int_equal(store_read(w->store, 102, &entry), PARLOR_E_OK);
	assert_int_equal(entry.event.len, 59999);
	store_read_end(w->store);
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

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_second_broker_is_refused),
		STORY(another_version_is_refused),
		STORY(the_version_before_is_brought_up_to_this_one),
		STORY(the_version_before_is_brought_up_to_this_one),
		STORY(an_environment_of_someone_else_is_refused),
		STORY(meta_that_contradicts_the_journal_is_refused),
		STORY(a_file_that_is_no_environment_is_refused),
		STORY(a_file_cut_short_is_refused),
		STORY(a_directory_that_cannot_be_made_is_refused),
		STORY(a_damaged_entry_is_told_and_others_are_read),
		STORY(a_reader_runs_beside_a_live_broker),
		STORY(a_reader_makes_no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
