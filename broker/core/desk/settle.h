/* What follows from changes: conversations that have to be looked at again, then pairs. It
 * runs at the end of each request of the desk and of each tick, so that what a request
 * answers is what came of it. Private to the core. */
#ifndef DESK_SETTLE_H
#define DESK_SETTLE_H

#include "core/desk/tables.h"

/* As much as a request may do; the rest is due at once. */
void desk_settle(struct core *);
/* The same for a tick; true: there may be more. */
bool desk_settle_many(struct core *);
/* Something is to be settled, or due by now: who is given a seat at once may not be the first. */
bool desk_unsettled(const struct core *);
/* It is to be looked at again: who serves it, or asked, is not where it was. */
void settle_wake(struct core *, struct conversation *);

#endif
