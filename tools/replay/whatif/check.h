/* The recorded run decided again: the same inputs, the same answers at their times, and what
 * is due at the times at which the broker did it. Owns the comparison of every decision with
 * its record; whoever wants to know what was recorded looks on. */
#ifndef WHATIF_CHECK_H
#define WHATIF_CHECK_H

#include "audit/finding.h"
#include "whatif/ask.h"

/* A record, once it has happened here: decided again, or of before that, as it was. */
typedef void check_seen_fn(void *arg, const struct moment_entry *, bool decided);

struct check {
	struct source *source; /* borrowed */
	uint64_t from, upto;   /* decided again: behind that position, up to that one */
	check_seen_fn *seen;   /* NULL: nobody looks on */
	void *arg;
	struct decider decider;
	struct ask ask;
	struct moment moment;
	/* out */
	uint64_t records; /* of conversations, decided again */
	uint64_t offers, assignments, closed;
	bool differs;
	struct finding finding; /* the first record that was decided otherwise */
};

/* Not OK: it cannot be done, and why stands in the source's `why`. */
enum parlor_err check_run(struct check *) PARLOR_MUST_CHECK;
void check_fini(struct check *);

#endif
