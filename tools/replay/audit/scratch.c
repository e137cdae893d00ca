#include "audit/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
/* Rows of one commit, and what one may cost: a copied page, and a split one. */
#define BATCH_ROWS 4096
#define ROW_COST_BYTES 8192

static void forget_names(const char *dir)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "parlor.lock"};
	char path[512];
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

enum parlor_err scratch_open(struct scratch *s, char *why, size_t why_size)
{
	char dir[256];
	const char *base = getenv("TMPDIR");
	struct store_options options = {
		.dir = dir, .map_init = 64 * MIB, .headroom = BATCH_ROWS * ROW_COST_BYTES};

	*s = (struct scratch){NULL};
	int len =
		snprintf(dir, sizeof dir, "%s/parlor-audit-XXXXXX", base && *base ? base : "/tmp");
	if (len >= (int)sizeof dir || !mkdtemp(dir)) {
		snprintf(why, why_size, "%s: %s", dir,
			 len >= (int)sizeof dir ? "path too long" : strerror(errno));
		return PARLOR_E_STORE;
	}
	enum parlor_err err = store_open(&s->store, &options, 1, why, why_size);
	forget_names(dir);
	if (!err && (err = store_read_begin(s->store)))
		snprintf(why, why_size, "%s: %s", dir, parlor_err_text(err));
	if (err) {
		store_close(s->store);
		s->store = NULL;
	}
	return err;
}

void scratch_close(struct scratch *s)
{
	if (s->store)
		store_read_end(s->store);
	store_close(s->store);
	s->store = NULL;
}

struct core_rows scratch_rows(struct scratch *s)
{
	return store_rows(s->store);
}

/* NOT_FOUND: it was the last. */
static enum parlor_err fill_batch(struct scratch *s, struct snapshot *from)
{
	struct row_key row;
	struct span key, value;
	enum parlor_err err = store_reserve(s->store, BATCH_ROWS * ROW_COST_BYTES),
			end = PARLOR_E_OK;
	if (!err)
		err = store_begin(s->store);
	if (err)
		return err;
	for (unsigned n = 0;
	     n < BATCH_ROWS && !(end = snapshot_next(from, &row.table, &key, &value)); n++) {
		row.len = key.len;
		memcpy(row.bytes, key.data, key.len);
		store_put(s->store, &row, value);
	}
	err = store_commit(s->store);
	return err ? err : end;
}

enum parlor_err scratch_fill(struct scratch *s, struct snapshot *from)
{
	enum parlor_err err;
	store_read_end(s->store);
	do
		err = fill_batch(s, from);
	while (!err);
	enum parlor_err turn = store_read_begin(s->store);
	return err == PARLOR_E_NOT_FOUND ? turn : err;
}

static enum parlor_err write_batch(struct scratch *s, struct core *core, core_put_fn *put)
{
	uint64_t covered;
	enum parlor_err err = store_reserve(s->store, BATCH_ROWS * ROW_COST_BYTES);
	if (!err)
		err = store_begin(s->store);
	if (err)
		return err;
	core_write_back(core, BATCH_ROWS, put, s->store, &covered);
	return store_commit(s->store);
}

static bool too_much(struct core *core)
{
	struct core_counts n;
	core_counts(core, &n);
	return n.resident_bytes > core_limits_default.resident_bytes;
}

/* A call looks at some rows only: as long as any of them goes, others may. */
static void evict(struct core *core)
{
	struct core_counts before, n;
	core_counts(core, &n);
	do {
		before = n;
		core_evict(core);
		core_counts(core, &n);
	} while (too_much(core) && n.evicted > before.evicted);
}

enum parlor_err scratch_write_back(struct scratch *s, struct core *core, core_put_fn *put)
{
	enum parlor_err err;
	store_read_end(s->store);
	do
		err = write_batch(s, core, put ? put : store_put);
	while (!err && (core_dirty(core) > 0 || core_writing(core)));
	enum parlor_err turn = store_read_begin(s->store);
	if (!err)
		err = turn;
	if (!err) {
		core_landed(core);
		evict(core);
	}
	return err;
}
