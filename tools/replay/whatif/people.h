/* What visitors and agents do in the run that did not happen, each at its time: agents answer
 * offers, write, and come to an end; visitors give up. Owns what is still to be done, in order
 * of desk time; takes from the past how long each thing took. */
#ifndef WHATIF_PEOPLE_H
#define WHATIF_PEOPLE_H

#include "whatif/decider.h"
#include "whatif/past.h"

struct people {
	struct decider *decider; /* borrowed */
	struct past *past;       /* likewise */
	bool speed;              /* agents are as fast as they were */
	bool patience;           /* of who was served, how long it would have waited is drawn */
	struct deed *deeds;      /* a heap */
	size_t len, cap;
	uint64_t given; /* numbers, so that of one time the first is done first */
};

/* A record of that run: what people will do about it. */
void people_hear(struct people *, const struct record *, uint64_t desk_us);
/* Desk time of the next deed; UINT64_MAX: none. */
uint64_t people_due(const struct people *);
/* It is done, at that time on the wall. */
enum parlor_err people_act(struct people *, uint64_t now_us) PARLOR_MUST_CHECK;
void people_fini(struct people *);

#endif
