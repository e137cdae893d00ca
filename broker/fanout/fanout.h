/* What fan-out works on: sessions, subscribers, and where events go. Owns no piece of
 * it but the counts and a scratch buffer: the loop makes and frees the others. One
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
};

struct fanout {
	struct core *core;
	struct store *store;
	struct outbox *outbox;
	struct session_table *sessions;
	struct subscribers *subscribers;
	size_t turn_bytes_max; /* of events that one turn puts down for who catches up */
	uint64_t unreadable;   /* position of the last record found damaged, or 0 */
	struct buf scratch;
	struct fanout_counts counts;
};

/* Sessions of the tenant that asked for presence: on with ->watch_next. */
struct session *fanout_watchers(const struct fanout *, uint32_t tenant);

#endif
