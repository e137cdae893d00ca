/* Who waits for a position, lowest first. Owns the waiters; whoever wakes them
 * answers. */
#ifndef SYNC_WAITER_H
#define SYNC_WAITER_H

#include "sync/sync.h"

struct waiter {
	struct waiter *prev, *next;
	uint64_t position;
	uint64_t room; /* number; 0: of none */
	struct sync_cookie cookie;
};

/* Zeroed is an empty list. */
struct waiter_list {
	struct waiter *head;
};
void waiter_list_fini(struct waiter_list *);
void waiter_add(struct waiter_list *, uint64_t position, uint64_t room, struct sync_cookie);
/* Takes out the next one whose position is reached; false when there is none. */
bool waiter_take(struct waiter_list *, uint64_t reached, struct waiter *out);
/* Returns how many were there. */
size_t waiter_cancel(struct waiter_list *, uint64_t session);

#endif
