/* A store of its own for what an audit works out: in the directory for temporary
 * files, with no name there, so that it is gone with the process however that
 * ends. Takes what a core writes back, in batches, and lets the core keep no more
 * than its limits in memory. */
#ifndef AUDIT_SCRATCH_H
#define AUDIT_SCRATCH_H

#include "snapshot.h"
#include "store/store.h"

struct scratch {
	struct store *store;
};

/* why: one line, of at least 256 bytes. */
enum parlor_err scratch_open(struct scratch *, char *why, size_t why_size) PARLOR_MUST_CHECK;
void scratch_close(struct scratch *);

/* All rows of a snapshot, that was just opened. Its errors, or a failure. */
enum parlor_err scratch_fill(struct scratch *, struct snapshot *) PARLOR_MUST_CHECK;

/* As they were written last; values borrow until the next write. */
struct core_rows scratch_rows(struct scratch *);

/* Everything that is dirty in the core becomes rows, by way of `put` (NULL:
 * as they are), whose ctx is the scratch's store. */
enum parlor_err scratch_write_back(struct scratch *, struct core *,
				   core_put_fn *put) PARLOR_MUST_CHECK;

#endif
