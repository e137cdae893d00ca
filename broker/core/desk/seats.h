/* Who can take a conversation: seats that are available, the loads of seats, agents and
 * team seats, and of each team those that are ready, in the order of its strategy. Owns
 * these; all of it follows from rows and from who is online. Pairs nobody: it notes which
 * teams have to be looked at. Private to the core. */
#ifndef DESK_SEATS_H
#define DESK_SEATS_H

#include "core/desk/tables.h"

bool seat_is_on(const struct seat *);
/* On duty whether it is online or not. */
bool seat_is_always(const struct seat *);
/* On duty: with room or not. */
bool seat_is_available(const struct seat *);
/* Each of the limits leaves room for one more; team_seat: NULL where there is none. */
bool seat_has_room(const struct seat *, const struct team_seat *);
bool team_is_automatic(const struct team *);

/* What the order of its teams' seats depends on is about to change, and has. */
void seat_out(struct seat *);
void seat_in(struct core *, struct seat *);
/* The same of all seats of an agent; its presence, mode or load has changed. */
void agent_check(struct core *, struct agent *);
/* One more, or one less. */
void seat_take(struct core *, struct seat *, struct team_seat *);
void seat_give_back(struct core *, struct seat *, struct team_seat *);

/* A row has been added or is to change, and has changed. */
void seats_unlink(struct core *, struct config *);
void seats_link(struct core *, struct config *);

/* It is to be looked at. */
void prospect_mark(struct core *, struct prospect *);

#endif
