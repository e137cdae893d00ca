/* The socket that workers talk to: a ROUTER, one frame a message each way.
 * Owns the form of what goes over it; never waits, never knows what a frame
 * says. The socket itself is the caller's. */
#ifndef FRONT_ROUTER_H
#define FRONT_ROUTER_H

#include "base/buf.h"

struct link;

#define LINK_KEY_MAX 40 /* of a CURVE key in Z85 */

/* Who: the routing id that the socket gave, and the key it came with. */
struct link_peer {
	uint8_t len;
	uint8_t bytes[255];
	char key[LINK_KEY_MAX + 1]; /* empty without keys */
};
bool link_peer_equal(const struct link_peer *, const struct link_peer *);

struct link *link_new(void *socket);
void link_free(struct link *);

/* LINK_BAD: a message of no or several frames; it is gone, peer is set. The
 * frame borrows until the next call. */
enum link_got { LINK_NOTHING, LINK_FRAME, LINK_BAD };
enum link_got link_receive(struct link *, struct link_peer *, struct span *frame);
/* The descriptor that the last frame came over; negative when there is none. */
int link_fd(const struct link *);

/* Takes the buffer's memory and leaves it empty. False: the peer is gone or
 * does not read (its queue is full). */
bool link_send(struct link *, const struct link_peer *, struct buf *frame);

/* Frames sent under one account that ZeroMQ still holds, for whoever has to bound
 * them. ZeroMQ's I/O thread takes off what it lets go of. Freed by its owner, at any
 * time: the last frame takes the memory along. */
struct link_account;
struct link_account *link_account_new(void);
void link_account_free(struct link_account *);
size_t link_account_frames(const struct link_account *);
/* link_send, and the frame counts until ZeroMQ has let go of it. */
bool link_send_counted(struct link *, const struct link_peer *, struct buf *frame,
		       struct link_account *);

#endif
