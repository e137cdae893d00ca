/* Rows to be put in one transaction. Collects them in whatever order they
 * come and puts them sorted by table and key, so that the pages of a table are
 * touched once and in order; of several puts of one key the last one counts. */
#ifndef STORE_SLICE_H
#define STORE_SLICE_H

#include "store/env.h"

struct row_key;
struct slice_row;

struct slice {
	struct buf bytes; /* keys and values */
	struct slice_row *rows;
	size_t len, cap;
};

void slice_fini(struct slice *);
/* value.data NULL: the row goes. Key and value are copied. */
void slice_add(struct slice *, const struct row_key *, struct span value);
/* Into the write transaction; failures go to env_fail. */
void slice_put(struct slice *, struct env *);
void slice_clear(struct slice *);

#endif
