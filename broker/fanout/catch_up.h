/* Sessions that cannot keep up or come back, served from the journal until they have
 * seen all of it: one walk along it serves every session that it passes. Owns where
 * that stands only while it runs; encodes nothing and sends nothing itself. */
#ifndef FANOUT_CATCH_UP_H
#define FANOUT_CATCH_UP_H

#include "fanout/fanout.h"

/* Within a budget of journal entries, inside a read transaction; a part of it when others wait for
 * their turn: who comes back meanwhile rides along with the next sweep. True when there is more to
 * do at once. */
bool catch_up_run(struct fanout *, bool others_wait);

#endif
