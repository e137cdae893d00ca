/* Whether a team is on duty: its hours open and close at moments that are recorded, and
 * whoever decides looks at the record and never at the clock. Private to the core. */
#ifndef DESK_DUTY_H
#define DESK_DUTY_H

#include "core/desk/tables.h"

/* VALUE, TOO_MANY. */
enum parlor_err duty_check(struct span rules) PARLOR_MUST_CHECK;
/* By its hours, or because it is off. */
bool duty_closed(struct core *, const struct team *);
/* Records what its hours are at this moment, when that is something new. */
void duty_turn(struct core *, struct config *hours);
/* When hours turn next, on the wall; UINT64_MAX: never. */
uint64_t duty_next(const struct core *);
/* Turns those whose time has come. */
void duty_run(struct core *);

#endif
