/* The members this session speaks for, in the order they were attached, with
 * what presence each was set to: what a new session needs to be told. */
#ifndef CLIENT_ATTACHED_H
#define CLIENT_ATTACHED_H

#include <parlor/parlor.pb-c.h>

#include <uthash.h>

struct attached_member {
	UT_hash_handle hh;
	Parlor__Presence presence; /* NONE: never set */
	char *id;
};

/* Zeroed is empty. */
struct attached {
	struct attached_member *members;
};

void attached_fini(struct attached *);
void attached_add(struct attached *, const char *member); /* again: no change */
void attached_remove(struct attached *, const char *member);
/* Nothing happens when the member is not there. */
void attached_set_presence(struct attached *, const char *member, Parlor__Presence);

/* The ids in order; free() the array, the ids stay the list's. *n may be 0. */
char **attached_ids(const struct attached *, size_t *n);

#endif
