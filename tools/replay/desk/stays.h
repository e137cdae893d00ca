/* Who is in the rooms of conversations, and what it has not read there, message by message
 * (D6, D7). Owns who is in which room and how far each has read, by the records of rooms; the
 * messages of a conversation stand in its visit. Uses no counter of the broker's: what records
 * say of unread is compared. */
#ifndef DESK_STAYS_H
#define DESK_STAYS_H

#include "desk/ledger_state.h"

/* Rooms that are looked at, unless it is all of them: those that have conversations. */
void stays_expect(struct ledger *, uint64_t room);
void stays_only_expected(struct ledger *);

/* A record that is about no conversation. */
void stays_take(struct ledger *, const struct record *);
/* One that is, when it is taken in: the conversation, and who was released with it. */
void stays_behind(struct ledger *, const struct step *, struct visit *);
/* Behind the last record of a time. */
void stays_turn(struct ledger *);
void stays_fini(struct ledger *);

#endif
