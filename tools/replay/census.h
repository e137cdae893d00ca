/* Who is in which room, since when and with how much unread, as foreign tables say:
 * rows that repeat, contradict or lack one another made one of each. In memory,
 * about 300 bytes a membership. Owns the judgement of rows about members; tells
 * every repair to findings. */
#ifndef CENSUS_H
#define CENSUS_H

#include "findings.h"
#include "legacy.h"

#include <uthash.h>

struct census_membership {
	struct census_room *room;
	char *member;
	char *name, *avatar; /* "" when not known */
	uint8_t type;
	bool in_group, in_member, timed, spoke;
	uint64_t unread;
	uint64_t joined_us; /* after census_finish: never 0 */
	uint64_t spoke_us;  /* first, when it spoke */
	char *folded;       /* as the old tables compared it */
	UT_hash_handle hh, hh_folded;
};

struct census_room {
	char *tenant; /* of an allocation with the id */
	const char *id;
	char *name;
	bool names_differ;
	uint64_t first_us; /* of what has a time; 0: nothing */
	uint64_t memberships;
	uint64_t messages;
	bool imported; /* its record is written */
	UT_hash_handle hh;
};

struct census {
	struct findings *findings;
	const char *tenant; /* of rows without one */
	uint64_t now_us;    /* nothing is later */
	uint64_t first_us;  /* nothing is earlier; after census_finish never 0 */
	struct census_room *rooms;
	struct census_membership *memberships; /* census_finish: by joined_us */
	struct census_membership *folded;
	uint64_t memberships_sum, unread; /* sums */
	struct buf key;                   /* scratch */
};

/* Zeroed but for the first three. legacy_fn, each for all rows of its table. */
void census_group(void *census, const struct legacy_row *);
void census_member(void *census, const struct legacy_row *);
void census_sender(void *census, const struct legacy_row *);
/* Settles what no single row tells. */
void census_finish(struct census *);
void census_fini(struct census *);

/* NULL: its row has no room. */
struct census_room *census_room_of(struct census *, const struct legacy_row *);
struct census_membership *census_membership_of(struct census *, const struct census_room *,
					       const char *member);
/* When it happened, as far as that can be: after census_finish. */
uint64_t census_time(const struct census *, const struct legacy_row *);

#endif
