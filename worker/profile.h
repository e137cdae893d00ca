/* Names and avatars of members as any room told them last, in the table member. */
#ifndef WORKER_PROFILE_H
#define WORKER_PROFILE_H

#include "noun.h"

/* A member of a tenant: name and avatar as last told by any room. */
struct fold_profile {
	const char *tenant;
	const char *member;
	const char *name;
	const char *avatar;
	uint64_t position;
	UT_hash_handle hh;
};

struct fold_profiles {
	struct fold_profile *list;
};

extern const struct noun profile_noun;

#endif
