/* The order in which a team's seats are asked: a key for each strategy, without ties.
 * Private to the core. */
#ifndef DESK_STRATEGY_H
#define DESK_STRATEGY_H

#include "core/desk/tables.h"

/* Of two nodes in_ready of team seats. */
bool strategy_before(const struct rank_node *, const struct rank_node *);
/* What a seat is judged by: score / of, the smaller the sooner. */
void strategy_score(const struct team_seat *, uint64_t *score, uint64_t *of);
/* For a strategy that draws: which of n, 0 the first, for this offer. */
size_t strategy_draw(uint64_t seed, uint64_t conversation, uint64_t offer, size_t n);
/* By weight: what its place is after one more offer. */
uint64_t strategy_pass(const struct team_seat *);

#endif
