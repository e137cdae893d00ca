/* Writes a fold into the tables: inside the caller's transaction, everything
 * but the projection of unread. Knows the columns; opens, fences and commits
 * nothing. Absolute values throughout: writing twice changes nothing. */
#ifndef WORKER_APPLY_H
#define WORKER_APPLY_H

#include "fold.h"
#include "mark.h"

/* Sorts the fold's profiles and presences. */
enum parlor_err apply_fold(struct db *, struct fold *, const struct mark *) PARLOR_MUST_CHECK;

#endif
