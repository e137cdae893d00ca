/* Who waits for a position, lowest first, and by session. Owns the waiters;
 * whoever wakes them answers. */
#ifndef SYNC_WAITER_H
#define SYNC_WAITER_H

#include "sync/owner.h"
#include "sync/sync.h"

struct waiter_list;

struct waiter {
	struct waiter *prev, *next;
	struct waiter_list *list;
	struct owned owned; /* by its session */
	uint64_t position;
	struct topic topic;
	struct sync_cookie cookie;
};

/* Lists of one sync share its index of sessions. */
struct waiter_list {
	struct waiter *head;
	struct owners *sessions;
};
void waiter_list_init(struct waiter_list *, struct owners *sessions);
void waiter_list_fini(struct waiter_list *);
void waiter_add(struct waiter_list *, uint64_t position, struct topic, struct sync_cookie);
/* Takes out the next one whose position is reached; false when there is none. */
bool waiter_take(struct waiter_list *, uint64_t reached, struct waiter *out);
/* Those of a session, of all lists. Returns how many there were. */
size_t waiter_cancel(struct owners *sessions, uint64_t session);

#endif
