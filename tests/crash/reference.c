#include "reference.h"

#include "core/kinds.h"

#include "base/mem.h"
#include "fail.h"
#include "store/store.h"

#define ROWS 100000

static void must(enum parlor_err err, const char *what)
{
	if (err)
		fail("the reference: %s: %s", what, parlor_err_text(err));
}

/* ---- the journal ----------------------------------------------------------------- */

static void read_heads(struct reference *r, struct store *store)
{
	struct store_walk walk;
	struct entry entry;
	enum parlor_err err;

	must(store_walk_open(store, 1, &walk), "journal");
	while (!(err = store_walk_next(store, &walk, &entry))) {
		buf_put(&r->heads, entry.head.data, entry.head.len);
		r->ends[entry.position] = r->heads.len;
	}
	if (err != PARLOR_E_NOT_FOUND)
		must(err, "journal");
	store_walk_close(store, &walk);
}

void reference_read(struct reference *r, const char *dir)
{
	char why[256] = "";
	struct store *store;
	struct store_options options = {.dir = dir, .read_only = true};
	enum parlor_err err = store_open(&store, &options, 0, why, sizeof why);

	if (err)
		fail("the reference: %s", why);
	*r = (struct reference){.last = store_last(store)};
	r->ends = mem_new((r->last + 1) * sizeof *r->ends);
	r->hashes = mem_new((r->last + 1) * sizeof *r->hashes);
	r->known = mem_new((r->last + 1) * sizeof *r->known);
	must(store_read_begin(store), "turn");
	if (store_first(store) != 1)
		fail("the reference: its journal has no beginning");
	read_heads(r, store);
	store_read_end(store);
	store_close(store);
}

struct span reference_head(const struct reference *r, uint64_t position)
{
	size_t start = r->ends[position - 1];

	return (struct span){r->heads.data + start, r->ends[position] - start};
}

/* ---- executing it ------------------------------------------------------------------- */

static void no_record(void *ctx, const struct record *record)
{
	(void)ctx;
	fail("the reference: a record of kind %d was made", (int)record->kind);
}

static void forget(struct reference *r)
{
	if (!r->core)
		return;
	core_free(r->core);
	r->disk.close(r->disk.ctx);
	r->core = NULL;
}

static void begin_anew(struct reference *r)
{
	forget(r);
	r->disk = disk_in_memory();
	r->core = core_new(&core_limits_default, r->disk.rows(r->disk.ctx),
			   (struct core_sink){.record = no_record});
	must(core_load(r->core), "load");
}

static void execute(struct reference *r, uint64_t position)
{
	while (core_position(r->core) < position) {
		struct record record;
		struct span head = reference_head(r, core_position(r->core) + 1);
		must(record_decode(&record, head.data, head.len), "record");
		must(core_apply(r->core, &record), "apply");
		r->disk.append(r->disk.ctx, record.position, head);
	}
}

static void write_all_rows(struct reference *r)
{
	uint64_t covered;

	while (core_dirty(r->core) || core_writing(r->core)) {
		core_write_back(r->core, ROWS, r->disk.put, r->disk.ctx, &covered);
		r->disk.covered_set(r->disk.ctx, covered);
	}
}

struct hash128 reference_hash(struct reference *r, uint64_t position)
{
	if (r->known[position])
		return r->hashes[position];
	if (!r->core || core_position(r->core) > position)
		begin_anew(r);
	r->disk.begin(r->disk.ctx);
	execute(r, position);
	write_all_rows(r);
	r->disk.commit(r->disk.ctx);
	core_landed(r->core);
	r->hashes[position] = r->disk.hash(r->disk.ctx);
	r->known[position] = true;
	return r->hashes[position];
}

void reference_fini(struct reference *r)
{
	forget(r);
	buf_fini(&r->heads);
	free(r->ends);
	free(r->hashes);
	free(r->known);
}
