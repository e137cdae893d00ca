/* Rows of a desk in words: what the value of a key says, as far as it fits. Reads what the
 * core stores and knows no state; rows of other tables are told elsewhere. */
#ifndef ROW_TEXT_H
#define ROW_TEXT_H

#include "core/row.h"

/* What the key of a desk's table names: "the conversation"; NULL: it is of another. */
const char *row_text_name(enum row_table, struct span key);
/* False: it is of another table, or damaged. */
bool row_text_desk(char *text, size_t size, enum row_table, struct span key,
		   struct span value) PARLOR_MUST_CHECK;

#endif
