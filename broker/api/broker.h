/* What the requests of the protocol work on: the pieces that the loop has made, and the
 * state of the turn at hand. Owns nothing that the pieces own; the loop makes and frees
 * them. One thread; the store has another of its own. */
#ifndef API_BROKER_H
#define API_BROKER_H

#include "api/kinds.h"
#include "fanout/fanout.h"
#include "front/auth.h"
#include "front/backlog.h"
#include "front/front.h"
#include "front/outbox.h"
#include "settings.h"
#include "store/store.h"
#include "sync/sync.h"
#include "turn/commit.h"
#include "turn/decisions.h"
#include "turn/price.h"

#include "base/arena.h"

struct broker_counts {
	uint64_t requests, refused, frames_bad;
	uint64_t frames_ignored; /* of who has no session and does not read */
	uint64_t frames_named;   /* of who names a routing id */
	uint64_t posts;
	/* over a session's limit or a tenant's share */
	uint64_t waits_refused, queries_refused, releases_refused;
	uint64_t sessions_refused, sessions_opened, sessions_expired, sessions_failed;
	uint64_t sessions_reset;   /* could not resume where they were */
	uint64_t sessions_overrun; /* ended as BUSY: too much waits for them, or is listened to */
	uint64_t attaches_refused; /* TOO_MANY, those of a hello too */
	uint64_t turns, turn_us_max, turn_steps_max;
};

struct broker {
	struct settings settings;
	void *zmq;
	struct auth *auth;
	struct store *store;
	struct core *core;
	struct front *front;        /* clients */
	struct front *worker_front; /* workers */
	struct outbox *outbox;
	struct sync *sync;
	struct request_kinds kinds;
	struct backlog backlog;     /* frames held back */
	struct price price;         /* of the turn at hand */
	struct meter meter;         /* what it walked and read in the core */
	struct fanout fanout;       /* has the sessions and the subscribers */
	struct commit commit;       /* has the turn */
	struct arena request_arena; /* what one frame holds, decoded */
	struct arena reply_arena;   /* what one reply is made of */
	struct buf scratch;
	uint64_t mono_us; /* the clock, at this turn's beginning */
	uint64_t now_us;  /* of this turn: the same without what we were held up for */
	uint64_t
		listened_us; /* of it, what clients were listened to: their silence is told by it */
	uint64_t wall_us;    /* of this turn */
	uint64_t serving_us; /* the clock, since clients are served in this turn */
	uint32_t looks;      /* at what the turn has cost; the clock is read at some */
	bool stopping;
	struct broker_counts counts;
	struct decisions decisions;
};

/* What a session asks, as the core hears it. */
static inline struct core_call broker_call(const struct broker *b, const struct session *s)
{
	return (struct core_call){
		.tenant = s->tenant->id, .now_us = b->wall_us, .served_us = b->commit.served_us};
}

#endif
