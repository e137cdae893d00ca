/* Rows of the store as the engine sees them: in which table, under which key, and
 * how they are read and handed over. What is in them is the business of whoever
 * makes them. Keys begin with the number they cluster by, big-endian. */
#ifndef ENGINE_KEY_H
#define ENGINE_KEY_H

#include "base/buf.h"
#include "base/err.h"

enum row_table { ROW_NAMES, ROW_MEMBERS, ROW_ROOMS, ROW_DESK, ROW_VISITS };
#define ROW_TABLES 5
#define ROW_KEY_MAX 80

struct row_key {
	enum row_table table;
	size_t len;
	uint8_t bytes[ROW_KEY_MAX];
};

/* Bytes of such a key before its last number: the prefix of its kind. */
#define ROW_PREFIX 9
#define ROW_NAME_PREFIX 5 /* of the key of a name: what stands before the id */
/* number, sub, and with row_key_pair another number; of the names, which are found by what
 * they are, sub stands first, and a number of four bytes behind it */
void row_key_one(struct row_key *, enum row_table, uint64_t number, uint8_t sub);
void row_key_pair(struct row_key *, enum row_table, uint64_t number, uint8_t sub, uint64_t tail);
/* The last number of a key made by row_key_pair. */
uint64_t row_key_tail(const void *key, size_t len);

/* Where rows come from that are not in memory. Values borrow until the next
 * call. Keys of a scan come in order; stop by returning false. */
typedef bool core_scan_fn(void *arg, const void *key, size_t key_len, struct span value);
struct core_rows {
	void *ctx;
	/* PARLOR_E_OK, PARLOR_E_NOT_FOUND, or a failure of the store. */
	enum parlor_err (*get)(void *ctx, const struct row_key *, struct span *value);
	/* All rows whose key begins with the first prefix_len bytes of from,
	 * beginning at from. */
	enum parlor_err (*scan)(void *ctx, const struct row_key *from, size_t prefix_len,
				core_scan_fn *fn, void *arg);
};

/* Takes a row that is to be written; value.data NULL: the row goes. */
typedef void core_put_fn(void *ctx, const struct row_key *, struct span value);

#endif
