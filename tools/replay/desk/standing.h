/* Places in queues (D9): what a record says of one, and what somebody else says who counts
 * on his own, against how many stand before it. Owns which teams have to be counted through. */
#ifndef DESK_STANDING_H
#define DESK_STANDING_H

#include "desk/ledger_state.h"

/* An offer or an assignment that says which place the conversation had. */
void standing_before(struct ledger *, const struct step *);
/* It came into a queue of the team, or left it. */
void standing_moved(struct ledger *, struct roster_team *, int by);
/* Where it stands now is asked for. */
void standing_behind(struct ledger *, const struct visit *);
/* Behind the last record of a time: queues that have changed as often as they are long are
 * sorted anew, and each place is compared; at the end all that have changed at all. */
void standing_turn(struct ledger *, bool end);

#endif
