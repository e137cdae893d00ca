/* One event on its way to sessions: put down in the outbox when the first of them
 * takes it, shared by all that do. Owns the rule by which a session takes an event:
 * it has credit, and space for it. Private to this folder. */
#ifndef FANOUT_SHARED_EVENT_H
#define FANOUT_SHARED_EVENT_H

#include "fanout/fanout.h"

struct shared_event {
	struct fanout *fanout;
	struct span bytes;
	struct outbox_part part;
	bool made;
};

/* Adds the event, or leaves it: false when credit or space is used up. */
bool shared_event_enqueue(struct shared_event *, struct session *);

#endif
