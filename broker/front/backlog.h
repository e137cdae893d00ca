/* What sessions have sent and is not yet carried out: frames of who has had its part,
 * the rest of a frame whose turn was over or whose session has to read first, and what
 * came behind. Owns a copy of those bytes, each session's in order; the order in which
 * sessions take their turns is drr.h's. Knows no request, and no session but as who a
 * queue belongs to.
 *
 * Limits: session_bytes of a session, total_bytes of all; from half of that on each
 * session has its fair part of the other half, so that nobody can take all. */
#ifndef FRONT_BACKLOG_H
#define FRONT_BACKLOG_H

#include "base/buf.h"
#include "base/err.h"
#include "front/drr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKLOG_FRAME_COST 64 /* bytes that a frame takes beside its own */

/* Of a frame, what is to be carried out. */
struct backlog_rest {
	struct span bytes;
	bool begun;          /* the frame was looked at as a whole, and found: */
	enum parlor_err err; /* bad, or OK */
};

struct backlog_frame {
	struct backlog_frame *prev, *next;
	struct backlog_rest rest; /* of the bytes below; who takes the frame moves it on */
	size_t len;
	uint8_t bytes[];
};

/* What a queue held, on its way to another one; zeroed it is empty. */
struct backlog_frames {
	struct backlog_frame *first;
	size_t bytes;
};

/* A session's; zeroed it is empty. */
struct backlog_queue {
	struct drr_flow flow; /* the caller sets its group */
	void *owner;          /* the caller's too */
	struct backlog_frame *frames;
	size_t bytes;
	bool blocked;
	struct backlog_queue *prev, *next; /* in backlog.blocked */
};

struct backlog {
	size_t session_bytes, total_bytes; /* the limits */
	struct drr drr;                    /* of queues that hold something and are not blocked */
	struct backlog_queue *blocked;
	size_t queues_len; /* that hold something */
	size_t bytes;      /* of all, now */
	uint64_t frames;   /* ever held */
};

/* Copies the rest of a frame, behind what the queue holds. False when it has no space;
 * sharers: how many sessions there are. */
bool backlog_add(struct backlog *, struct backlog_queue *, const struct backlog_rest *,
		 size_t sharers) PARLOR_MUST_CHECK;

/* Takes the oldest frame out, NULL when there is none. The caller frees it, or puts
 * it back as the oldest when it was not carried out to its end. */
struct backlog_frame *backlog_take(struct backlog *, struct backlog_queue *);
void backlog_put_back(struct backlog *, struct backlog_queue *, struct backlog_frame *);

/* The queue whose turn it is. NULL: nothing is held that can be carried out. */
struct backlog_queue *backlog_next(struct backlog *);
/* Nothing of it can be carried out before something else has changed: it takes no turn
 * until all are let in again. */
void backlog_block(struct backlog *, struct backlog_queue *);
void backlog_unblock(struct backlog *);

/* All that the queue holds, for another one; and behind what that one holds. They cost the
 * same however many frames there are. */
struct backlog_frames backlog_take_all(struct backlog *, struct backlog_queue *);
void backlog_append(struct backlog *, struct backlog_queue *, struct backlog_frames *);
/* The oldest, NULL: there is none. The caller frees it. */
struct backlog_frame *backlog_first_of(struct backlog_frames *);
/* Lets go of all that the queue holds. */
void backlog_clear(struct backlog *, struct backlog_queue *);

#endif
