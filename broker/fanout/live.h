/* What was committed, delivered to the sessions that are up to date: those that
 * listen to its topic. Keeps the subscribers in step with who joined and left. A
 * session that has no space or credit falls behind: catch_up.h serves it. Encodes
 * nothing and sends nothing itself. */
#ifndef FANOUT_LIVE_H
#define FANOUT_LIVE_H

#include "core/kinds.h"
#include "fanout/fanout.h"
#include "front/replies.h"

/* What delivery has to know of a record beside its event. */
struct live_record {
	uint64_t position;
	struct topic heard; /* whose listeners are told */
	unsigned hash;      /* of heard: subscribers_hash */
	struct topic also;  /* whose listeners are told besides */
	struct topic topic; /* what it is about, */
	uint64_t member;    /* which that one listens to from here on, or no more: */
	enum record_moves moves;
};

/* In order of positions, each once, after its commit. event: empty when nobody is
 * told. Returns what it cost: sessions that were told, or listen now or no more, and what
 * was looked at to find them, in as many deliveries. */
uint64_t live_deliver(struct fanout *, const struct live_record *, struct span event);

/* That record is delivered soon: each step, 0 to LIVE_PREFETCH_STEPS - 1, fetches the
 * next thing on the way to its subscribers into the processor's cache. */
#define LIVE_PREFETCH_STEPS 3
void live_prefetch(const struct fanout *, const struct live_record *, unsigned step);

/* Sessions that it would be delivered to by now, and that would begin to listen or cease to. */
size_t live_listeners(const struct fanout *, const struct live_record *);

/* A transient event for the listeners of a topic that are live: it goes with the
 * replies of the turn that it is of. */
void live_transient(struct fanout *, struct replies *, struct topic, struct span event);

#endif
