/* An outbox over a real ROUTER, and DEALERs on TCP that take little off the wire: each
 * is a peer of it, and reads when the test does. Waits fail the test when they last. */
#ifndef OUTBOX_WORLD_H
#define OUTBOX_WORLD_H

#include "front/front.h"
#include "front/outbox.h"

#define DEALERS 4
#define WAIT_MS 60000
#define MIB (1u << 20)

extern const struct outbox_limits world_limits;

struct dealer {
	void *socket;
	struct outbox_peer *peer;
	uint8_t routing[5];
};

struct world {
	void *ctx;
	struct auth *auth;
	struct front *front;
	struct outbox *outbox;
	struct dealer dealers[DEALERS];
};

/* For cmocka: a world of world_limits. */
int setup(void **state);
int teardown(void **state);
struct world *world_open(const struct outbox_limits *);
void world_close(struct world *);
void dealer_close(struct world *, struct dealer *);

/* Words of a turn. */
struct outbox_part put(struct world *, const char *text);
void add(struct world *, int dealer, struct outbox_part);

void await_readable(void *socket);
/* The next frame is this, whole. */
void expect(struct world *, int dealer, const char *text);
/* Next frame's length; its bytes all equal `byte`, or -1. */
int frame_of(void *socket, uint8_t byte);
/* Until ZeroMQ holds nothing any more. */
void await_empty(struct world *);

#endif
