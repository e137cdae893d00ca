/* libparlor: a connection of a backend service to the broker.
 *
 * One handle is one session. It connects, says hello, keeps the session alive,
 * reconnects with back-off and jitter, resumes events where they stopped and
 * sends every unanswered request again under the same id, so that a
 * reconnect neither loses nor doubles a post (posts carry a client id; one is
 * made up when the caller gives none).
 *
 * A handle belongs to one thread at a time and runs no thread of its own: work
 * is done inside parlor_client_poll and parlor_client_call. Callbacks run
 * there, on the caller's thread; they may send, but not poll, call or close.
 *
 * Requests and replies are the protobuf-c structs of proto/parlor.proto
 * (parlor/parlor.pb-c.h, installed beside this header).
 *
 * State that was loaded is kept up by events: reply->as_of is the position up to
 * which an answer contains all that happened (0: it does not say). Apply an event to
 * it only if event->position is greater; others are in it already. */
#ifndef PARLOR_CLIENT_H
#define PARLOR_CLIENT_H

#include <parlor/error.h>
#include <parlor/parlor.pb-c.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct parlor_client parlor_client;

/* Everything but endpoint and tenant may be left 0 / NULL for the default. */
struct parlor_client_options {
	const char *endpoint; /* default tcp://127.0.0.1:5570 */
	const char *tenant;   /* default "default" */
	const char *name;     /* shown in the broker's log */

	/* Attached as soon as a session starts, and again after each reconnect.
	 * More can follow with parlor_client_attach. */
	const char *const *members;
	size_t members_len;

	/* Where to resume from: both from an earlier parlor_client_position. */
	bool resume;
	uint64_t journal;
	uint64_t position;

	uint32_t credit;       /* events in flight; default 4096 */
	uint32_t pending_max;  /* unanswered requests; default 4096, more are BUSY */
	bool presence;         /* want presence events */
	unsigned retry_ms_min; /* back-off of a reconnect: default 50 */
	unsigned retry_ms_max; /* default 5000 */

	/* CURVE keys in Z85 (40 characters), all three or none. */
	const char *server_key;
	const char *public_key;
	const char *secret_key;

	/* Every live event, in order, each once. The event is valid during the
	 * call only. NULL: events are not wanted. */
	void (*on_event)(void *arg, const Parlor__Event *event);
	/* The session began (again). reset: what was missed cannot be had any
	 * more, state must be loaded anew. May be NULL. */
	void (*on_session)(void *arg, const Parlor__Welcome *welcome, bool reset);
	/* The session was lost, or refused for good (code not retryable); the
	 * client goes on trying only in the first case. May be NULL. */
	void (*on_lost)(void *arg, int code, const char *text);
	void *arg;
};

/* Called exactly once for each accepted send: with the broker's reply, or with
 * reply NULL and code CLOSED when the client is closed first. The reply is
 * valid during the call only. */
typedef void parlor_reply_fn(void *arg, int code, const Parlor__Reply *reply);

/* Does not wait for the broker. Options are copied. */
enum parlor_err parlor_client_open(parlor_client **out,
				   const struct parlor_client_options *) PARLOR_MUST_CHECK;
/* Says goodbye when there is a session, drops what is unanswered. NULL is fine. */
void parlor_client_close(parlor_client *);

/* Queues a request; its id is set by the library. The request is encoded at
 * once and may be freed after. BUSY at pending_max. fn may be NULL. */
enum parlor_err parlor_client_send(parlor_client *, Parlor__Request *, parlor_reply_fn *fn,
				   void *arg) PARLOR_MUST_CHECK;

/* Sends what is queued, receives what is there, runs callbacks, keeps timers.
 * Waits up to timeout_ms (0: not at all, -1: until something happened).
 * `did` may be NULL; else it says whether a callback ran. */
enum parlor_err parlor_client_poll(parlor_client *, int timeout_ms, bool *did) PARLOR_MUST_CHECK;

/* Send and wait. The reply's own code is returned; on success *reply is to be
 * freed with parlor_reply_free. TIMEOUT after timeout_ms (-1: never), the
 * request is then forgotten here, though the broker may yet carry it out. Text
 * of a refusal: parlor_client_error. */
enum parlor_err parlor_client_call(parlor_client *, Parlor__Request *, int timeout_ms,
				   Parlor__Reply **reply) PARLOR_MUST_CHECK;
void parlor_reply_free(Parlor__Reply *);
/* In words, of the last call on this handle; never NULL. */
const char *parlor_client_error(const parlor_client *);

enum parlor_err parlor_client_attach(parlor_client *, const char *const *members, size_t n,
				     int timeout_ms) PARLOR_MUST_CHECK;
enum parlor_err parlor_client_detach(parlor_client *, const char *const *members, size_t n,
				     int timeout_ms) PARLOR_MUST_CHECK;

/* Of the last event seen (or of the welcome), to resume from later. False
 * before the first session. */
bool parlor_client_position(const parlor_client *, uint64_t *journal, uint64_t *position);
/* The welcome of the current session, or NULL. Valid until the next poll. */
const Parlor__Welcome *parlor_client_welcome(const parlor_client *);
/* Unanswered requests, those not yet sent included. */
size_t parlor_client_pending(const parlor_client *);
/* Readable when a poll has something to do; for a caller's own event loop. It
 * is ZeroMQ's edge-triggered descriptor: poll with 0 until nothing happened. */
int parlor_client_fd(const parlor_client *);

#ifdef __cplusplus
}
#endif
#endif
