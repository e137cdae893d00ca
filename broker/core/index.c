#include "core/index.h"

#include "core/block.h"
#include "core/block_row.h"
#include "core/keys.h"
#include "core/room_row.h"

static struct span bytes_of(const struct block *b)
{
	return buf_span(&b->bytes);
}

/* Empty when there are none. A room that is not resident is not made so. */
static enum parlor_err bytes_at(struct core *c, uint64_t room, uint64_t no, struct span *bytes)
{
	struct row *row;
	enum parlor_err err = row_look(&c->engine, &block_kind, room, no, &row, bytes);
	if (row)
		*bytes = bytes_of((const struct block *)row);
	return err;
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
		*out = block_row_add(c, r, no);
	else
		err = block_row_find(c, r, no, out);
	if (!err)
		block_row_set_tail(c, r, *out);
	return err;
}

/* Keys up to here stand in ranges, those behind it in no row but their block's. */
static uint64_t keys_moved(const struct core *c, uint64_t last_seq)
{
	uint64_t full = last_seq / BLOCK_MESSAGES, kept = c->limits.keys_recent_blocks;
	return full > kept ? (full - kept) * BLOCK_MESSAGES : 0;
}

/* Keys of a block and their seqs. */
struct block_keys {
	struct hash128 keys[BLOCK_MESSAGES];
	uint64_t seqs[BLOCK_MESSAGES];
	unsigned len;
};

static enum parlor_err keys_of(struct core *c, struct room *r, uint64_t no, struct block_keys *k)
{
	struct span bytes;
	struct reader in;
	struct row_message m;
	uint64_t seq = no * BLOCK_MESSAGES;
	k->len = 0;
	enum parlor_err err = bytes_at(c, r->no, no, &bytes);
	if (err)
		return err;
	reader_init(&in, bytes.data, bytes.len);
	while (block_next(&in, &m)) {
		seq++;
		if (block_no(seq) != no)
			return PARLOR_E_STORE_CORRUPT;
		if (!m.keyed)
			continue;
		k->keys[k->len] = m.key;
		k->seqs[k->len++] = seq;
	}
	return seq == (no + 1) * BLOCK_MESSAGES ? PARLOR_E_OK : PARLOR_E_STORE_CORRUPT;
}

/* The block was filled: the keys of the one that is recent no more move. Done once
 * more when its record is applied again, because rows may lack it. */
static enum parlor_err move_keys(struct core *c, struct room *r, uint64_t filled)
{
	struct block_keys k;
	uint64_t kept = c->limits.keys_recent_blocks;
	if (filled < kept)
		return PARLOR_E_OK;
	enum parlor_err err = keys_of(c, r, filled - kept, &k);
	for (unsigned step = 0; !err && step < KEYS_PREFETCH_STEPS; step++)
		for (unsigned i = 0; i < k.len; i++)
			keys_prefetch(r, k.keys[i], step);
	for (unsigned i = 0; !err && i < k.len; i++)
		err = keys_add(c, r, k.keys[i], k.seqs[i]);
	return err;
}

enum parlor_err index_append(struct core *c, struct room *r, uint64_t seq,
			     const struct row_message *row, bool fresh)
{
	struct block *b;
	enum parlor_err err = last_block(c, r, seq, fresh, &b);
	if (!err && block_at(seq) > b->len)
		err = PARLOR_E_STORE_CORRUPT;
	if (err)
		return err;
	if (block_at(seq) == b->len) {
		block_append(&b->bytes, row);
		b->len++;
		block_row_touch(c, b);
	}
	if (row->keyed && recent_is_made(&r->recent)) {
		size_t bytes = recent_bytes(&r->recent);
		recent_add(&r->recent, row->key, seq, keys_moved(c, seq));
		if (recent_bytes(&r->recent) != bytes)
			room_resize(c, r);
	}
	if (block_at(seq) == BLOCK_MESSAGES - 1)
		err = move_keys(c, r, block_no(seq));
	return err;
}

enum parlor_err index_recall(struct core *c, struct room *r, uint64_t seq)
{
	struct block *b;
	enum parlor_err err = block_row_find(c, r, block_no(seq), &b);
	if (err)
		return err;
	if (block_at(seq) >= b->len) {
		if (!b->base.held)
			row_release(&c->engine, &b->base);
		return PARLOR_E_STORE_CORRUPT;
	}
	block_set_recalled(&b->bytes, block_at(seq));
	block_row_touch(c, b);
	return PARLOR_E_OK;
}

enum parlor_err index_message(struct core *c, uint64_t room, uint64_t seq, struct row_message *row,
			      bool *found)
{
	struct span bytes;
	enum parlor_err err = bytes_at(c, room, block_no(seq), &bytes);
	if (!err)
		err = block_get(bytes, block_at(seq), row);
	*found = !err;
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* ---- idempotency keys ------------------------------------------------------- */

struct recent_scan {
	struct core *core;
	struct room *room;
};

static void take_recent(struct core *c, struct room *r, uint64_t no, struct span bytes)
{
	struct reader in;
	struct row_message m;
	uint64_t seq = no * BLOCK_MESSAGES;
	reader_init(&in, bytes.data, bytes.len);
	while (block_next(&in, &m)) {
		seq++;
		if (m.keyed)
			recent_add(&r->recent, m.key, seq, r->recent.from);
	}
	meter_walk(c->engine.meter, BLOCK_MESSAGES);
}

static bool take_stored(void *arg, const void *key, size_t key_len, struct span value)
{
	struct recent_scan *scan = arg;
	take_recent(scan->core, scan->room, row_key_tail(key, key_len), value);
	return true;
}

/* From what is stored, and from what is not yet: a few blocks. */
static enum parlor_err make_recent(struct core *c, struct room *r)
{
	struct recent_scan scan = {c, r};
	struct row_key from;
	struct block *b;
	uint64_t moved = keys_moved(c, r->row.last_seq);
	recent_make(&r->recent, moved);
	row_key_block(&from, r->no, moved / BLOCK_MESSAGES);
	enum parlor_err err = PARLOR_E_OK;
	if (r->row.last_seq)
		err = row_engine_scan(&c->engine, &from, ROW_PREFIX, take_stored, &scan);
	if (err) {
		recent_fini(&r->recent);
		return err;
	}
	DL_FOREACH (r->blocks, b)
		take_recent(c, r, b->base.at.tail, bytes_of(b));
	room_resize(c, r);
	return PARLOR_E_OK;
}

static enum parlor_err is_key(struct core *c, struct room *r, uint64_t seq, struct hash128 key,
			      struct row_message *row, bool *found)
{
	enum parlor_err err = index_message(c, r->no, seq, row, found);
	*found = !err && *found && row->keyed && row->key.high == key.high &&
		 row->key.low == key.low;
	return err;
}

enum parlor_err index_key(struct core *c, struct room *r, struct hash128 key, uint64_t *seq,
			  struct row_message *row, bool *found)
{
	enum parlor_err err = PARLOR_E_OK;
	const struct key_entry *entries;
	uint32_t step = 0;
	size_t n = 0;
	*found = false;
	if (!recent_is_made(&r->recent))
		err = make_recent(c, r);
	while (!err && !*found && (*seq = recent_find(&r->recent, key, &step)))
		err = is_key(c, r, *seq, key, row, found);
	if (err || *found || !keys_moved(c, r->row.last_seq))
		return err;
	err = keys_find(c, r, key, &entries, &n);
	for (size_t i = 0; !err && !*found && i < n; i++) {
		*seq = entries[i].seq;
		err = is_key(c, r, *seq, key, row, found);
	}
	return err;
}
