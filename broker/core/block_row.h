/* Blocks of messages as rows: the last one of its room, and what has not landed.
 * Private to the core. */
#ifndef CORE_BLOCK_ROW_H
#define CORE_BLOCK_ROW_H

#include "core/tables.h"

/* The block, read when it is not resident; an empty one when there is none. */
enum parlor_err block_row_find(struct core *, struct room *, uint64_t no,
			       struct block **) PARLOR_MUST_CHECK;
/* Without looking: no row can hold it yet. */
struct block *block_row_add(struct core *, struct room *, uint64_t no);
/* Its bytes have changed. */
void block_row_touch(struct core *, struct block *);
/* The one that the next message goes into; it stays. */
void block_row_set_tail(struct core *, struct room *, struct block *);

#endif
