#include "core/index.h"

#include "core/block.h"

#include <assert.h>

static struct span bytes_of(const struct block *b)
{
	return (struct span){b->bytes.data, b->bytes.len};
}

/* Empty when there are none. A room that is not resident is not made so. */
static enum parlor_err bytes_at(struct core *c, uint64_t room, uint64_t no, struct span *bytes)
{
	struct row_key key;
	const struct block *b = tables_resident_block(c, room, no);
	*bytes = b ? bytes_of(b) : (struct span){NULL, 0};
	if (b)
		return PARLOR_E_OK;
	row_key_block(&key, room, no);
	enum parlor_err err = row_engine_get(&c->engine, &key, bytes);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* The block that takes the room's next message. */
static enum parlor_err last_block(struct core *c, struct room *r, uint64_t seq, bool fresh,
				  struct block **out)
{
	uint64_t no = block_no(seq);
	enum parlor_err err = PARLOR_E_OK;
	*out = r->tail;
	if (*out && (*out)->base.at.tail == no)
		return PARLOR_E_OK;
	if (fresh && block_at(seq) == 0)
		*out = tables_add_block(c, r, no);
	else
		err = tables_block(c, r, no, out);
	if (!err)
		tables_set_tail(c, r, *out);
	return err;
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
	tables_touch_block(c, b);
	return PARLOR_E_OK;
}

enum parlor_err index_recall(struct core *c, struct room *r, uint64_t seq)
{
	struct block *b;
	enum parlor_err err = tables_block(c, r, block_no(seq), &b);
	if (err)
		return err;
	if (block_at(seq) >= b->len) {
		if (!b->base.held)
			row_release(&c->engine, &b->base);
		return PARLOR_E_STORE_CORRUPT;
	}
	block_set_recalled(&b->bytes, block_at(seq));
	tables_touch_block(c, b);
	return PARLOR_E_OK;
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

static void filter_block(struct filter *f, struct span bytes)
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
	filter_block(arg, value);
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
		err = row_engine_scan(&c->engine, &from, ROW_PREFIX, filter_row, &r->filter);
	if (err) {
		filter_fini(&r->filter);
		return err;
	}
	DL_FOREACH (r->blocks, b)
		filter_block(&r->filter, bytes_of(b));
	tables_resize_room(c, r);
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
