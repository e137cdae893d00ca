/* The rows of one table one after the other, in order of keys, from any
 * core_rows. Owns a copy of a page of them: other rows may be read between. */
#ifndef AUDIT_PAGER_H
#define AUDIT_PAGER_H

#include "core/core.h"

struct pager {
	struct core_rows rows;
	struct row_key from; /* of the next page */
	size_t prefix_len;
	struct buf page;
	struct reader at;
	size_t len; /* rows in the page */
	bool ended;
	bool bad; /* a key is longer than any row's */
};

void pager_init(struct pager *, struct core_rows, enum row_table);
/* Only keys that begin as `from` does, beginning at it. */
void pager_init_at(struct pager *, struct core_rows, const struct row_key *from, size_t prefix_len);
void pager_fini(struct pager *);

/* NOT_FOUND behind the last, STORE_CORRUPT at a key that is no row's. Key and value borrow until
 * the next call. */
enum parlor_err pager_next(struct pager *, struct span *key, struct span *value) PARLOR_MUST_CHECK;

#endif
