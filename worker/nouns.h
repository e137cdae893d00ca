/* All nouns of the database: folds records, writes a fold, lists the tables. Knows
 * none of them. */
#ifndef WORKER_NOUNS_H
#define WORKER_NOUNS_H

#include "noun.h"

/* Records of kinds that this build does not know change nothing. False when the
 * record lacks what its kind needs: nothing was folded then. */
bool fold_add(struct fold *, const Parlor__SyncRecord *);
/* What the noun keeps in it; NULL: nothing. */
void *fold_state(const struct fold *, const struct noun *);
void fold_fini(struct fold *);

/* Writes a fold into the tables: inside the caller's transaction, everything but the
 * projection of unread. Absolute values throughout: writing twice changes nothing. */
enum parlor_err fold_write(struct db *, struct fold *, const struct mark *) PARLOR_MUST_CHECK;

/* The tables one by one; NULL behind the last. */
const struct table *table_at(size_t n);

#endif
