/* A set of rooms, or of things in rooms (members, messages), and one statement
 * over all of them: grouped by tenant, in key order, bounded in length. Knows
 * how such a WHERE is written so that servers look up keys and scan nothing;
 * what the statement does is the caller's. */
#ifndef WORKER_PICK_H
#define WORKER_PICK_H

#include "db/db.h"

/* Texts are borrowed. */
struct pick {
	const char *tenant;
	const char *room;
	const char *member; /* NULL: a message, or the whole room */
	uint64_t seq;       /* 0: a member, or the whole room */
};

/* Zeroed is empty. */
struct picks {
	struct pick *list;
	size_t len;
	size_t cap;
};

void picks_add(struct picks *, struct pick);
void picks_fini(struct picks *);

/* The columns in the WHERE. item: of member or message; unused for rooms. */
struct pick_columns {
	const char *tenant;
	const char *room;
	const char *item;
};

/* Runs `head` + WHERE as often as it takes. All picks are of one kind. Sorts. */
enum parlor_err picks_run(struct picks *, struct db *, const char *head,
			  const struct pick_columns *) PARLOR_MUST_CHECK;

#endif
