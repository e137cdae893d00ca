/* Tables that have a name which Parlor needs, renamed: they stand aside, and nothing of
 * them is lost. */
#ifndef ASIDE_H
#define ASIDE_H

#include "db/db.h"

#define ASIDE_SUFFIX "_before_parlor"

/* Those of Parlor's own tables, and of `more` (ends with NULL; may be NULL), all at once. */
enum parlor_err aside_move(struct db *, const char *schema,
			   const char *const *more) PARLOR_MUST_CHECK;

#endif
