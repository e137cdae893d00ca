/* One room being played: from its creation through its script to its last
 * acknowledgement. Owns the room's events, where play stands in them and what
 * of it is unanswered. All its requests go through one session, which keeps
 * their order. A room that the broker has already is looked through for the
 * last of our posts, and play goes on from there.
 *
 * A refusal that may pass (the broker is stopping, or full) takes the player back
 * to that request after a pause; one that will not is counted, and the room
 * goes on. */
#ifndef PLAYER_H
#define PLAYER_H

#include "attendance.h"
#include "corpus.h"
#include "delivery_check.h"
#include "pace.h"
#include "sessions.h"
#include "summary.h"

/* What all players share. */
struct players {
	struct sessions *sessions;
	struct summary *summary;
	struct attendance *attendance;         /* NULL: members are not attached */
	struct delivery_check *delivery_check; /* goes with it */
	struct pace pace;
	uint64_t start_us; /* of all */
	uint64_t posts;    /* sent */
	uint32_t read_every;
	bool stored;
	size_t in_flight;
	size_t in_flight_max;
	uint32_t session_in_flight[DELIVERY_CHECK_SESSIONS_MAX];
	uint32_t session_in_flight_max; /* how many STORED posts the broker lets wait */
	struct player_sent *spare;      /* to use again */
};

void players_fini(struct players *);

struct player;

/* Takes the room over. */
struct player *player_open(struct players *, struct corpus_room *, uint64_t now_us);
/* The sessions must be closed, or the player done. Counts what was not sent. */
void player_close(struct player *);

/* Sends the next request if it is its turn; true when it was sent. */
bool player_send(struct player *, uint64_t now_us);
/* When to try again: UINT64_MAX while it waits for the broker. */
uint64_t player_due_us(const struct player *, uint64_t now_us);
bool player_done(const struct player *);
const struct corpus_room *player_room(const struct player *);

#endif
