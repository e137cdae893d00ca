/* The rooms of a recording as far as they were met: under which id they are
 * played, how their numbers of messages are to be read, what of them is
 * unanswered. A room whose creation is in the recording is as it says; of any
 * other one, what was before the recording is made up: the room, and each
 * member when it is first met. Owns this knowledge; sends nothing. */
#ifndef PLACES_H
#define PLACES_H

#include "base/buf.h"
#include "operation.h"

#define PLACES_MAX 4000000U

struct face;

struct place {
	char *id;           /* as it is played */
	uint32_t tenant;    /* number */
	bool guessed;       /* its creation is not in the recording */
	bool chosen;        /* to be played */
	bool foreign;       /* the broker had it before: it is left alone */
	bool counted;       /* ahead is known */
	bool desk;          /* a conversation was met in it */
	bool released;      /* and with the line before, somebody had served */
	uint64_t ahead;     /* messages of the recorded room that are not played */
	struct face *faces; /* members made up, of a guessed room */
	size_t out;         /* operations of the room that are unanswered */
	const struct operation_kind *last;
};

struct places {
	struct place_slot *slots;
	struct buf key; /* scratch */
	uint64_t len;
	uint64_t chosen; /* rooms to be played */
};

void places_fini(struct places *);

/* *met: it was known before. NULL: there are too many. */
struct place *places_get(struct places *, uint32_t tenant, const char *id, bool *met);
/* False when the member was named before. */
bool place_meet(struct place *, const char *member);
/* The number of a recorded message in the room that is played; 0 when it is
 * not there. */
uint64_t place_seq(const struct place *, int64_t recorded);
/* Whether the message is there that the operation is about. */
bool place_has(const struct operation *);

/* Whether an operation may be sent while others of its room are unanswered. */
bool place_free(const struct place *, const struct operation_kind *);

#endif
