/* Queues: of each team the conversations that wait, in the order of their keys, and which
 * of them may be paired. Places, and how long they take. Owns where a conversation stands;
 * it follows from its row. Private to the core. */
#ifndef DESK_QUEUE_H
#define DESK_QUEUE_H

#include "core/desk/tables.h"

/* As its row says; it stood nowhere before. */
void queue_enter(struct core *, struct conversation *);
void queue_leave(struct core *, struct conversation *);
/* Another team helps this one than before: those that it is asked for wait there. */
void queue_check_overflow(struct core *, struct team *);
/* One of the team's has left its queue, and others wait. */
void queue_departed(struct core *, struct team *);
/* How long the first of a queue has waited, of all queues the longest, in desk time. */
uint64_t queue_oldest_us(const struct core *);
/* From 1 on; 0: it waits in no queue. of: how many wait there. */
uint64_t queue_place(const struct conversation *, uint64_t *of);
/* Milliseconds, 0: not known. */
uint64_t queue_estimate_ms(const struct team *, uint64_t place);
/* Whom the team asks, too, when its own are not enough; NULL: nobody. */
struct team *queue_overflow(struct core *, const struct team *);

/* The seat does not get it: it has declined or missed it. */
bool queue_excludes(const struct conversation *, uint64_t seat, uint64_t now_us);

#endif
