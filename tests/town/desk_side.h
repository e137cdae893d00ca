/* The desk of a town: visitors and agents ask the town's broker for what the sim's worlds of
 * desks ask a core for, and the model of those worlds recounts behind each record what the
 * desk promises. It goes along with the broker's journal: what did not land, it forgets.
 * Owns no rule of its own. */
#ifndef TOWN_DESK_SIDE_H
#define TOWN_DESK_SIDE_H

#include "keep.h"

struct desk_side;

struct desk_side *desk_side_new(struct keep *);
/* NULL: there is none. */
void desk_side_free(struct desk_side *);

/* A record is decided. */
void desk_side_heard(struct desk_side *, const struct record *);
/* A turn begins. What is due is decided, and then all must hold. */
void desk_side_tick(struct desk_side *);
/* Something is asked for, if there is space for it. */
void desk_side_ask(struct desk_side *);
/* What was decided is on its way to the disk, or there. */
void desk_side_committed(struct desk_side *);
/* The broker was killed, and starts next; and has started. */
void desk_side_killed(struct desk_side *);
void desk_side_started(struct desk_side *);
/* What was decided, lost or not; added to what is there. */
struct desk_side_counts {
	uint64_t desks, opened, offered, assigned, transferred;
};
void desk_side_count(const struct desk_side *, struct desk_side_counts *);

#endif
