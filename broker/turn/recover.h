/* Getting the state back: rows as they were written, then the records of the
 * journal that no row contains yet; then the beginning of a new run. */
#ifndef TURN_RECOVER_H
#define TURN_RECOVER_H

#include "turn/commit.h"

/* One line in `why` on failure. */
enum parlor_err recover(struct commit *, const char *dir, char *why,
			size_t why_size) PARLOR_MUST_CHECK;

#endif
