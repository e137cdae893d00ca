/* Who gets which event, and when: live after a commit, or from the journal for
 * a session that cannot keep up or comes back. Owns these rules (DESIGN 7);
 * encodes nothing and sends nothing itself. */
#ifndef FANOUT_DELIVERY_H
#define FANOUT_DELIVERY_H

#include "broker.h"

/* Delivers the records of a turn that has been committed, in order, and keeps
 * the audience in step with who joined and left. */
void delivery_committed(struct broker *, const struct turn *);

/* Serves sessions that catch up, within a budget of journal entries; in a store
 * turn. True when there is more to do at once. */
bool delivery_catch_up(struct broker *);

/* Something may have become possible again for a session that waits for room or
 * credit. */
bool delivery_may_go_on(const struct broker *, const struct session *);

/* A transient event to the sessions of a room that are live. */
void delivery_typing(struct broker *, uint64_t room, struct span room_id, struct span member_id);

#endif
