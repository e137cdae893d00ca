/* The rows of a data directory as recovery would have them: those on disk, and
 * over them what the records behind them change. Owns that second layer, in a
 * scratch store; the directory stays as it is. Holds its source while it lives,
 * so that rows and journal are of one commit. */
#ifndef AUDIT_RECOVERED_H
#define AUDIT_RECOVERED_H

#include "audit/pager.h"
#include "audit/scratch.h"
#include "audit/source.h"

struct recovered {
	struct source *source; /* borrowed, held */
	struct scratch above;
	uint64_t covered; /* as the rows say: what is behind it was applied again */
};

/* The source must be held. STORE_CORRUPT: a broker could not start from it. */
enum parlor_err recovered_init(struct recovered *, struct source *) PARLOR_MUST_CHECK;
void recovered_fini(struct recovered *);

/* All rows of a table, in order of keys. */
struct recovered_walk {
	struct pager below, above;
	struct span below_key, below_value, above_key, above_value;
	bool below_ended, above_ended, below_taken, above_taken;
};
void recovered_walk_init(struct recovered_walk *, struct recovered *, enum row_table);
void recovered_walk_fini(struct recovered_walk *);
/* NOT_FOUND behind the last; they borrow until the next call. */
enum parlor_err recovered_next(struct recovered_walk *, struct span *key,
			       struct span *value) PARLOR_MUST_CHECK;

#endif
