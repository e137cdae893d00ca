/* What waits on behalf of a session, found by the session's number, so that the
 * end of one costs what it waits for and not what all others do. Owns the index;
 * what waits embeds a `struct owned` and is its owner's own business. */
#ifndef SYNC_OWNER_H
#define SYNC_OWNER_H

#include <stddef.h>
#include <stdint.h>

struct owner;

struct owned {
	struct owner *owner;
	struct owned *prev, *next; /* of the same owner */
};

/* Zeroed is none. */
struct owners {
	struct owner *table;
};

void owners_add(struct owners *, uint64_t session, struct owned *);
void owners_remove(struct owners *, struct owned *);
/* Any one of that session; NULL: none is left. */
struct owned *owners_first(const struct owners *, uint64_t session);

#define OWNED_IN(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

#endif
