/* The connections of a ROUTER: which are open, and since when each of them is
 * waited for. Owns what ZeroMQ tells of coming and going, and the time a peer has
 * to say hello; ends a connection that let it pass, or the one waited for longest
 * when there are more than there may be, so that peers who say nothing do not
 * use up the descriptors. Reads and sends no frame, knows no session.
 *
 * A connection is known by its descriptor. ZeroMQ closes descriptors and uses
 * them again while we still look: what a caller keeps has a serial number, and
 * what is ended is compared with the kernel's own number of the socket first. */
#ifndef FRONT_CONNECTIONS_H
#define FRONT_CONNECTIONS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct connections;

/* How the descriptors of this process are shared: connections of clients, as many
 * as that many sessions need and some without one, and of workers and readers. The
 * soft limit has been raised before (session_descriptors). */
struct connection_shares {
	uint64_t clients;
	uint64_t workers;
};
struct connection_shares connections_shares(uint64_t sessions);

struct connection_limits {
	uint64_t max;     /* open at once; 0: as many as there are descriptors */
	uint64_t wait_us; /* to say hello; 0: for ever */
};

/* Before the ROUTER is bound. NULL when there is no descriptor or socket left. */
struct connections *connections_open(void *zmq_ctx, void *router, const struct connection_limits *);
/* Before the ROUTER is closed. NULL is fine. */
void connections_close(struct connections *);

/* A descriptor to be polled for input: connections came or went. A poll of the
 * socket itself would cost every turn of the loop a system call. */
int connections_fd(const struct connections *);
/* Every turn, once what peers said was taken: ends who is overdue or too many, and
 * when the descriptor was readable takes what ZeroMQ tells. True: there is more of
 * that, do not wait.
 *
 * now_us, here and below: time in which peers were listened to. What the loop was
 * held up for is nobody's silence. */
bool connections_serve(struct connections *, bool readable, uint64_t now_us);

/* A connection that is kept. Zeroed: none. */
struct connection_ref {
	int fd;
	uint64_t serial;
};
/* The peer on that descriptor has a session now and is waited for no more. */
struct connection_ref connections_keep(struct connections *, int fd, uint64_t now_us);
/* It has none any more: it is waited for again, from now on. A connection that is
 * gone, or another one on its descriptor, is left alone. */
void connections_wait(struct connections *, struct connection_ref, uint64_t now_us);
/* It has none and needs none, but said something: waited for from now on. */
void connections_heard(struct connections *, int fd, uint64_t now_us);

struct connection_counts {
	uint64_t open;    /* now */
	uint64_t waiting; /* of them, without a session */
	uint64_t silent;  /* ended: said no hello in time */
	uint64_t pushed;  /* ended: too many were open */
};
void connections_counts(const struct connections *, struct connection_counts *);

#endif
