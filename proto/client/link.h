/* The socket to the broker and the ZeroMQ context behind it. One DEALER at a
 * time, replaced by a fresh one for every new session. The only file of the
 * library that calls ZeroMQ; never looks into a frame. */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include "base/buf.h"

#include <parlor/error.h>

#include <zmq.h>

struct link_setup {
	const char *endpoint;
	const char *server_key; /* Z85, all three or none */
	const char *public_key;
	const char *secret_key;
	int reconnect_ms_min;
	int reconnect_ms_max;
};

/* Zeroed is closed. */
struct link {
	void *context;
	void *socket;
	zmq_msg_t frame; /* the last one received */
	bool has_frame;
};

enum parlor_err link_init(struct link *) PARLOR_MUST_CHECK;
/* Blocks for at most the linger time of the last link_drop. */
void link_fini(struct link *);

/* A fresh socket in place of the one before. ADDRESS when the endpoint makes no
 * sense, VALUE for keys that are none, IO or NO_MEMORY. That nobody listens
 * there is no error: ZeroMQ goes on trying. */
enum parlor_err link_open(struct link *, const struct link_setup *) PARLOR_MUST_CHECK;
/* linger_ms: how long what was sent last may still take to leave. */
void link_drop(struct link *, int linger_ms);

/* BUSY when the socket takes no more now. */
enum parlor_err link_send(struct link *, struct span frame) PARLOR_MUST_CHECK;
/* The next frame, if one is there; valid until the next receive or link_fini. */
bool link_receive(struct link *, struct span *frame);
/* Until something can be received (or sent, if wanted) or the time is over.
 * Without a socket it just waits. False when a signal came. */
bool link_wait(struct link *, int timeout_ms, bool to_send);
/* ZeroMQ's edge-triggered descriptor of the socket, -1 without one. */
int link_fd(const struct link *);

#endif
