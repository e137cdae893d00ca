/* A message as a ROUTER gives it: whom it is from, and one frame of what they say.
 * Owns the two parts of it and how parts are taken off a socket; reads nothing of
 * what is said. */
#ifndef FRONT_FRAME_H
#define FRONT_FRAME_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <zmq.h>

#define FRONT_ROUTING_BYTES 5 /* of an id that ROUTER chose; it begins with a 0 */

/* Zeroed by front_frame_init, closed by front_frame_close, reused between by
 * front_frame_recv. */
struct front_frame {
	zmq_msg_t routing;
	zmq_msg_t payload;
	enum parlor_err err; /* OK, or FRAME: front_payload is empty, answer and go on */
};
void front_frame_init(struct front_frame *);
void front_frame_close(struct front_frame *);
/* The next message without waiting; false: nothing is there. A message of other
 * than one payload frame, or from an id that ROUTER did not choose, is drained whole
 * and given with err FRAME. */
bool front_frame_recv(void *socket, struct front_frame *);

struct span front_routing(const struct front_frame *);
struct span front_payload(const struct front_frame *);
/* The key it came with, for auth_* and to know a peer's own frames by; NULL without
 * keys. */
const char *front_user(const struct front_frame *);
/* The descriptor it came over, for connections_*; negative when there is none. */
int front_fd(const struct front_frame *);

/* Whether its peer named a routing id in its handshake, and what to tell it: ROUTER
 * numbers peers. libzmq gives the id as a text: one that begins with a zero byte, which
 * ZeroMQ keeps for itself, looks like none; peers before ZMTP 3 show none either. */
bool front_named(const struct front_frame *);
#define FRONT_NAMED "peers name no routing id here: ZMQ_ROUTING_ID must not be set"

/* The next part of whatever a socket receives, without waiting; false: none is there. */
bool front_part_recv(void *socket, zmq_msg_t *part);
/* What is left of the message behind `last`, which becomes its last part. */
void front_parts_drain(void *socket, zmq_msg_t *last);

#endif
