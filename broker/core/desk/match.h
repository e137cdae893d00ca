/* Pairing: conversations that wait with seats that are ready, the smallest key first, until
 * no pair is left. Owns the choice, and why it was made; everything that makes a pair
 * possible ends here. Private to the core. */
#ifndef DESK_MATCH_H
#define DESK_MATCH_H

#include "core/desk/tables.h"
#include "core/desk/view.h"

/* About so many pairs at most. True: there may be more. */
bool match_run(struct core *, size_t pairs_max);

/* The seat that a conversation should have before any other, as it begins to wait: asked
 * for, its visitor's own, or the last. It gets it, waits for it, or goes on to all. alone:
 * nobody else is still to be paired, who may have asked before. */
void match_prefer(struct core *, struct conversation *, bool alone);
/* Whether the team would serve one more at once. */
bool match_may_serve(struct core *, struct team *);
/* A seat of it, or of a robot; NULL: none is ready. */
struct team_seat *match_robot(struct team *);
/* The conversation has come to the level of that seat, or nobody of a lower one is there. */
bool match_level_fits(const struct team *, const struct conversation *, const struct team_seat *);
/* What is seen of the team's seats at this moment. */
void match_decision(const struct conversation *, const struct team *, struct decision *);
/* When something about an exclusion changes that keeps it from being paired; 0: never. */
uint64_t match_exclusion_due(const struct conversation *, uint64_t now_us);

#endif
