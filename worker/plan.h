/* Whose unread is projected with a batch, and which rooms wait (stale.h).
 * Decides from the fold and the part's stale rooms; projects the first, marks
 * the second. */
#ifndef WORKER_PLAN_H
#define WORKER_PLAN_H

#include "fold.h"
#include "stale.h"

/* A room with more members waits, */
#define PLAN_MEMBERS_MAX 64
/* and so does any once the batch has projected so many rows. */
#define PLAN_ROWS_MAX 2048

struct plan_wait {
	const char *tenant;
	const char *room;
	uint32_t members;
};

/* Zeroed is an empty plan. May run over several folds of one batch. Texts are
 * those of the batch's records. */
struct plan {
	uint64_t rows; /* projected so far */
	struct plan_wait *waits;
	size_t len;
	size_t cap;
};

void plan_fini(struct plan *);

/* Inside the transaction, behind apply_fold. position: the first that a waiting
 * room may lack. */
enum parlor_err plan_run(struct plan *, struct db *, const struct fold *, const struct stale *,
			 uint64_t position) PARLOR_MUST_CHECK;
/* After the commit. */
void plan_done(const struct plan *, struct stale *, uint64_t position, uint64_t now_us);

#endif
