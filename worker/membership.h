/* What a run of records makes of memberships, and their rows in chat_group and
 * group_member. The unread of everybody else in a room is projected (project.h). */
#ifndef WORKER_MEMBERSHIP_H
#define WORKER_MEMBERSHIP_H

#include "noun.h"

enum fold_membership_state {
	FOLD_MEMBERSHIP_CHANGED, /* was there before, and still is */
	FOLD_MEMBERSHIP_JOINED,
	FOLD_MEMBERSHIP_LEFT
};

/* One member in one room. */
struct fold_membership {
	const struct fold_room *room;
	const char *member;
	enum fold_membership_state state;
	bool profile_set; /* type, name, avatar; always when JOINED */
	bool seen_set;
	bool read_set;
	int type;
	const char *name;
	const char *avatar;
	uint64_t seen;
	uint64_t read_seq;
	uint64_t joined_seq;
	uint64_t joined_us;
	struct fold_membership *next; /* of the same room */
	UT_hash_handle hh;
};

struct fold_memberships {
	struct fold_membership *list;
};

extern const struct noun membership_noun;

#endif
