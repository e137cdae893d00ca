/* Rows of a desk's configuration as foreign tables have them, made such as a broker takes
 * them: ids of 1 to 64 bytes, texts of UTF-8 and not too long, numbers in their range. Tells
 * every repair to findings. */
#ifndef DESK_MEND_H
#define DESK_MEND_H

#include "adopt/old_row.h"
#include "findings.h"

/* row.row into out, whose texts lie in `texts`; bare: only its key. */
void desk_mend(struct findings *, const struct old_row *, bool bare, struct buf *texts,
	       union row_any *out);
/* An id into `id` (ROW_ID_MAX + 1 bytes); false: it is empty. */
bool desk_mend_id(struct findings *, const struct old_row *, struct span raw, char *id);
/* Appends a text of at most max bytes. */
void desk_mend_text(struct findings *, const struct old_row *, struct span raw, size_t max,
		    struct buf *into);

#endif
