/* What came of a team's conversations in one run. Owns the counting (desk/ledger.h) from a
 * point of the run on, and when conversations had their first answer; the run that was recorded
 * and the other one are counted by the same code. */
#ifndef WHATIF_OUTCOME_H
#define WHATIF_OUTCOME_H

#include "core/core.h"
#include "desk/ledger.h"

struct outcome {
	struct ledger ledger;
	struct outcome_visit *visits; /* that were opened since then */
	/* Once it has ended. */
	struct roster_team *team;
	uint64_t sla_us; /* 0: the team has none */
	uint64_t answers_due, answered_in_time;
	uint64_t assignments; /* to humans */
	uint64_t faults;      /* of what is promised of a desk */
	double jain_busy, jain_assigned;
};

void outcome_init(struct outcome *);
void outcome_fini(struct outcome *);
/* Each record of the run, in order. False: it is not what a record of a desk is. */
bool outcome_take(struct outcome *, const struct record *);
/* What was before is not counted. */
void outcome_begin(struct outcome *);
/* The run is over, and left this core; of that team. */
void outcome_end(struct outcome *, struct core *, struct span tenant, uint64_t team);
/* Of an agent of the team, as far as it was there. */
bool outcome_has(const struct roster_post *);

#endif
