/* Write-back: rows leave in passes, some with each commit, and stay in memory
 * until the commit has landed. */
#include "engine.h"

#include <assert.h>

struct write_back {
	struct engine *engine;
	core_put_fn *put;
	void *ctx;
	size_t rows, rows_max;
};

static void count(struct write_back *w)
{
	struct engine *e = w->engine;
	assert(e->dirty_rows > 0);
	/* What it was counted as is not kept: its part of the sum. */
	e->dirty_bytes -= e->dirty_bytes / e->dirty_rows;
	e->dirty_rows--;
	w->rows++;
}

/* True when none is left. */
static bool write_first(struct write_back *w)
{
	struct first_rows *f = &w->engine->first;
	while (f->given < f->added && w->rows < w->rows_max) {
		const struct first_row *row = first_rows_at(f, ++f->given);
		w->put(w->ctx, &row->key, (struct span){row->value, row->value_len});
		count(w);
	}
	return f->given == f->added;
}

/* Given twice in one commit, it is in flight once. */
static void fly(struct engine *e, struct row *row)
{
	if (row->in_flight)
		return;
	row->in_flight = true;
	MEM_GROW(e->flight, e->flight_len, e->flight_cap, 64);
	e->flight[e->flight_len++] = row;
}

static void put_row(struct write_back *w, struct row *row)
{
	const struct row_kind *kind = row->kind;
	struct buf *value = &w->engine->scratch;
	struct row_key key;
	row_key_of(&key, kind, row->at.number, row->at.tail);
	buf_clear(value);
	if (!row->gone && kind->fields)
		fields_encode(value, kind->fields, (const char *)row + kind->fields_at);
	else if (!row->gone)
		kind->put(value, row);
	w->put(w->ctx, &key, (struct span){row->gone ? NULL : value->data, value->len});
	if (kind->put_beside)
		kind->put_beside(row, w->put, w->ctx);
}

static void write_row(struct write_back *w, struct row *row)
{
	struct engine *e = w->engine;
	struct row *head = row->head;
	DL_DELETE2(head->dirty_rows, row, dirty_prev, dirty_next);
	if (--head->dirty_len == 0)
		bits_clear(&e->dirty[head->kind->table], head->at.number);
	row->dirty = false;
	fly(e, row);
	count(w);
	put_row(w, row);
}

static void pass_begin(struct engine *e)
{
	struct pass *p = &e->pass;
	*p = (struct pass){.active = true, .position = e->applied};
	for (int table = 0; table < ROW_TABLES; table++)
		p->last[table] = bits_last(&e->dirty[table]);
}

/* To the next cluster that was dirty when the pass began; false at its end. */
static bool advance(struct engine *e)
{
	struct pass *p = &e->pass;
	for (; p->table < ROW_TABLES; p->table++, p->next = 0) {
		uint64_t number = bits_next(&e->dirty[p->table], p->next);
		if (number > p->last[p->table])
			continue;
		p->head = row_find(e, e->heads[p->table], number, 0);
		assert(p->head && p->head->dirty_len);
		p->left = p->head->dirty_len;
		p->next = number + 1;
		return true;
	}
	return false;
}

/* The next row, and those that have to go with it. */
static void write_group(struct write_back *w)
{
	struct pass *p = &w->engine->pass;
	struct row *head = p->head;
	do {
		write_row(w, head->dirty_rows);
		p->left -= p->left > 0;
	} while (head->dirty_rows && head->dirty_rows->joined);
}

static void write_pass(struct write_back *w)
{
	struct engine *e = w->engine;
	struct pass *p = &e->pass;
	while (p->left || advance(e)) {
		if (w->rows >= w->rows_max)
			return;
		write_group(w);
	}
	p->active = false;
	e->covered = p->position;
}

size_t row_engine_write_back(struct engine *e, size_t rows_max, core_put_fn *put, void *ctx)
{
	struct write_back w = {.engine = e, .put = put, .ctx = ctx, .rows_max = rows_max};
	if (write_first(&w)) {
		if (!e->pass.active)
			pass_begin(e);
		if (w.rows == rows_max)
			w.rows_max++;
		write_pass(&w);
	}
	if (!e->pass.active && !e->dirty_rows) {
		assert(!e->dirty_bytes);
		e->covered = e->applied;
	}
	return w.rows;
}

/* ---- landing ------------------------------------------------------------------------ */

static void settle(struct engine *e)
{
	for (size_t i = 0; i < e->flight_len; i++) {
		struct row *row = e->flight[i];
		row->in_flight = false;
		if (!row->dirty && (row->gone || (row->kind->brief && !row->held)))
			row_drop(e, row);
	}
	e->flight_len = 0;
}

void row_engine_landed(struct engine *e)
{
	for (size_t i = 0; i < e->flight_len; i++) {
		struct row *row = e->flight[i];
		row->joined = false;
		if (row->kind->landed)
			row->kind->landed(row);
	}
	settle(e);
	e->covered_landed = e->covered;
	first_rows_landed(&e->first);
}

void row_engine_unlanded(struct engine *e)
{
	/* Dirty again before they are settled, so that none of them goes. */
	for (size_t i = 0; i < e->flight_len; i++) {
		struct row *row = e->flight[i];
		if (row->kind->failed)
			row->kind->failed(row);
		assert(!row->joined || e->flight[i - 1]->head == row->head);
		if (row->joined)
			row_touch_with(e, row, e->flight[i - 1]);
		else
			row_touch(e, row);
	}
	settle(e);
	size_t first = (size_t)(e->first.given - e->first.landed);
	e->dirty_rows += first;
	e->dirty_bytes += first * sizeof(struct first_row);
	e->first.given = e->first.landed;
	e->covered = e->covered_landed;
	/* The pass under way will not have written what failed: the next one will. */
	e->pass.position = e->covered;
}
