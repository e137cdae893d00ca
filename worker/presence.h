/* Who is online as of a run of records, in the table member. */
#ifndef WORKER_PRESENCE_H
#define WORKER_PRESENCE_H

#include "noun.h"

struct fold_presence {
	const char *tenant;
	const char *member;
	int presence; /* Parlor__Presence */
	uint64_t last_seen_us;
	uint64_t position;
	UT_hash_handle hh;
};

struct fold_presences {
	struct fold_presence *list;
	uint64_t boot_position; /* of the last BOOT; 0: none */
	uint64_t boot_us;
};

extern const struct noun presence_noun;

#endif
