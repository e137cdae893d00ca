/* The meta database: what a data directory says of itself, a few numbers under
 * their names, and its lineage. Owns their form; works on the transactions of
 * env.h. */
#ifndef STORE_META_H
#define STORE_META_H

#include "store/env.h"
#include "store/lineage.h"

/* In the write transaction; failures go to env_fail. */
void meta_put(struct env *, const char *name, uint64_t number);
/* In a read transaction. STORE_CORRUPT when it is not there. */
enum parlor_err meta_get(struct env *, const char *name, uint64_t *number,
			 struct why) PARLOR_MUST_CHECK;

/* The lineage, and of which file it is. */
void meta_put_lineage(struct env *, const struct lineage *);
/* *is_copy: it is of another file, or of none. */
enum parlor_err meta_get_lineage(struct env *, struct lineage *, bool *is_copy,
				 struct why) PARLOR_MUST_CHECK;

/* Of the closed data file at `path`: whoever opens it finds a copy. 0 or LMDB's or
 * the system's error. */
int meta_disown(const char *path);

#endif
