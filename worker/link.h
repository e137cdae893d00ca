/* The session with the broker: one DEALER, hello, heartbeats, and starting
 * over on a fresh socket when the broker refuses or falls silent. Owns the
 * socket and the clock of the session; knows nothing of partitions and databases.
 *
 * A message that cannot be sent at once ends the session instead of waiting:
 * the broker then hands the partitions out anew, and nothing is lost by it. */
#ifndef WORKER_LINK_H
#define WORKER_LINK_H

#include "owner.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/keys.h"

#include <parlor/worker.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;

enum link_event {
	LINK_NOTHING,
	LINK_WELCOME, /* a session began: no partition is assigned */
	LINK_LOST,    /* the session ended: forget all partitions */
	LINK_MESSAGE  /* for the worker to act on */
};

/* A decoded message; its owner frees the arena. */
struct link_message {
	Parlor__ToWorker *message;
	struct arena arena;
	size_t bytes;
};

/* PARLOR_E_ADDRESS when the endpoint cannot be connected to at all. keys NULL: the
 * broker wants none. All are borrowed. */
enum parlor_err link_open(struct link **, const char *endpoint, const char *name,
			  const struct keys *) PARLOR_MUST_CHECK;
/* Says goodbye if there is a session, and gives it a moment to leave. */
void link_close(struct link *);

bool link_has_session(const struct link *);
/* Of the current session. */
uint64_t link_broker_id(const struct link *);
/* The same, and the journals that it is a copy of. */
const struct owner *link_owner(const struct link *);
uint32_t link_partitions(const struct link *);

/* The next thing that happened, without waiting; *out is set with
 * LINK_MESSAGE. Keeps heartbeats and starts over as needed: call it until
 * LINK_NOTHING, as often as there is time. */
enum link_event link_next(struct link *, struct link_message *out);
/* When link_next wants to be called at the latest (monotonic). */
uint64_t link_due_us(const struct link *);
/* Waits for a frame, for `fd` to be readable, or until then. */
void link_wait(struct link *, int fd, uint64_t until_us);

/* Encodes and sends what is said; without a session it is dropped. */
void link_send(struct link *, Parlor__FromWorker__OpCase, const ProtobufCMessage *);

#endif
