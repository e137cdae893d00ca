#include "engine.h"

#include "large_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_TABLE_LOG2 (e->buckets_log2)

/* Key and numbers of a row as it is stored, about. */
#define ROW_BYTES 128

/* Of the budget there is a bucket for so many: about what a row takes, so that a chain
 * is one row long. */
#define BUCKET_BYTES 512

static uint8_t log2_of(uint64_t n)
{
	uint8_t log2 = 5;
	while (log2 < 22 && UINT64_C(1) << (log2 + 1) <= n)
		log2++;
	return log2;
}

void row_engine_init(struct engine *e, struct core_rows store, const struct row_kind *const heads[],
		     void *owner, uint64_t budget_bytes)
{
	*e = (struct engine){.store = store,
			     .heads = heads,
			     .owner = owner,
			     .budget = budget_bytes,
			     .buckets_log2 = log2_of(budget_bytes / BUCKET_BYTES)};
	row_engine_charge(e, NULL);
}

void row_engine_fini(struct engine *e)
{
	struct row *row, *next;
	/* Heads last: the others refer to them. */
	for (int heads = 0; heads < 2; heads++)
		HASH_ITER (hh, e->rows, row, next)
			if (heads || row->kind->paired) {
				row->refs = 0;
				row->dirty_len = 0;
				row->dirty = row->in_flight = false;
				row->due_at = 0;
				row_drop(e, row);
			}
	for (int table = 0; table < ROW_TABLES; table++)
		bits_fini(&e->dirty[table]);
	for (int kind = 0; kind < ENGINE_KINDS_MAX; kind++)
		pool_fini(&e->pools[kind]);
	deadlines_fini(&e->deadlines);
	first_rows_fini(&e->first);
	free(e->flight);
	buf_fini(&e->scratch);
}

void row_engine_charge(struct engine *e, struct meter *meter)
{
	e->meter = meter ? meter : &e->unasked;
}

/* ---- rows of the store ---------------------------------------------------------- */

enum parlor_err row_engine_get(struct engine *e, const struct row_key *key, struct span *value)
{
	meter_read(e->meter);
	return e->store.get(e->store.ctx, key, value);
}

struct metered_scan {
	struct meter *meter;
	core_scan_fn *fn;
	void *arg;
};

static bool scan_one(void *arg, const void *key, size_t key_len, struct span value)
{
	struct metered_scan *scan = arg;
	meter_walk(scan->meter, 1);
	return scan->fn(scan->arg, key, key_len, value);
}

enum parlor_err row_engine_scan(struct engine *e, const struct row_key *from, size_t prefix_len,
				core_scan_fn *fn, void *arg)
{
	struct metered_scan scan = {e->meter, fn, arg};
	meter_read(e->meter);
	return e->store.scan(e->store.ctx, from, prefix_len, scan_one, &scan);
}

/* ---- what is due ------------------------------------------------------------------- */

void row_set_due(struct engine *e, struct row *row)
{
	if (row->kind->due_us)
		deadlines_set(&e->deadlines, row, row->gone ? 0 : row->kind->due_us(row));
}

uint64_t row_engine_due(const struct engine *e)
{
	uint64_t due_us;
	return deadlines_first(&e->deadlines, &due_us) ? due_us : UINT64_MAX;
}

enum parlor_err row_engine_expire(struct engine *e, uint64_t now_us, size_t max, uint64_t steps_max,
				  bool *more)
{
	enum parlor_err err = PARLOR_E_OK;
	uint64_t due_us, begun = e->meter->steps;
	struct row *row;
	*more = false;
	while (!err && (row = deadlines_first(&e->deadlines, &due_us)) && due_us <= now_us) {
		*more = max-- == 0 || e->meter->steps - begun >= steps_max;
		if (*more)
			break;
		uint64_t was_us = due_us;
		meter_walk(e->meter, 1);
		e->expired++;
		err = row->kind->expire(e->owner, row);
		/* Else it would be due for ever. */
		assert(err || deadlines_first(&e->deadlines, &due_us) != row || due_us > was_us);
	}
	return err;
}

/* ---- rows in memory ---------------------------------------------------------------- */

struct row *row_find(const struct engine *e, const struct row_kind *kind, uint64_t number,
		     uint64_t tail)
{
	struct row_at at = {number, tail, kind->no};
	struct row *row;
	HASH_FIND(hh, e->rows, &at, sizeof at, row);
	if (row)
		row->used = true;
	return row;
}

struct row *row_add(struct engine *e, const struct row_kind *kind, uint64_t number, uint64_t tail,
		    struct row *head)
{
	struct row *row = pool_get(&e->pools[kind->no], kind->size);
	assert(kind->no < ENGINE_KINDS_MAX && kind->paired == (head != NULL));
	row->at = (struct row_at){number, tail, kind->no};
	row->kind = kind;
	row->head = head ? head : row;
	if (head)
		head->refs++;
	row->used = true;
	HASH_ADD(hh, e->rows, at, sizeof row->at, row);
	e->counts[kind->no]++;
	e->loaded++;
	row->bytes = kind->size + HASH_ENTRY_BYTES;
	e->bytes += row->bytes;
	return row;
}

void row_key_of(struct row_key *key, const struct row_kind *kind, uint64_t number, uint64_t tail)
{
	if (kind->paired)
		row_key_pair(key, kind->table, number, kind->sub, tail);
	else
		row_key_one(key, kind->table, number, kind->sub);
}

enum parlor_err row_look(struct engine *e, const struct row_kind *kind, uint64_t number,
			 uint64_t tail, struct row **row, struct span *value)
{
	struct row_key key;
	*value = (struct span){NULL, 0};
	*row = row_find(e, kind, number, tail);
	if (*row)
		return PARLOR_E_OK;
	row_key_of(&key, kind, number, tail);
	enum parlor_err err = row_engine_get(e, &key, value);
	if (err)
		*value = (struct span){NULL, 0};
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

enum parlor_err row_load(struct engine *e, const struct row_kind *kind, uint64_t number,
			 uint64_t tail, struct row *head, struct row **out, bool *read)
{
	struct span value;
	*read = false;
	enum parlor_err err = row_look(e, kind, number, tail, out, &value);
	if (err || *out || !value.data)
		return err;
	struct row *row = row_add(e, kind, number, tail, head);
	if (kind->fields ? !fields_decode_whole(value, kind->fields, (char *)row + kind->fields_at)
			 : !kind->get(row, value)) {
		row_drop(e, row);
		return PARLOR_E_STORE_CORRUPT;
	}
	row_set_due(e, row);
	*read = true;
	*out = row;
	return PARLOR_E_OK;
}

void row_refer(struct row *row, struct row *other)
{
	row->other = other;
	other->refs++;
}

void row_resize(struct engine *e, struct row *row, size_t extra)
{
	uint64_t bytes = row->kind->size + HASH_ENTRY_BYTES + extra;
	e->bytes += bytes;
	e->bytes -= row->bytes;
	row->bytes = bytes;
}

/* Of what it owns beside its struct nearly all is stored. */
static void count_dirty(struct engine *e, const struct row *row)
{
	size_t rows = row->kind->put_beside ? 3 : 1;
	e->dirty_rows++;
	e->dirty_bytes += rows * ROW_BYTES + row->bytes - row->kind->size - HASH_ENTRY_BYTES;
}

void row_touch(struct engine *e, struct row *row)
{
	struct row *head = row->head;
	row_set_due(e, row);
	if (row->dirty)
		return;
	row->dirty = true;
	count_dirty(e, row);
	DL_APPEND2(head->dirty_rows, row, dirty_prev, dirty_next);
	if (head->dirty_len++ == 0)
		bits_set(&e->dirty[head->kind->table], head->at.number);
}

/* With those that are joined to it: each is written with the one before it. */
static void move_behind(struct row *head, struct row *with, struct row *row)
{
	struct row *next;
	do {
		next = row->dirty_next;
		assert(row != with);
		DL_DELETE2(head->dirty_rows, row, dirty_prev, dirty_next);
		DL_APPEND_ELEM2(head->dirty_rows, with, row, dirty_prev, dirty_next);
		with = row;
		row = next;
	} while (row && row->joined);
}

void row_touch_with(struct engine *e, struct row *row, struct row *with)
{
	struct row *head = row->head;
	assert(with->head == head && with != row);
	row_touch(e, with);
	row_set_due(e, row);
	row->joined = true;
	if (row->dirty) {
		move_behind(head, with, row);
		return;
	}
	row->dirty = true;
	count_dirty(e, row);
	DL_APPEND_ELEM2(head->dirty_rows, with, row, dirty_prev, dirty_next);
	head->dirty_len++;
	/* None of those that the pass counted may fall out of its count. */
	if (e->pass.active && e->pass.head == head && e->pass.left)
		e->pass.left++;
}

void row_remove(struct engine *e, struct row *row)
{
	row->gone = true;
	row_touch(e, row);
}

void row_revive(struct engine *e, struct row *row)
{
	row->gone = false;
	row_touch(e, row);
}

static bool is_idle(const struct row *row)
{
	return !row->dirty && !row->in_flight && row->refs == 0 && row->dirty_len == 0 &&
	       !row->due_at;
}

void row_release(struct engine *e, struct row *row)
{
	row->held = false;
	if (is_idle(row))
		row_drop(e, row);
}

void row_drop(struct engine *e, struct row *row)
{
	assert(is_idle(row));
	row->kind->drop(e->owner, row);
	if (row->head != row)
		row->head->refs--;
	if (row->other)
		row->other->refs--;
	if (e->hand == row)
		e->hand = row->hh.next;
	HASH_DELETE(hh, e->rows, row);
	e->counts[row->kind->no]--;
	e->bytes -= row->bytes;
	pool_put(&e->pools[row->kind->no], row);
}

/* ---- first rows -------------------------------------------------------------------- */

uint64_t first_row_add(struct engine *e, const struct row_key *key, struct span value,
		       uint64_t before)
{
	struct first_row *row = first_rows_push(&e->first, before);
	assert(value.len <= sizeof row->value);
	row->key = *key;
	memcpy(row->value, value.data, value.len);
	row->value_len = (uint8_t)value.len;
	e->dirty_rows++;
	e->dirty_bytes += sizeof *row;
	return e->first.added;
}

/* ---- memory -------------------------------------------------------------------------- */

/* Looked at beyond what was read: a turn must stay short. */
#define EVICT_STEPS 256
/* Looked at for each row that was read: the first look takes the mark of use away,
 * and what is dirty stays. */
#define EVICT_STEPS_A_ROW 4

static void evict(struct engine *e, struct row *row)
{
	row_drop(e, row);
	e->evicted++;
}

/* What it was the last to refer to goes with it. */
static void evict_with(struct engine *e, struct row *row)
{
	struct row *head = row->head == row ? NULL : row->head, *other = row->other;
	evict(e, row);
	if (head && !head->used && is_idle(head))
		evict(e, head);
	if (other && !other->used && is_idle(other))
		evict(e, other);
}

uint64_t row_engine_bytes(const struct engine *e)
{
	uint64_t bytes = e->bytes + first_rows_bytes(&e->first) +
			 e->deadlines.cap * sizeof *e->deadlines.heap +
			 e->flight_cap * sizeof *e->flight;
	for (int table = 0; table < ROW_TABLES; table++)
		bytes += bits_bytes(&e->dirty[table]);
	return bytes;
}

void row_engine_evict(struct engine *e, uint64_t beside)
{
	beside += row_engine_bytes(e) - e->bytes;
	uint64_t steps = EVICT_STEPS + EVICT_STEPS_A_ROW * e->loaded;
	uint64_t resident = HASH_COUNT(e->rows);
	if (steps > 2 * resident) /* twice round is enough */
		steps = 2 * resident;
	e->loaded = 0;
	for (; steps > 0 && e->bytes + beside > e->budget; steps--) {
		struct row *row = e->hand ? e->hand : e->rows;
		if (!row)
			return;
		e->hand = row->hh.next;
		if (row->used || row->gone || !is_idle(row)) {
			row->used = false;
			continue;
		}
		evict_with(e, row);
	}
}
