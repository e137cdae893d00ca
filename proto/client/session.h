/* A session with the broker and its coming and going: hello, heartbeat, credit,
 * loss, back-off and resumption, and the requests and events that pass through
 * it. Owns the connection and everything that outlives it. Knows nothing of
 * callers that wait. */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include "client/attached.h"
#include "client/backoff.h"
#include "client/inbox.h"
#include "client/link.h"
#include "client/pending.h"
#include "client/waker.h"

enum session_state {
	SESSION_AWAY,  /* no connection; the next attempt is at retry_at_us */
	SESSION_HELLO, /* said hello, no answer yet */
	SESSION_UP,
	SESSION_REFUSED /* for good, with refused_code */
};

#define SESSION_TEXT_BYTES 256

struct session {
	struct parlor_client_options options;
	struct link link;
	struct inbox inbox;
	struct pending pending;
	struct attached attached;
	struct backoff backoff;
	struct waker waker;
	struct buf out; /* the frame being put together */

	enum session_state state;
	int refused_code;
	char trouble[SESSION_TEXT_BYTES]; /* why it is not up, in words */

	uint64_t last_id;
	uint64_t hello_id;
	Parlor__Welcome *welcome; /* while UP */

	bool known; /* journal and position are those of a session or the options */
	bool begun; /* there was a session */
	uint64_t journal;
	uint64_t position;

	uint64_t retry_at_us;
	uint64_t hello_at_us;
	uint64_t up_at_us;
	uint64_t sent_at_us;
	uint64_t unheard_us; /* since when something sent has met silence; 0: it has not */
	uint32_t taken;      /* events since credit was last given back */
	bool blocked;        /* the socket takes no more now */

	bool calling; /* a callback is running */
	bool did;     /* one ran in this poll */
};

static inline uint64_t session_us(uint32_t ms)
{
	return (uint64_t)ms * 1000;
}

/* As parlor_client_open. */
enum parlor_err session_init(struct session *,
			     const struct parlor_client_options *) PARLOR_MUST_CHECK;
/* Goodbye; what is unanswered is called back with CLOSED. */
void session_fini(struct session *);

/* As parlor_client_send; *id is the request's, if wanted. */
enum parlor_err session_send(struct session *, Parlor__Request *, parlor_reply_fn *fn, void *arg,
			     uint64_t *id) PARLOR_MUST_CHECK;
/* The request is not to be sent (again), its answer not to be called back. */
void session_forget(struct session *, uint64_t id);
/* As parlor_client_poll. *interrupted, if wanted: a signal ended the wait. */
enum parlor_err session_poll(struct session *, int timeout_ms, bool *interrupted) PARLOR_MUST_CHECK;
int session_fd(struct session *);

#endif
