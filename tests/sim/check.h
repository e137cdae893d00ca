/* What must hold after every operation, asked through the core's own doors and
 * counted by the oracle; and the core's bookkeeping, looked at from inside. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "world.h"

/* I2, I5 and everything else that is told of a room. */
void check_room(struct world *, int room);
/* I3: one earlier post again. */
void check_repeat(struct world *);
void check_all(struct world *);
/* Dirty rows counted one by one. */
void check_tables(struct world *);
/* After a complete write-back: there is a row for each thing, and no other. */
void check_rows(struct world *);

#endif
