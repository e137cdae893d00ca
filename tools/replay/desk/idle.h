/* Who waits although a seat could have it (D3). Owns, of each team, the lists of those who
 * wait and may be given to anybody, of seats that could take one more and since when, and the
 * time at which they have to be compared. Whom a seat rests from, and whom it was excluded
 * from, has a date; a pair without one may stand for IDLE_LATE_US of the desk's time, as a turn
 * leaves what is too much for it to the next one. What is in front of
 * the first boot is not looked at. Pairs nobody. */
#ifndef DESK_IDLE_H
#define DESK_IDLE_H

#include "desk/ledger_state.h"

#define IDLE_LATE_US UINT64_C(2000000)

/* It waits and may be given to anybody. */
bool idle_is_free(const struct visit *);
/* It is not to be given to that seat yet; until when, or 0. */
uint64_t idle_excluded_us(const struct visit *, uint64_t seat, uint64_t now_us);

/* Where it waits by its row, which is new; and nowhere any more. */
void idle_place(struct ledger *, struct visit *);
void idle_leave(struct visit *);
void idle_team_set(struct ledger *, uint64_t team);
/* Presence is of one run: those who were there have a while to come back. */
void idle_boot(struct ledger *);
/* Behind the last record of a time. */
void idle_turn(struct ledger *);

#endif
