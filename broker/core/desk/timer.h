/* What is due about a conversation, and when: offers that end, reminders, who is gone, who
 * waited long enough. When follows from its row and from its team's settings; what comes of
 * it is recorded. Private to the core. */
#ifndef DESK_TIMER_H
#define DESK_TIMER_H

#include "core/desk/tables.h"

/* Desk time at which it is to be looked at; 0: never. */
uint64_t timer_due(const struct conversation *);
/* All that is due by now. */
enum parlor_err timer_expire(struct core *, struct conversation *);
/* It was woken: who serves it, or its room, is not what it was. */
void timer_look(struct core *, struct conversation *);
/* A seat has had its rest. */
enum parlor_err timer_rested(struct core *, struct seat *);

#endif
