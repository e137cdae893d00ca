#include "state_hash.h"

struct hashing {
	struct hash_stream hash;
	enum row_table table;
};

static bool add_row(void *ctx, const void *key, size_t len, struct span value)
{
	struct hashing *h = ctx;
	row_hash(&h->hash, h->table, (struct span){key, len}, value);
	return true;
}

enum parlor_err state_hash(struct store *s, struct hash128 *out)
{
	struct hashing h;
	struct core_rows rows = store_rows(s);
	enum parlor_err err = store_read_begin(s);
	if (err)
		return err;
	hash_stream_init(&h.hash);
	for (unsigned table = 0; table < ROW_TABLES && !err; table++) {
		/* The lowest key: LMDB has no empty ones. */
		struct row_key first = {.table = (enum row_table)table, .len = 1};
		h.table = first.table;
		err = rows.scan(rows.ctx, &first, 0, add_row, &h);
	}
	store_read_end(s);
	*out = hash_stream_sum(&h.hash);
	return err;
}
