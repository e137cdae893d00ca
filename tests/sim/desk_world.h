/* Worlds of desks: visitors ask, agents serve, come and go, and time passes. What is asked
 * of the core is chosen by chance; what it records is judged by the model. */
#ifndef SIM_DESK_WORLD_H
#define SIM_DESK_WORLD_H

#include "desk_model.h"

struct desk_world {
	struct desk_model now, flown, durable;
	uint64_t served_us; /* the loop's clock, of this run */
	uint64_t desk_us;   /* what the desk's clock has to show */
	uint64_t posts;
	bool quiet; /* nothing but the clock was recorded since it was set */
};

/* One request, by chance. */
void desk_move(struct world *);
/* Desks, teams and seats to begin with. */
void desk_set_up(struct world *);
void desk_change(struct world *);
/* One of the desks there are, and its tenant asks from now on. */
const struct d_desk *desk_any(struct world *);

/* The request is done: it is told in words, and what it has to be like is checked. */
__attribute__((format(printf, 3, 4))) void desk_told(struct world *, enum parlor_err, const char *,
						     ...);

/* All that must hold when nothing is left to be settled, as of the last that the core was
 * asked. */
void desk_check(struct world *);
/* The desk's clock shows what it has to, when the core has just been told the time. */
void desk_check_clock(struct world *);

#endif
