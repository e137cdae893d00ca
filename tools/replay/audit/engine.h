/* Re-execution: the journal through the broker's own state machine, from the
 * start of time, or from the snapshot, into a scratch store. Owns the core and the scratch; takes
 * the records one by one and can leave some out: what a partition of MySQL has not yet, or all
 * rooms but one. Memory is bounded by the core's limits and by DIRTY_MAX rows not yet written.
 * Never looks at the rows of the data directory. */
#ifndef AUDIT_ENGINE_H
#define AUDIT_ENGINE_H

#include "audit/progress.h"
#include "audit/scratch.h"
#include "audit/source.h"

struct engine {
	struct source *source; /* borrowed */
	struct scratch scratch;
	struct core *core;
	uint64_t next; /* the position to be applied next */
	uint64_t base; /* the snapshot's position that it began with, or 0 */
	struct snapshot snapshot;
	bool from_snapshot; /* begin with it also when the journal is whole */
	struct progress progress;
	/* Called in front of every entry that is applied; NULL: nothing is. */
	source_fn *before;
	void *before_arg;
	/* Entries of a partition behind its mark are left out, when marks are given. */
	const uint64_t *marks; /* store_partitions(); borrowed */
	/* Rooms but this one are left out, when it is named. */
	struct span tenant, room;
	uint32_t tenant_no;
	uint64_t room_no; /* 0 until it was created */
};

/* Failures of an engine stand in the source's `why`. */
enum parlor_err engine_init(struct engine *, struct source *) PARLOR_MUST_CHECK;
/* Of one whose core is asked to decide, too: what it records goes there. */
enum parlor_err engine_init_deciding(struct engine *, struct source *,
				     struct core_sink) PARLOR_MUST_CHECK;
void engine_fini(struct engine *);
/* The state that re-execution begins with: nothing, before position 1, or where
 * the journal's head was trimmed the snapshot's. NOT_FOUND when neither will do:
 * it must be of this journal, and of a position in first - 1 .. upto. */
enum parlor_err engine_start(struct engine *, uint64_t upto) PARLOR_MUST_CHECK;
/* From the same state once more, with no limits yet: the snapshot that it began with is
 * kept, whatever has taken its place since. */
enum parlor_err engine_start_again(struct engine *, uint64_t upto) PARLOR_MUST_CHECK;
/* Before it: a snapshot that will do is taken also when the journal is whole. */
void engine_prefer_snapshot(struct engine *);
/* Behind it, before anything is applied. */
void engine_limit_to_marks(struct engine *, const uint64_t *marks);
void engine_limit_to_room(struct engine *, struct span tenant, struct span room);

/* Applies what follows, up to there. `each` (may be NULL) is called behind every
 * entry, applied or left out. */
enum parlor_err engine_run(struct engine *, uint64_t upto, source_fn *each,
			   void *arg) PARLOR_MUST_CHECK;
/* Then all of the state is in scratch_rows. */
enum parlor_err engine_settle(struct engine *) PARLOR_MUST_CHECK;
struct core_rows engine_rows(struct engine *);

#endif
