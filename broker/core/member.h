/* Members: each has a number, given when a request first names it to its tenant. */
#ifndef CORE_MEMBER_H
#define CORE_MEMBER_H

#include "core/call.h"

/* A member as a request names it that adds it to a room. */
struct core_member_spec {
	struct span id;
	uint8_t type;
	struct span name;
	struct span avatar;
};

/* Numbers for so many more members of the call's tenant, which is introduced when it is new,
 * are nobody else's until they are given back: each before that member is introduced.
 * TENANT_FULL: nothing has changed. */
enum parlor_err core_members_reserve(struct core *, const struct core_call *,
				     size_t members) PARLOR_MUST_CHECK;
void core_members_unreserve(struct core *, const struct core_call *, size_t members);
/* Number of a member, introducing it when unknown. */
enum parlor_err core_member_intern(struct core *, const struct core_call *, struct span id,
				   uint64_t *member) PARLOR_MUST_CHECK;
/* 0 when no such member. */
enum parlor_err core_member_find(struct core *, const struct core_call *, struct span id,
				 uint64_t *member) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns -------------------------------------------------- */

struct tenant;
struct member;

/* Whether those of the specs that the tenant (NULL: a new one) does not know yet
 * can be introduced: TENANT_FULL. */
enum parlor_err member_capacity(struct core *, const struct tenant *,
				const struct core_member_spec *, size_t n) PARLOR_MUST_CHECK;
/* Finds or introduces; capacity was checked. */
enum parlor_err member_introduce(struct core *, struct tenant *, struct span id,
				 struct member **) PARLOR_MUST_CHECK;
/* Who is not known, under a number above all others. */
enum parlor_err member_introduce_as(struct core *, const struct tenant *, struct span id,
				    uint64_t no, struct member **) PARLOR_MUST_CHECK;

#endif
