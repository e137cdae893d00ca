/* What a batch leaves to be done when its fold is written: the unread columns of
 * everybody in the rooms it touched, which follow later (stale.h) or at once. */
#ifndef WORKER_PLAN_H
#define WORKER_PLAN_H

#include "fold.h"
#include "stale.h"

/* Zeroed is an empty plan. May run over several folds of one batch. Texts are
 * those of the batch's records. */
struct plan {
	struct stale_change *changes;
	size_t len;
	size_t cap;
};

void plan_fini(struct plan *);

void plan_add(struct plan *, const struct fold *);
/* At once: inside the transaction. */
enum parlor_err plan_project(const struct plan *, struct db *) PARLOR_MUST_CHECK;
/* Later: after the commit. position: the first of the batch. */
void plan_done(const struct plan *, struct stale *, uint64_t position, uint64_t now_us);

#endif
