/* What one turn answers: the encoded replies, and whom each is for. Owns them until
 * the turn has landed; they are put down for sending then and not before, so that an
 * answer whose turn has not landed exists nowhere else. Sends nothing itself. */
#ifndef FRONT_REPLIES_H
#define FRONT_REPLIES_H

#include "front/outbox.h"

struct replies {
	struct buf bytes;
	size_t begun; /* where the one under way starts */
	struct reply_for {
		struct outbox_peer *peer;
		size_t at, len;
	} * list;
	size_t len, cap;
};

/* One more, encoded behind the buffer's end between the two (fields of FromBroker,
 * never empty), for that peer. */
struct buf *replies_begin(struct replies *);
void replies_end(struct replies *, struct outbox_peer *);
/* The last one is for that peer as well. */
void replies_also(struct replies *, struct outbox_peer *);

/* What they take, with the list of whom they are for: the turn's bytes out. */
size_t replies_bytes(const struct replies *);

/* The turn has landed: they are put down, and referred to until the outbox is flushed.
 * Then clear. */
void replies_put_down(struct replies *, struct outbox *);
void replies_clear(struct replies *);
/* The turn will not land: they are let go of. */
void replies_fini(struct replies *);

#endif
