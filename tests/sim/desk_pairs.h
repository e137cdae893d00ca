/* Who was brought together, judged by the rules of the queue and of the team's strategy:
 * the seat could have it, no better one was ready, and nobody waits who should have had it
 * before; behind it no limit is passed. */
#ifndef SIM_DESK_PAIRS_H
#define SIM_DESK_PAIRS_H

#include "desk_model.h"

/* The record, an offer or an assignment, before and after the model has taken it in. */
void pairs_before(struct world *, struct desk_model *, const struct record *,
		  struct d_conversation *, const struct row_conversation *);
void pairs_behind(struct world *, struct desk_model *, const struct record *,
		  struct d_conversation *);

#endif
