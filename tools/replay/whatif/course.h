/* The run that did not happen: a recorded day under other rules. What was given, who came and
 * what visitors wrote happen as recorded; the broker's own rules decide, and people do as the
 * model has it. Owns the order of all that in time. */
#ifndef WHATIF_COURSE_H
#define WHATIF_COURSE_H

#include "whatif/ask.h"
#include "whatif/outcome.h"
#include "whatif/people.h"
#include "whatif/rules.h"

struct course {
	struct source *source;     /* borrowed, as are the others */
	const struct rules *rules; /* of a team that there is */
	struct past *past;
	struct outcome *outcome;
	uint64_t from, upto; /* positions */
	bool speed, patience;
	struct decider decider;
	struct ask ask;
	struct people people;
	struct moment moment;
	uint64_t now_us; /* on the wall */
	/* out */
	uint64_t not_opened; /* refused, or its visitor's one before was still open */
};

/* Not OK: it cannot be done, and why stands in the source's `why`. */
enum parlor_err course_run(struct course *) PARLOR_MUST_CHECK;
void course_fini(struct course *);

#endif
