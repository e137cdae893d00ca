/* The requests that a play of a room comes to: making it, looking how far an earlier
 * play came, the steps of its script. Knows how to ask, not when. */
#ifndef PLAYER_REQUEST_H
#define PLAYER_REQUEST_H

#include "operation.h"
#include "script.h"

struct player;

struct player_request {
	const struct corpus_room *room;
	const struct script *script;
	const uint64_t *seqs;    /* by event; 0: not posted */
	bool stored;             /* posts are acknowledged when MySQL has them */
	operation_send_fn *send; /* BUSY: not now */
	struct player *player;   /* the operation's owner */
};

/* Whether it was sent. */
bool player_request_create(const struct player_request *);
bool player_request_history(const struct player_request *, uint64_t from);
bool player_request_step(const struct player_request *, const struct step *);

#endif
