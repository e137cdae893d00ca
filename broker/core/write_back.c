/* Write-back and eviction: rows leave in passes. A pass takes what is dirty
 * when it begins, sorted by key, and gives it out in slices; when it ends, all
 * changes up to its beginning are in rows. A row that was given away is in flight,
 * and stays, until the commit that took it has landed or failed. */
#include "core/index.h"
#include "core/tables.h"

#include <assert.h>
#include <stdlib.h>

struct writer {
	struct core *core;
	core_put_fn *put;
	void *ctx;
	size_t rows;
};

static void put_scratch(struct writer *w, const struct row_key *key)
{
	w->put(w->ctx, key, (struct span){w->core->scratch.data, w->core->scratch.len});
}

static void put_nothing(struct writer *w, const struct row_key *key)
{
	w->put(w->ctx, key, (struct span){NULL, 0});
}

static void written(struct writer *w)
{
	struct core *c = w->core;
	assert(c->dirty_rows > 0);
	/* What it was counted as is not kept: its part of the sum. */
	c->dirty_bytes -= c->dirty_bytes / c->dirty_rows;
	c->dirty_rows--;
	w->rows++;
}

/* Given twice in one commit, it is in flight once. */
static void fly(struct core *c, enum flown_kind kind, void *row, bool *in_flight)
{
	struct flight *f = &c->flight;
	if (*in_flight)
		return;
	*in_flight = true;
	if (f->len == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 64;
		f->rows = mem_resize(f->rows, f->cap, sizeof *f->rows);
	}
	f->rows[f->len++] = (struct flown){kind, row};
}

/* The same of what belongs to a room. */
static void fly_of(struct core *c, struct room *r, enum flown_kind kind, void *row, bool *in_flight)
{
	r->in_flight += !*in_flight;
	fly(c, kind, row, in_flight);
}

/* True when none is left. */
static bool write_fresh(struct writer *w, size_t rows_max)
{
	struct core *c = w->core;
	while (c->fresh_at < c->fresh_len && w->rows < rows_max) {
		struct fresh *f = &c->fresh[c->fresh_at++];
		w->put(w->ctx, &f->key, (struct span){f->value, f->value_len});
		written(w);
	}
	return c->fresh_at == c->fresh_len;
}

static void write_state(struct writer *w)
{
	struct row_key key;
	row_key_state(&key);
	buf_clear(&w->core->scratch);
	row_put_state(&w->core->scratch, &w->core->state);
	put_scratch(w, &key);
}

static void write_member(struct writer *w, struct member *m)
{
	struct row_key key;
	row_key_member(&key, m->no);
	buf_clear(&w->core->scratch);
	row_put_member(&w->core->scratch, &m->row);
	put_scratch(w, &key);
	m->dirty = false;
	fly(w->core, FLOWN_MEMBER, m, &m->in_flight);
	written(w);
}

static void write_membership(struct writer *w, struct membership *ms)
{
	struct core *c = w->core;
	struct row_key row_key, index_key;
	row_key_membership(&row_key, ms->key.room, ms->key.tail);
	row_key_in_room(&index_key, ms->key.tail, ms->key.room);

	DL_DELETE2(ms->room->frozen_memberships, ms, dirty_prev, dirty_next);
	ms->dirty = false;
	fly_of(c, ms->room, FLOWN_MEMBERSHIP, ms, &ms->in_flight);
	written(w);
	if (ms->gone) {
		put_nothing(w, &row_key);
		put_nothing(w, &index_key);
		ms->indexed = false;
		return;
	}
	buf_clear(&c->scratch);
	row_put_membership(&c->scratch, &ms->row);
	put_scratch(w, &row_key);
	if (!ms->indexed)
		w->put(w->ctx, &index_key, (struct span){"", 0});
	ms->indexed = true;
}

static void write_block(struct writer *w, struct block *b)
{
	struct row_key key;
	row_key_block(&key, b->key.room, b->key.tail);
	w->put(w->ctx, &key, (struct span){b->bytes.data, b->bytes.len});
	DL_DELETE2(b->room->frozen_blocks, b, dirty_prev, dirty_next);
	b->dirty = false;
	fly_of(w->core, b->room, FLOWN_BLOCK, b, &b->in_flight);
	written(w);
}

static void write_room_row(struct writer *w, struct room *r)
{
	struct row_key key;
	row_key_room(&key, r->no);
	buf_clear(&w->core->scratch);
	row_put_room(&w->core->scratch, &r->row);
	put_scratch(w, &key);
	r->row_dirty = false;
	fly_of(w->core, r, FLOWN_ROOM, r, &r->row_in_flight);
	written(w);
}

/* True when all that the pass holds of the room is written. */
static bool write_room(struct writer *w, struct room *r, size_t rows_max)
{
	if (r->row_dirty)
		write_room_row(w, r);
	while (r->frozen_memberships && w->rows < rows_max)
		write_membership(w, r->frozen_memberships);
	while (r->frozen_blocks && w->rows < rows_max)
		write_block(w, r->frozen_blocks);
	return !r->frozen_memberships && !r->frozen_blocks;
}

static int by_room_no(const void *a, const void *b)
{
	uint64_t x = ((const struct pass_room *)a)->no, y = ((const struct pass_room *)b)->no;
	return (x > y) - (x < y);
}

static int by_member_no(const void *a, const void *b)
{
	uint64_t x = (*(struct member *const *)a)->no, y = (*(struct member *const *)b)->no;
	return (x > y) - (x < y);
}

static void pass_begin(struct core *c)
{
	struct pass *p = &c->pass;
	p->active = true;
	p->position = c->applied;

	p->rooms = mem_resize(p->rooms, c->dirty_rooms_len + 1, sizeof *p->rooms);
	p->rooms_len = p->rooms_at = 0;
	struct room *r, *room_next;
	LL_FOREACH_SAFE2(c->dirty_rooms, r, room_next, dirty_next)
	{
		r->listed = false;
		r->frozen = true;
		assert(!r->frozen_memberships && !r->frozen_blocks);
		r->frozen_memberships = r->dirty_memberships;
		r->frozen_blocks = r->dirty_blocks;
		r->dirty_memberships = NULL;
		r->dirty_blocks = NULL;
		p->rooms[p->rooms_len++] = (struct pass_room){r->no, r};
	}
	c->dirty_rooms = NULL;
	c->dirty_rooms_len = 0;
	qsort(p->rooms, p->rooms_len, sizeof *p->rooms, by_room_no);

	p->members = mem_resize(p->members, c->dirty_members_len + 1, sizeof *p->members);
	p->members_len = p->members_at = 0;
	struct member *m;
	LL_FOREACH2(c->dirty_members, m, dirty_next)
	p->members[p->members_len++] = m;
	c->dirty_members = NULL;
	c->dirty_members_len = 0;
	qsort(p->members, p->members_len, sizeof *p->members, by_member_no);
}

static void pass_slice(struct writer *w, size_t rows_max)
{
	struct pass *p = &w->core->pass;
	while (p->members_at < p->members_len && w->rows < rows_max)
		write_member(w, p->members[p->members_at++]);
	while (p->rooms_at < p->rooms_len && w->rows < rows_max) {
		struct room *r = p->rooms[p->rooms_at].room;
		if (!write_room(w, r, rows_max))
			continue;
		r->frozen = false;
		p->rooms_at++;
	}
	if (p->members_at == p->members_len && p->rooms_at == p->rooms_len) {
		p->active = false;
		w->core->state.covered = p->position;
	}
}

size_t core_write_back(struct core *c, size_t rows_max, core_put_fn *put, void *ctx,
		       uint64_t *covered)
{
	struct writer w = {.core = c, .put = put, .ctx = ctx};
	/* Names and stays first: what refers to them is written behind them. */
	if (write_fresh(&w, rows_max)) {
		if (!c->pass.active)
			pass_begin(c);
		pass_slice(&w, rows_max > w.rows ? rows_max : w.rows + 1);
	}
	if (!c->pass.active && !c->dirty_rows)
		c->state.covered = c->applied;
	write_state(&w);
	*covered = c->state.covered;
	return w.rows;
}

/* ---- landing ------------------------------------------------------------------ */

static void landed(struct core *c, const struct flown *f)
{
	if (f->kind == FLOWN_MEMBER) {
		((struct member *)f->row)->in_flight = false;
	} else if (f->kind == FLOWN_ROOM) {
		struct room *r = f->row;
		r->row_in_flight = false;
		r->in_flight--;
	} else if (f->kind == FLOWN_MEMBERSHIP) {
		struct membership *ms = f->row;
		ms->in_flight = false;
		ms->room->in_flight--;
		if (ms->gone && !ms->dirty)
			tables_forget_gone(c, ms);
	} else {
		struct block *b = f->row;
		b->in_flight = false;
		b->room->in_flight--;
		index_landed(c, b);
	}
}

void core_landed(struct core *c)
{
	for (size_t i = 0; i < c->flight.len; i++)
		landed(c, &c->flight.rows[i]);
	c->flight.len = 0;
	c->flight.covered = c->state.covered;
	c->fresh_landed = c->fresh_at;
	if (c->fresh_at == c->fresh_len)
		c->fresh_landed = c->fresh_at = c->fresh_len = 0;
}

static void unlanded(struct core *c, const struct flown *f)
{
	if (f->kind == FLOWN_MEMBER) {
		tables_touch_member(c, f->row);
	} else if (f->kind == FLOWN_ROOM) {
		tables_touch_room(c, f->row);
	} else if (f->kind == FLOWN_MEMBERSHIP) {
		((struct membership *)f->row)->indexed = false;
		tables_touch_membership(c, f->row);
	} else {
		index_touch(c, f->row);
	}
}

/* Dirty again before it has landed, so that nothing of it may go. */
void core_unlanded(struct core *c)
{
	for (size_t i = 0; i < c->flight.len; i++)
		unlanded(c, &c->flight.rows[i]);
	while (c->fresh_at > c->fresh_landed) {
		c->fresh_at--;
		tables_count_dirty(c, sizeof(struct fresh));
	}
	c->state.covered = c->flight.covered;
	/* The pass under way will not have written what failed: the next one will. */
	c->pass.position = c->state.covered;
	core_landed(c);
}

size_t core_dirty_bytes(const struct core *c)
{
	return c->dirty_bytes;
}

bool core_writing(const struct core *c)
{
	return c->pass.active;
}

size_t core_dirty(const struct core *c)
{
	return c->dirty_rows;
}

static bool room_is_clean(const struct room *r)
{
	return !r->listed && !r->frozen && !r->row_dirty && !r->in_flight;
}

/* How many rooms one call looks at: a turn must stay short. */
#define EVICT_STEPS 256

/* Twice round is enough: the first takes the marks of use away. */
static size_t steps_for(size_t resident)
{
	return resident < EVICT_STEPS / 2 ? 2 * resident : EVICT_STEPS;
}

static void evict_rooms(struct core *c)
{
	size_t steps = steps_for(HASH_CNT(by_no, c->rooms_by_no));
	while (steps-- > 0) {
		if (HASH_CNT(by_no, c->rooms_by_no) <= c->limits.rooms_resident &&
		    HASH_CNT(by_pair, c->memberships) <= c->limits.memberships_resident)
			return;
		struct room *r = c->hand ? c->hand : c->rooms_by_no;
		if (!r)
			return;
		c->hand = r->by_no.next;
		if (r->used || !room_is_clean(r)) {
			r->used = false;
			continue;
		}
		tables_drop_room(c, r);
		c->evicted++;
	}
}

static void evict_members(struct core *c)
{
	size_t steps = steps_for(HASH_CNT(by_no, c->members_by_no));
	while (steps-- > 0) {
		if (HASH_CNT(by_no, c->members_by_no) <= c->limits.members_resident)
			return;
		struct member *m = c->member_hand ? c->member_hand : c->members_by_no;
		if (!m)
			return;
		c->member_hand = m->by_no.next;
		if (m->memberships || m->dirty || m->in_flight)
			continue;
		tables_drop_member(c, m);
		c->evicted++;
	}
}

void core_evict(struct core *c)
{
	evict_rooms(c);
	evict_members(c);
}

void core_counts(const struct core *c, struct core_counts *counts)
{
	*counts = (struct core_counts){
		.rooms_resident = HASH_CNT(by_no, c->rooms_by_no),
		.memberships_resident = HASH_CNT(by_pair, c->memberships),
		.members_resident = HASH_CNT(by_no, c->members_by_no),
		.blocks_resident = HASH_CNT(by_no, c->blocks),
		.dirty_rows = c->dirty_rows,
		.rooms = c->state.rooms,
		.members = c->state.members,
		.tenants = c->state.tenants,
		.evicted = c->evicted,
	};
}
