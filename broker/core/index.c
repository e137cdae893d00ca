#include "core/index.h"

#include "core/block.h"

#include <assert.h>

static struct span bytes_of(const struct block *b)
{
	return (struct span){b->bytes.data, b->bytes.len};
}

static struct block *resident(struct core *c, uint64_t room, uint64_t no)
{
	struct pair_key key = {room, no};
	struct block *b;
	HASH_FIND(by_no, c->blocks, &key, sizeof key, b);
	return b;
}

static void drop(struct core *c, struct block *b)
{
	HASH_DELETE(by_no, c->blocks, b);
	if (b->room->tail == b)
		b->room->tail = NULL;
	buf_fini(&b->bytes);
	pool_put(&c->block_pool, b);
}

static struct block *add(struct core *c, struct room *r, uint64_t no)
{
	struct block *b = pool_get(&c->block_pool, sizeof *b);
	b->key = (struct pair_key){r->no, no};
	b->room = r;
	HASH_ADD(by_no, c->blocks, key, sizeof b->key, b);
	return b;
}

/* The stored bytes; empty when there are none. */
static enum parlor_err stored(struct core *c, uint64_t room, uint64_t no, struct span *bytes)
{
	struct row_key key;
	row_key_block(&key, room, no);
	*bytes = (struct span){NULL, 0};
	enum parlor_err err = tables_get(c, &key, bytes);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

static enum parlor_err bytes_at(struct core *c, uint64_t room, uint64_t no, struct span *bytes)
{
	const struct block *b = resident(c, room, no);
	if (!b)
		return stored(c, room, no, bytes);
	*bytes = bytes_of(b);
	return PARLOR_E_OK;
}

/* Makes the block resident; an empty one when there is none. */
static enum parlor_err load(struct core *c, struct room *r, uint64_t no, struct block **out)
{
	struct span bytes;
	unsigned len = 0;
	*out = resident(c, r->no, no);
	if (*out)
		return PARLOR_E_OK;
	enum parlor_err err = stored(c, r->no, no, &bytes);
	if (!err && bytes.len && !block_count(bytes, &len))
		err = PARLOR_E_STORE_CORRUPT;
	if (err)
		return err;
	*out = add(c, r, no);
	(*out)->len = len;
	buf_put(&(*out)->bytes, bytes.data, bytes.len);
	return PARLOR_E_OK;
}

void index_touch(struct core *c, struct block *b)
{
	if (b->dirty)
		return;
	b->dirty = true;
	/* It is written when it holds more. */
	tables_count_dirty(c, 2 * b->bytes.len);
	DL_APPEND2(b->room->dirty_blocks, b, dirty_prev, dirty_next);
	tables_list_room(c, b->room);
}

/* The block that takes the room's next message. */
static enum parlor_err last_block(struct core *c, struct room *r, uint64_t seq, bool fresh,
				  struct block **out)
{
	uint64_t no = block_no(seq);
	*out = r->tail;
	if (*out && (*out)->key.tail == no)
		return PARLOR_E_OK;
	enum parlor_err err = PARLOR_E_OK;
	if (fresh && block_at(seq) == 0)
		*out = add(c, r, no);
	else
		err = load(c, r, no, out);
	if (err)
		return err;
	struct block *before = r->tail;
	r->tail = *out;
	if (before && !before->dirty && !before->in_flight)
		drop(c, before);
	return PARLOR_E_OK;
}

enum parlor_err index_append(struct core *c, struct room *r, uint64_t seq,
			     const struct row_message *row, bool fresh)
{
	struct block *b;
	enum parlor_err err = last_block(c, r, seq, fresh, &b);
	if (!err && block_at(seq) > b->len)
		err = PARLOR_E_STORE_CORRUPT;
	if (err || block_at(seq) < b->len)
		return err;
	block_append(&b->bytes, row);
	b->len++;
	if (row->keyed)
		filter_add(&r->filter, row->key);
	index_touch(c, b);
	return PARLOR_E_OK;
}

enum parlor_err index_recall(struct core *c, struct room *r, uint64_t seq)
{
	struct block *b;
	enum parlor_err err = load(c, r, block_no(seq), &b);
	if (err)
		return err;
	bool found = block_at(seq) < b->len;
	if (found) {
		block_set_recalled(&b->bytes, block_at(seq));
		index_touch(c, b);
	} else if (!b->dirty && !b->in_flight && r->tail != b) {
		drop(c, b);
	}
	return found ? PARLOR_E_OK : PARLOR_E_STORE_CORRUPT;
}

enum parlor_err index_message(struct core *c, uint64_t room, uint64_t seq, struct row_message *row,
			      bool *found)
{
	struct span bytes;
	enum parlor_err err = bytes_at(c, room, block_no(seq), &bytes);
	unsigned len = 0;
	if (!err && bytes.len && !block_count(bytes, &len))
		err = PARLOR_E_STORE_CORRUPT;
	*found = !err && block_get(bytes, block_at(seq), row);
	return err;
}

/* ---- idempotency keys ------------------------------------------------------- */

static void filter_bytes(struct filter *f, struct span bytes)
{
	struct reader in;
	struct row_message m;
	reader_init(&in, bytes.data, bytes.len);
	while (block_next(&in, &m))
		if (m.keyed)
			filter_add(f, m.key);
}

static bool filter_row(void *arg, const void *key, size_t key_len, struct span value)
{
	(void)key;
	(void)key_len;
	filter_bytes(arg, value);
	return true;
}

/* From what is stored, and from what is not yet. */
static enum parlor_err make_filter(struct core *c, struct room *r)
{
	struct row_key from;
	struct block *b;
	/* What is resident may be stored, too: entries then count twice. */
	filter_make(&r->filter, r->row.last_seq + 2 * BLOCK_MESSAGES);
	row_key_block(&from, r->no, 0);
	enum parlor_err err = PARLOR_E_OK;
	if (r->row.last_seq)
		err = tables_scan(c, &from, ROW_PREFIX, filter_row, &r->filter);
	if (err) {
		filter_fini(&r->filter);
		return err;
	}
	DL_FOREACH2(r->dirty_blocks, b, dirty_next)
	filter_bytes(&r->filter, bytes_of(b));
	DL_FOREACH2(r->frozen_blocks, b, dirty_next)
	filter_bytes(&r->filter, bytes_of(b));
	for (size_t i = 0; r->in_flight && i < c->flight.len; i++) {
		b = c->flight.rows[i].row;
		if (c->flight.rows[i].kind == FLOWN_BLOCK && b->room == r)
			filter_bytes(&r->filter, bytes_of(b));
	}
	return PARLOR_E_OK;
}

enum parlor_err index_key(struct core *c, struct room *r, struct hash128 key, uint64_t *seq,
			  struct row_message *row, bool *found)
{
	*found = false;
	if (!filter_is_made(&r->filter)) {
		enum parlor_err err = make_filter(c, r);
		if (err)
			return err;
	}
	if (!filter_may_hold(&r->filter, key) || !r->row.last_seq)
		return PARLOR_E_OK;
	/* Repeats are mostly of what was just posted: from the newest back. */
	for (uint64_t no = block_no(r->row.last_seq) + 1; no-- > 0 && !*found;) {
		struct span bytes;
		unsigned at;
		enum parlor_err err = bytes_at(c, r->no, no, &bytes);
		if (err)
			return err;
		*found = block_find(bytes, key, &at, row);
		*seq = no * BLOCK_MESSAGES + at + 1;
	}
	return PARLOR_E_OK;
}

/* ---- letting go --------------------------------------------------------------- */

void index_landed(struct core *c, struct block *b)
{
	if (!b->dirty && b->room->tail != b)
		drop(c, b);
}

void index_drop_room(struct core *c, struct room *r)
{
	struct block *b, *next;
	DL_FOREACH_SAFE2(r->dirty_blocks, b, next, dirty_next)
	drop(c, b);
	DL_FOREACH_SAFE2(r->frozen_blocks, b, next, dirty_next)
	drop(c, b);
	if (r->tail)
		drop(c, r->tail);
	r->dirty_blocks = r->frozen_blocks = NULL;
	filter_fini(&r->filter);
}
