/* What other nouns' records mean for the desk: who is online, who spoke, whose room is
 * closed. Keeps what follows from them; decides nothing, but wakes who has to be looked at.
 * Private to the core. */
#ifndef DESK_FOLLOW_H
#define DESK_FOLLOW_H

#include "core/desk/tables.h"

enum parlor_err follow_record(struct core *, const struct record *) PARLOR_MUST_CHECK;
/* Before a row of the configuration changes, and when it has: also who is concerned. */
void follow_config_change(struct core *, struct config *);
void follow_config_changed(struct core *, struct config *);
void follow_hours(struct core *, struct config *);
/* Every agent is offline from here on. */
void follow_boot(struct core *);

#endif
