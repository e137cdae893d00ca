/* What the modules of the broker's loop share: the pieces it is made of and
 * the state of the turn at hand. Owns nothing that the pieces own; the loop
 * makes and frees them. One thread; the store has another of its own. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "api/waiting.h"
#include "fanout/session.h"
#include "fanout/subscribers.h"
#include "front/auth.h"
#include "front/front.h"
#include "front/outbox.h"
#include "settings.h"
#include "store/store.h"
#include "sync/sync.h"
#include "turn/late.h"
#include "turn/pacing.h"
#include "turn/price.h"
#include "turn/retention.h"
#include "turn/turn.h"

#include "base/arena.h"

struct broker_counts {
	uint64_t requests, refused, frames_bad;
	uint64_t posts, events_live, events_caught_up, fell_behind;
	uint64_t waits_refused, queries_refused; /* over a session's limit or a tenant's share */
	uint64_t sessions_refused, sessions_opened, sessions_expired, sessions_failed;
	uint64_t turns, turn_us_max, commits, records;
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
	struct session_table *sessions;
	struct audience *audience;
	struct sync *sync;
	struct waiting *waiting;
	struct backlog backlog; /* frames held back */
	struct price price;     /* of the turn at hand */
	struct turn turn;
	struct turn flight; /* the one before, while its commit is under way */
	bool flying;
	size_t turn_before; /* records of the turn that was committed last */
	struct trickle trickle;
	struct late rows_late; /* dirty rows that have no room */
	size_t rows_given;     /* to the commit that is under way */
	struct late trim_late; /* what could be trimmed */
	struct late boot_late; /* the run's first record, which is all the turn holds */
	struct presence_debt *presence_owed;
	struct window window;
	struct arena request_arena; /* what one frame holds, decoded */
	struct arena reply_arena;   /* what one reply is made of */
	struct buf scratch;
	uint64_t unreadable; /* position of the last record found damaged, or 0 */
	uint64_t mono_us;    /* the clock, at this turn's beginning */
	uint64_t now_us;     /* of this turn: the same without what we were held up for */
	uint64_t
		listened_us; /* of it, what clients were listened to: their silence is told by it */
	uint64_t wall_us;    /* of this turn */
	bool stopping;
	bool failed; /* a commit failed: nothing may be sent any more */
	bool ending; /* some session is marked to be ended */
	struct broker_counts counts;
};

#endif
