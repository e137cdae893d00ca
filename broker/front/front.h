/* A ROUTER that peers connect to: the broker has one for clients and one for
 * workers. Owns the socket and its rules: which address may be bound, routing ids
 * given by ROUTER whatever a peer names. Reads no payload; what comes is frame.h's,
 * what is sent outbox.h's and peer.h's. */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "base/err.h"
#include "front/auth.h"
#include "front/connections.h"
#include "front/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRONT_ENDPOINT_MAX 256
#define FRONT_LINGER_MS 500

struct front;

struct front_options {
	const char *endpoint; /* tcp://HOST:PORT (PORT may be *) or ipc://PATH */
	enum auth_role role;
	const struct auth *auth;
	size_t frame_bytes_max; /* a larger one costs the peer its connection */
	struct connection_limits connections;
	int send_hwm; /* messages waiting for a peer; 0: as many as the outbox lets */
};

/* PARLOR_E_ADDRESS with one line in `why` (of at least 256 bytes): not an
 * address, taken, or not loopback while there are no keys. */
enum parlor_err front_open(struct front **out, void *zmq_ctx, const struct front_options *,
			   char *why, size_t why_size) PARLOR_MUST_CHECK;
/* What is unsent is still sent while zmq_ctx_term waits, for FRONT_LINGER_MS at
 * most. NULL is fine. */
void front_close(struct front *);

void *front_socket(const struct front *);
struct connections *front_connections(const struct front *);
/* The address really bound, without '*'. */
const char *front_endpoint(const struct front *);

/* front_frame_recv, counted. */
bool front_recv(struct front *, struct front_frame *);

/* Whether an endpoint is of this machine only: ipc, inproc, or tcp on
 * 127.0.0.0/8, [::1] or localhost. */
bool front_is_loopback(const char *endpoint);

struct front_counts {
	uint64_t frames;
	uint64_t bytes;
	uint64_t bad; /* given with err FRAME */
};
void front_counts(const struct front *, struct front_counts *);

#endif
