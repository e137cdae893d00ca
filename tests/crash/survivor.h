/* One image of a data directory, looked at as a starting broker does: it opens,
 * its journal is a beginning of the reference's, recovery gives the state of
 * that beginning to the byte, and everything acknowledged is in it. */
#ifndef CRASH_SURVIVOR_H
#define CRASH_SURVIVOR_H

#include "acks.h"
#include "reference.h"

#define SURVIVOR_WHY 512

struct expected {
	struct reference *reference;
	const struct acks *acks;
	size_t received; /* of the acks, before the cut */
	size_t asked;    /* so many of them, the newest and some by chance, are looked at singly */
	uint64_t chance;
};

/* What an image was like. */
struct seen {
	uint64_t covered, last, map_bytes;
};

/* False, and why, when it does not stand. The image is changed: recovered. */
bool survivor_check(const char *dir, const struct expected *, struct seen *,
		    char why[SURVIVOR_WHY]);

#endif
