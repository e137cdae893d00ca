/* Rows of conversations as they are shown: with the ids of what they have as numbers.
 * Private to the core. */
#ifndef DESK_SHOW_H
#define DESK_SHOW_H

#include "core/desk/tables.h"
#include "core/desk/view.h"

void conversation_show(struct core *, uint64_t no, const struct row_conversation *,
		       uint64_t position, struct conversation_view *);
void stint_show(struct core *, const struct row_stint *, uint32_t n, struct stint_view *);
/* The struct of a row of the configuration, also of one that was removed; NULL: there is none. */
const void *show_row(struct core *, uint64_t no);

#endif
