/* What open conversations take of seats, agents and team seats: one each for whoever serves
 * and for everybody who is asked. Follows from the rows of conversations and of teams, and
 * from nothing else: a broker that begins counts the same. Private to the core. */
#ifndef DESK_UNITS_H
#define DESK_UNITS_H

#include "core/desk/tables.h"

void units_take(struct core *, struct conversation *);
void units_give_back(struct core *, struct conversation *);

/* A team's row has changed: whether those that are held take a place. */
void units_count_held(struct core *, struct team *);
/* A seat is of a team from now on, as which it may serve already. */
void units_count_team_seat(struct core *, struct team_seat *);

#endif
