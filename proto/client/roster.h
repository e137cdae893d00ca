/* The members this session speaks for, in the order they were attached, with
 * what presence each was set to: what a new session needs to be told. */
#ifndef CLIENT_ROSTER_H
#define CLIENT_ROSTER_H

#include <parlor/parlor.pb-c.h>

#include <uthash.h>

struct roster_member {
	UT_hash_handle hh;
	Parlor__Presence presence; /* NONE: never set */
	char *id;
};

/* Zeroed is empty. */
struct roster {
	struct roster_member *members;
};

void roster_fini(struct roster *);
void roster_add(struct roster *, const char *member); /* again: no change */
void roster_remove(struct roster *, const char *member);
/* Nothing happens when the member is not there. */
void roster_set_presence(struct roster *, const char *member, Parlor__Presence);

/* The ids in order; free() the array, the ids stay the roster's. *n may be 0. */
char **roster_ids(const struct roster *, size_t *n);

#endif
