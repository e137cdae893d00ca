/* The socket that workers talk to: a ROUTER, one frame a message each way.
 * Owns the form of what goes over it; never waits, never knows what a frame
 * says. The socket itself is the caller's. */
#ifndef SYNC_LINK_H
#define SYNC_LINK_H

#include "base/buf.h"

struct link;

/* Who: the routing id that the socket gave or the peer chose. */
struct link_peer {
	uint8_t len;
	uint8_t bytes[255];
};
bool link_peer_equal(const struct link_peer *, const struct link_peer *);

struct link *link_new(void *socket);
void link_free(struct link *);

/* LINK_BAD: a message of no or several frames; it is gone, peer is set. The
 * frame borrows until the next call. */
enum link_got { LINK_NOTHING, LINK_FRAME, LINK_BAD };
enum link_got link_receive(struct link *, struct link_peer *, struct span *frame);

/* Takes the buffer's memory and leaves it empty. False: the peer is gone or
 * does not read (its queue is full). */
bool link_send(struct link *, const struct link_peer *, struct buf *frame);

#endif
