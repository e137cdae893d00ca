#include "audit/engine.h"

#include "core/kinds.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define DIRTY_MAX 200000

/* Nothing is decided in an audit, so nothing is emitted. */
static void no_record(void *ctx, const struct record *r)
{
	(void)ctx;
	(void)r;
	assert(!"an audit emits no records");
}

enum parlor_err engine_init_deciding(struct engine *e, struct source *source, struct core_sink sink)
{
	*e = (struct engine){.source = source, .next = 1};
	enum parlor_err err = scratch_open(&e->scratch, source->why, sizeof source->why);
	if (!err)
		e->core = core_new(&core_limits_default, scratch_rows(&e->scratch), sink);
	return err;
}

enum parlor_err engine_init(struct engine *e, struct source *source)
{
	return engine_init_deciding(e, source, (struct core_sink){.record = no_record});
}

void engine_fini(struct engine *e)
{
	core_free(e->core);
	snapshot_close(&e->snapshot);
	scratch_close(&e->scratch);
	*e = (struct engine){0};
}

void engine_prefer_snapshot(struct engine *e)
{
	e->from_snapshot = true;
}

void engine_limit_to_marks(struct engine *e, const uint64_t *marks)
{
	e->marks = marks;
}

/* What the snapshot has of it; the rest comes by with the records. */
static void find_room(struct engine *e)
{
	struct core_rows rows = engine_rows(e);
	struct row_key key;
	struct span value;
	uint64_t number;
	row_key_name(&key, 'T', 0, e->tenant);
	if (rows.get(rows.ctx, &key, &value) || !row_get_number(value, &number))
		return;
	e->tenant_no = (uint32_t)number;
	row_key_name(&key, 'R', e->tenant_no, e->room);
	if (!rows.get(rows.ctx, &key, &value) && row_get_number(value, &number))
		e->room_no = number;
}

void engine_limit_to_room(struct engine *e, struct span tenant, struct span room)
{
	e->tenant = tenant;
	e->room = room;
	if (e->base)
		find_room(e);
}

/* ---- where it begins ------------------------------------------------------------ */

static enum parlor_err no_base(struct engine *e, enum parlor_err err, const char *why)
{
	struct source *s = e->source;
	if (s->first > 1)
		return source_fault(s, err, s->first,
				    "%s: the journal begins at position %" PRIu64 " and %s", s->dir,
				    s->first, why);
	return source_fault(s, err, 0, "%s: %s", s->dir, why);
}

static enum parlor_err check_base(struct engine *e, uint64_t upto)
{
	const struct snapshot_head *head = &e->snapshot.head;
	char why[160];
	uint64_t shared = lineage_shared(store_lineage(e->source->store), head->journal_id);
	if (!shared)
		return no_base(e, PARLOR_E_NOT_FOUND, "the snapshot is of another journal");
	uint64_t digest = head->digest;
	enum parlor_err err = source_digest(e->source, head->position, &digest);
	if (err)
		return err;
	/* Where the record is trimmed, the broker compared it before. */
	if (digest != head->digest || head->position > shared)
		return no_base(e, PARLOR_E_NOT_FOUND,
			       "the snapshot is of a journal that went on elsewhere");
	if (head->position + 1 >= e->source->first && head->position <= upto)
		return PARLOR_E_OK;
	snprintf(why, sizeof why,
		 "the snapshot is of position %" PRIu64 ": that tells nothing of %" PRIu64,
		 head->position, upto < head->position ? upto : e->source->first - 1);
	return no_base(e, PARLOR_E_NOT_FOUND, why);
}

/* All of it is read once before any of it is believed. */
static enum parlor_err read_base(struct engine *e)
{
	enum row_table table;
	struct span key, value;
	enum parlor_err err;
	do
		err = snapshot_next(&e->snapshot, &table, &key, &value);
	while (!err);
	return err == PARLOR_E_NOT_FOUND ? snapshot_rewind(&e->snapshot) : err;
}

static enum parlor_err find_base(struct engine *e, uint64_t upto)
{
	enum parlor_err err = snapshot_open(&e->snapshot, e->source->dir);
	if (err == PARLOR_E_NOT_FOUND)
		return no_base(e, err, "there is no snapshot of the state before it");
	if (!err)
		err = read_base(e);
	if (err == PARLOR_E_STORE_CORRUPT)
		return no_base(e, PARLOR_E_NOT_FOUND, "the snapshot is damaged");
	if (err)
		return no_base(e, PARLOR_E_NOT_FOUND, "the snapshot cannot be read");
	return check_base(e, upto);
}

/* The snapshot has been read once, and stands at its beginning. */
static enum parlor_err load_base(struct engine *e)
{
	enum parlor_err err = scratch_fill(&e->scratch, &e->snapshot);
	if (!err)
		err = core_load(e->core);
	if (!err && core_position(e->core) != e->snapshot.head.position)
		return no_base(e, PARLOR_E_NOT_FOUND, "the snapshot is of another position");
	if (err)
		return no_base(e, PARLOR_E_IO, "the snapshot cannot be loaded");
	e->base = e->snapshot.head.position;
	e->next = e->base + 1;
	return PARLOR_E_OK;
}

enum parlor_err engine_start(struct engine *e, uint64_t upto)
{
	bool whole = e->source->first <= 1;
	progress_begin(&e->progress, "records re-executed", upto);
	e->next = 1;
	if (whole && !e->from_snapshot)
		return PARLOR_E_OK;
	enum parlor_err err = find_base(e, upto);
	if (!err)
		return load_base(e);
	snapshot_close(&e->snapshot);
	if (!whole)
		return err;
	e->source->why[0] = 0;
	return PARLOR_E_OK;
}

enum parlor_err engine_start_again(struct engine *e, uint64_t upto)
{
	struct source *source = e->source;
	struct snapshot snapshot = e->snapshot;
	uint64_t base = e->base;
	e->snapshot = (struct snapshot){0};
	engine_fini(e);
	enum parlor_err err = engine_init(e, source);
	e->snapshot = snapshot;
	progress_begin(&e->progress, "records re-executed", upto);
	if (err || !base)
		return err;
	if (snapshot_rewind(&e->snapshot))
		return no_base(e, PARLOR_E_IO, "the snapshot cannot be read");
	return load_base(e);
}

/* Names, and rows of a desk's configuration, which what is about rooms refers to. */
static bool is_for_all(const struct record *r)
{
	const struct record_kind *kind = record_kind(r->kind);
	return kind->partition == PARTITION_NO || kind->about == TOPIC_NONE;
}

static bool is_other_room(struct engine *e, const struct record *r)
{
	if (r->kind == RECORD_TENANT && span_equal(r->tenant_id, e->tenant))
		e->tenant_no = r->tenant;
	if (!e->room.len || is_for_all(r))
		return false;
	if (r->kind == RECORD_ROOM_CREATED && r->tenant == e->tenant_no &&
	    span_equal(r->room_id, e->room))
		e->room_no = r->room;
	return !r->room || r->room != e->room_no;
}

static bool is_behind_mark(const struct engine *e, const struct entry *entry,
			   const struct record *r)
{
	return e->marks && !is_for_all(r) &&
	       entry->partition < store_partitions(e->source->store) &&
	       entry->position > e->marks[entry->partition];
}

struct run {
	struct engine *engine;
	source_fn *each;
	void *arg;
};

static enum parlor_err apply(void *arg, const struct entry *entry, const struct record *r)
{
	struct run *run = arg;
	struct engine *e = run->engine;
	enum parlor_err err = PARLOR_E_OK;
	if (!is_behind_mark(e, entry, r) && !is_other_room(e, r)) {
		if (e->before && (err = e->before(e->before_arg, entry, r)))
			return err;
		err = core_apply(e->core, r);
	}
	if (err)
		return source_fault(e->source, err, entry->position,
				    "journal entry %" PRIu64
				    ": the record does not fit what was before it",
				    entry->position);
	if (core_dirty(e->core) > DIRTY_MAX && (err = engine_settle(e)))
		return err;
	progress_step(&e->progress);
	e->next = entry->position + 1;
	return run->each ? run->each(run->arg, entry, r) : PARLOR_E_OK;
}

enum parlor_err engine_run(struct engine *e, uint64_t upto, source_fn *each, void *arg)
{
	struct run run = {e, each, arg};
	return source_walk(e->source, e->next, upto, apply, &run);
}

enum parlor_err engine_settle(struct engine *e)
{
	enum parlor_err err = scratch_write_back(&e->scratch, e->core, NULL);
	if (err)
		source_fault(e->source, PARLOR_E_IO, 0, "the scratch directory: %s",
			     parlor_err_text(err));
	return err ? PARLOR_E_IO : PARLOR_E_OK;
}

struct core_rows engine_rows(struct engine *e)
{
	return scratch_rows(&e->scratch);
}
