/* The sessions a replay has with the broker: opens them, works them all in one
 * thread, and says what became of them. Which room and which member goes with
 * which session is fixed by their names. Knows nothing of rooms' content. */
#ifndef SESSIONS_H
#define SESSIONS_H

#include "base/keys.h"

#include <parlor/client.h>

struct sessions;

struct sessions_options {
	const char *broker; /* NULL: the library's default */
	const char *tenant;
	const struct keys *keys; /* NULL: none */
	unsigned count;
	uint32_t pending_max; /* of each session */
	/* NULL: events are not wanted. */
	void (*on_event)(void *arg, unsigned session, const Parlor__Event *event);
	void *arg;
};

enum parlor_err sessions_open(struct sessions **out,
			      const struct sessions_options *) PARLOR_MUST_CHECK;
/* Unanswered requests are called back with CLOSED. NULL is fine. */
void sessions_close(struct sessions *);

/* Waits until every session has been welcomed. TIMEOUT, INTERRUPTED by a signal
 * is TIMEOUT too; any other code: the broker refuses us. */
enum parlor_err sessions_start(struct sessions *, int timeout_ms) PARLOR_MUST_CHECK;
/* Sends, receives, calls back; waits up to timeout_ms when there is nothing to
 * do, less when a signal comes. An error is for good: see sessions_error. */
enum parlor_err sessions_work(struct sessions *, int timeout_ms) PARLOR_MUST_CHECK;
const char *sessions_error(const struct sessions *);

unsigned sessions_of(const struct sessions *, const char *name);
unsigned sessions_count(const struct sessions *);
enum parlor_err sessions_send(struct sessions *, unsigned session, Parlor__Request *,
			      parlor_reply_fn *, void *arg) PARLOR_MUST_CHECK;
/* Of a welcomed session; never NULL after sessions_start. */
const Parlor__Limits *sessions_limits(const struct sessions *);

uint64_t sessions_reconnects(const struct sessions *);
uint64_t sessions_resets(const struct sessions *); /* events were lost by these */
bool sessions_away(const struct sessions *);       /* one is not connected now */

#endif
