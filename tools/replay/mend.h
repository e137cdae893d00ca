/* Text of foreign tables as Parlor takes it: UTF-8 without NUL, ids of 1 to 64
 * bytes. Pure; knows no table. */
#ifndef MEND_H
#define MEND_H

#include "base/buf.h"
#include "core/row.h"

#include <stdbool.h>

struct mend_id {
	char text[ROW_ID_MAX + 1];
	bool empty;    /* there is no such id */
	bool too_long; /* shortened */
	bool invalid;  /* was not UTF-8, or held a NUL */
};
/* What cannot stay as it is becomes its beginning, ~ and a hash of the whole: the
 * same id gives the same one everywhere, another another. */
void mend_id(struct mend_id *, struct span raw);

struct mend_text {
	bool invalid; /* U+FFFD stands for each byte that was none of UTF-8 */
	bool cut;
};
/* Appends it, of at most max bytes. */
struct mend_text mend_text(struct buf *, struct span raw, size_t max);

#endif
