#include "store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void path_in(const struct world *w, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", w->dir, name);
}

enum parlor_err try_open(struct world *w)
{
	return store_open(&w->store, &w->options, JOURNAL_ID, w->why, sizeof w->why);
}

void open_world(struct world *w)
{
	enum parlor_err err = try_open(w);

	if (err != PARLOR_E_OK)
		print_error("open: %s\n", w->why);
	assert_int_equal(err, PARLOR_E_OK);
}

void close_world(struct world *w)
{
	store_close(w->store);
	w->store = NULL;
}

void reopen(struct world *w)
{
	close_world(w);
	open_world(w);
}

int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	strcpy(w->dir, "/tmp/parlor-store-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->options = (struct store_options){
		.dir = w->dir, .map_init = MIB, .map_max = 64 * MIB, .headroom = 256 * KIB};
	*state = w;
	return 0;
}

int tear_down(void **state)
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

struct span span_of(const char *text)
{
	return SPAN_TEXT(text);
}

struct row_key key_of(enum row_table table, const char *text)
{
	struct row_key key = {.table = table, .len = strlen(text)};

	memcpy(key.bytes, text, key.len);
	return key;
}

void put(struct world *w, enum row_table table, const char *key, const char *value)
{
	struct row_key k = key_of(table, key);

	store_put(w->store, &k, value ? span_of(value) : (struct span){NULL, 0});
}

void append_to(struct world *w, uint64_t position, const char *event)
{
	struct entry entry = {.position = position,
			      .partition = 3,
			      .head = span_of("head"),
			      .event = span_of(event)};

	store_append(w->store, &entry);
}

void commit(struct world *w)
{
	assert_int_equal(store_commit(w->store), PARLOR_E_OK);
}

void begin(struct world *w)
{
	assert_int_equal(store_begin(w->store), PARLOR_E_OK);
}

void turn(struct world *w)
{
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
}

void assert_row(struct world *w, enum row_table table, const char *key, const char *value)
{
	struct core_rows rows = store_rows(w->store);
	struct row_key k = key_of(table, key);
	struct span found;

	enum parlor_err err = rows.get(rows.ctx, &k, &found);
	assert_int_equal(err, value ? PARLOR_E_OK : PARLOR_E_NOT_FOUND);
	if (value)
		assert_true(span_equal(found, span_of(value)));
}

void assert_event(struct world *w, uint64_t position, const char *event)
{
	struct entry entry;

	assert_int_equal(store_read(w->store, position, &entry), PARLOR_E_OK);
	assert_int_equal(entry.position, position);
	assert_int_equal(entry.partition, 3);
	assert_true(span_equal(entry.head, span_of("head")));
	assert_true(span_equal(entry.event, span_of(event)));
}

void post_texts(struct world *w, const char *const *texts, size_t n)
{
	uint64_t last = store_last(w->store);

	begin(w);
	for (size_t i = 0; i < n; i++)
		append_to(w, last + 1 + i, texts[i]);
	commit(w);
}
