/* A recorded room being played: its requests one after the other, and what
 * must come of them: which sessions hear of each message, who has how many
 * unread. Owns room and script; sends nothing. */
#ifndef BENCH_RECORDED_H
#define BENCH_RECORDED_H

#include "corpus.h"
#include "frames.h"
#include "script.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORDED_SESSIONS_MAX 16

struct recorded {
	struct corpus_room *room;
	struct script script;
	size_t next; /* step; 0 is the room's own making */
	uint64_t seq;
	uint64_t *unread; /* by person; UNREAD_AWAY: no member */
	uint32_t sessions;
	uint32_t present[RECORDED_SESSIONS_MAX]; /* members, by session */
};

#define UNREAD_AWAY UINT64_MAX

/* Takes the room. */
void recorded_init(struct recorded *, struct corpus_room *, uint32_t sessions, uint32_t read_every);
void recorded_fini(struct recorded *);

/* Appends the next request's body; false when the room is played. */
bool recorded_put(struct recorded *, struct buf *body, enum frame_op *);
/* That request was carried out. True when it was a post: bit i of *heard says
 * that session i must hear of it. */
bool recorded_done(struct recorded *, uint64_t *heard);
/* The session that speaks for a member. */
uint32_t recorded_session_of(const char *member, uint32_t sessions);

#endif
