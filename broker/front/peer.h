/* A peer of a ROUTER as it is kept: who it is, and frames to it, one a message.
 * Owns what a frame that is sent takes until ZeroMQ lets go of it, and the count of
 * such frames; never waits, never knows what a frame says. */
#ifndef FRONT_PEER_H
#define FRONT_PEER_H

#include "front/auth.h"
#include "front/frame.h"

/* The routing id that ROUTER gave, and the key it came with. */
struct peer {
	uint8_t routing[FRONT_ROUTING_BYTES];
	char key[AUTH_KEY_TEXT + 1]; /* empty without keys */
};
/* Of whom the frame is. */
struct peer peer_of(const struct front_frame *);
bool peer_equal(const struct peer *, const struct peer *);

/* Frames sent under one account that ZeroMQ still holds, for whoever has to bound
 * them. ZeroMQ's I/O thread takes off what it lets go of. Freed by its owner, at any
 * time: the last frame takes the memory along. */
struct peer_account;
struct peer_account *peer_account_new(void);
void peer_account_free(struct peer_account *);
size_t peer_account_frames(const struct peer_account *);

/* Takes the buffer's memory and leaves it empty; under an account, or NULL. False: the
 * peer is gone or does not read (its queue is full). */
bool peer_send(void *socket, const struct peer *, struct buf *frame, struct peer_account *);

#endif
