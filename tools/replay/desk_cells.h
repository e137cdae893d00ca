/* A row of a desk's table as it should be: cells, one behind the other, each a text as the
 * server tells it, or none, or not known. Owns their form, and what an upsert makes of two
 * rows of one key. */
#ifndef DESK_CELLS_H
#define DESK_CELLS_H

#include "db/upsert.h"

enum cell_state { CELL_TEXT, CELL_NULL, CELL_UNKNOWN };

struct cell {
	enum cell_state state;
	struct span text;
};

void desk_cells_put(struct buf *, struct sql_value);
void desk_cells_put_text(struct buf *, struct span);
void desk_cells_put_unknown(struct buf *);
/* Those that the journal does not tell alone, or not as exactly, are not known. */
void desk_cells_put_all(struct buf *, const struct upsert_column *, const struct sql_value *,
			size_t n);
struct cell desk_cells_next(struct reader *);
/* begins: of a row that was not there, all is told; else only what is set, and the key, which
 * are the first `keys`. was: NULL: it was not there. */
void desk_cells_upsert(struct buf *, const struct upsert_column *, size_t n, size_t keys,
		       struct reader *was, struct reader *now, bool begins);

/* Told as microseconds. */
bool desk_cells_is_time(const char *column);

#endif
