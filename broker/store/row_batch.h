/* Rows to be put in one transaction. Collects them in whatever order they
 * come and puts them sorted by table and key, so that the pages of a table are
 * touched once and in order; of several puts of one key the last one counts. */
#ifndef STORE_ROW_BATCH_H
#define STORE_ROW_BATCH_H

#include "store/env.h"

struct row_key;
struct row_batch_row;

struct row_batch {
	struct buf bytes; /* keys and values */
	struct row_batch_row *rows;
	size_t len, cap;
};

void row_batch_fini(struct row_batch *);
/* value.data NULL: the row goes. Key and value are copied. */
void row_batch_add(struct row_batch *, const struct row_key *, struct span value);
/* Into the write transaction; failures go to env_fail. */
void row_batch_put(struct row_batch *, struct env *);
void row_batch_clear(struct row_batch *);

#endif
