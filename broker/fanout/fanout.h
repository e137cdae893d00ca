/* What fan-out works on: sessions, who listens and listened, and where events go. Owns no piece of
 * it but the counts: the loop makes and frees the others. One
 * thread. */
#ifndef FANOUT_FANOUT_H
#define FANOUT_FANOUT_H

#include "core/core.h"
#include "fanout/session.h"
#include "fanout/subscribers.h"
#include "front/outbox.h"
#include "store/store.h"

struct fanout_counts {
	uint64_t events_live, events_caught_up, fell_behind;
	uint64_t steps_caught_up; /* entries and listeners looked at; what is enqueued is more */
	uint64_t looks_caught_up; /* at sessions that catch up */
};

struct fanout {
	struct core *core;
	struct meter *meter; /* of what is asked, the core's too */
	struct store *store;
	struct outbox *outbox;
	struct session_table *sessions;
	struct subscribers *subscribers;
	struct intervals *intervals;
	size_t turn_bytes_max; /* of events that one turn puts down for who catches up */
	uint64_t unreadable;   /* position of the last record found damaged, or 0 */
	uint64_t sweeps;       /* of catch_up.c, so far */
	uint64_t swept;        /* where the next goes on that goes on from the last */
	uint64_t in_vain;      /* sessions it looked at since one could go on */
	struct fanout_counts counts;
};

/* Sessions that have the member attached. */
size_t fanout_devices(const struct fanout *, uint64_t member);
/* The session listens to nothing any more: it ends. Not to members at once, to other topics
 * by and by: it is closed meanwhile. */
void fanout_forget(struct fanout *, struct session *);
/* On with those that are closed, and with what those listened to before that have caught
 * up: so many topics at once. */
#define FANOUT_FORGET 20000
void fanout_forget_more(struct fanout *);
bool fanout_forgets(const struct fanout *); /* there is more to do */

#endif
