#include "noun/noun.h"

#include <inttypes.h>
#include <stdio.h>

static void what_tenant(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	(void)e;
	snprintf(text, size, "tenant %.*s is number %u", (int)r->tenant_id.len,
		 (const char *)r->tenant_id.data, r->tenant);
}

static void what_member(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	(void)e;
	snprintf(text, size, "member %.*s is number %" PRIu64, (int)r->member_id.len,
		 (const char *)r->member_id.data, r->member);
}

/* Numbers that are given to names: nobody is told, and no recording has them. */
static const struct kind kinds[] = {
	{.record = RECORD_TENANT, .what = what_tenant},
	{.record = RECORD_MEMBER, .what = what_member},
};
const struct replay_noun replay_number = {NOUN_LIST(kinds)};
