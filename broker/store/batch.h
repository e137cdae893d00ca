/* What one commit writes: entries for the journal, events replaced in it, rows,
 * and how far to trim. Owns copies of all bytes, so that another thread can put
 * them in a transaction; touches LMDB only when it is put. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "store/journal.h"
#include "store/row_batch.h"

struct batch_bytes {
	uint64_t position;
	size_t at, len; /* in batch.bytes */
};

struct batch_list {
	struct batch_bytes *items;
	size_t len, cap;
};

struct batch {
	struct buf bytes;
	struct batch_list entries;
	struct batch_list replaced;
	struct row_batch rows;
	uint64_t trim_first; /* 0: nothing to trim */
	size_t trim_max;
};

void batch_fini(struct batch *);
void batch_clear(struct batch *);
void batch_append(struct batch *, const struct entry *);
void batch_replace(struct batch *, uint64_t position, struct span event);
/* Into the write transaction: all of it, or only the entries and what is replaced in
 * them. Failures go to env_fail. */
void batch_put(struct batch *, struct journal *, struct env *, bool all);

#endif
