/* A core that decides again what a journal says was decided. What was given, a member's
 * presence or a row of the configuration, is applied as it was recorded; what was asked is
 * asked again at its time; what the core records then waits here for whoever compares it, or
 * counts it. Owns the core, its clock, and what it recorded. */
#ifndef WHATIF_DECIDER_H
#define WHATIF_DECIDER_H

#include "audit/engine.h"

struct told {
	struct record record; /* position and time as decided */
	void *bytes;
};
struct decider {
	struct engine engine;
	struct told *told; /* from `first` on, oldest first */
	size_t first, len, cap;
	bool serves;
	char tenant[ROW_ID_MAX + 1]; /* of the call */
};

/* Failures stand in the source's `why`. It begins as engine_start does, and decides nothing
 * until decider_serve. */
enum parlor_err decider_open(struct decider *, struct source *, uint64_t upto) PARLOR_MUST_CHECK;
void decider_close(struct decider *);
static inline struct core *decider_core(struct decider *d)
{
	return d->engine.core;
}

/* From here on, as of what was applied. */
void decider_serve(struct decider *);
/* What was recorded happens here, too, as the next record. */
enum parlor_err decider_follow(struct decider *, const struct record *) PARLOR_MUST_CHECK;
/* A run begins. */
enum parlor_err decider_boot(struct decider *, uint64_t now_us) PARLOR_MUST_CHECK;
/* All that is due by then. */
enum parlor_err decider_tick(struct decider *, uint64_t now_us) PARLOR_MUST_CHECK;
/* Those who can be served by now, as a request does it that has changed who may. */
enum parlor_err decider_pair(struct decider *, uint64_t now_us) PARLOR_MUST_CHECK;
/* Of a request at that time. */
struct core_call decider_call(struct decider *, uint32_t tenant, uint64_t now_us);
/* Rows of the core go to its scratch when there are many. */
enum parlor_err decider_settle(struct decider *) PARLOR_MUST_CHECK;

/* The oldest record that nobody has taken yet; NULL: there is none. */
const struct record *decider_told(const struct decider *);
void decider_take(struct decider *);

#endif
