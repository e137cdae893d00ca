#include "../lib/state_hash.h"
#include "disk.h"

#include "base/mem.h"
#include "store/store.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct on_store {
	char dir[256];
	struct store *store;
};

static void must(enum parlor_err err, const char *what)
{
	if (err) {
		fprintf(stderr, "store: %s: %s\n", what, parlor_err_text(err));
		exit(EXIT_FAILURE);
	}
}

static void open_store(struct on_store *s)
{
	char why[256] = "";
	struct store_options options = {
		.dir = s->dir, .map_init = 8 << 20, .map_max = 1 << 30, .headroom = 1 << 20};
	enum parlor_err err = store_open(&s->store, &options, 7, why, sizeof why);
	if (err)
		fprintf(stderr, "%s\n", why);
	must(err, "open");
	must(store_read_begin(s->store), "turn");
}

static struct core_rows rows(void *ctx)
{
	return store_rows(((struct on_store *)ctx)->store);
}

static void begin(void *ctx)
{
	struct on_store *s = ctx;
	store_read_end(s->store);
	must(store_reserve(s->store, 1 << 16), "reserve");
	must(store_begin(s->store), "begin");
	must(store_read_begin(s->store), "turn");
}

static void append(void *ctx, uint64_t position, struct span head)
{
	struct on_store *s = ctx;
	struct entry entry = {.position = position, .partition = 0, .head = head};
	store_append(s->store, &entry);
}

static void put(void *ctx, const struct row_key *key, struct span value)
{
	store_put(((struct on_store *)ctx)->store, key, value);
}

static void covered_set(void *ctx, uint64_t position)
{
	store_set_covered(((struct on_store *)ctx)->store, position);
}

static void commit(void *ctx)
{
	struct on_store *s = ctx;
	must(store_commit(s->store), "commit");
	store_read_end(s->store);
	must(store_read_begin(s->store), "turn");
}

static void abort_commit(void *ctx)
{
	struct on_store *s = ctx;
	store_abort(s->store);
	store_read_end(s->store);
	must(store_read_begin(s->store), "turn");
}

static void restart(void *ctx)
{
	struct on_store *s = ctx;
	store_read_end(s->store);
	store_close(s->store);
	open_store(s);
}

static uint64_t covered(void *ctx)
{
	return store_covered(((struct on_store *)ctx)->store);
}

static uint64_t last(void *ctx)
{
	return store_last(((struct on_store *)ctx)->store);
}

static struct span read_record(void *ctx, uint64_t position)
{
	struct entry entry;
	must(store_read(((struct on_store *)ctx)->store, position, &entry), "read");
	return entry.head;
}

static struct hash128 hash(void *ctx)
{
	struct hash128 sum;
	struct on_store *s = ctx;
	store_read_end(s->store);
	must(state_hash(s->store, &sum), "hash");
	must(store_read_begin(s->store), "turn");
	return sum;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void close_store(void *ctx)
{
	struct on_store *s = ctx;
	store_read_end(s->store);
	store_close(s->store);
	if (nftw(s->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		perror(s->dir);
	free(s);
}

struct disk disk_in_store(void)
{
	struct on_store *s = mem_new(sizeof *s);
	const char *base = getenv("TMPDIR");
	int len = snprintf(s->dir, sizeof s->dir, "%s/parlor-sim-XXXXXX", base ? base : "/tmp");
	if (len >= (int)sizeof s->dir || !mkdtemp(s->dir)) {
		perror(s->dir);
		exit(EXIT_FAILURE);
	}
	open_store(s);
	return (struct disk){.ctx = s,
			     .rows = rows,
			     .begin = begin,
			     .append = append,
			     .put = put,
			     .covered_set = covered_set,
			     .commit = commit,
			     .abort = abort_commit,
			     .restart = restart,
			     .covered = covered,
			     .last = last,
			     .read = read_record,
			     .hash = hash,
			     .close = close_store};
}
