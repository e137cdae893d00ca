#include "kind/kind.h"

#include <stdio.h>

static const char *type_of(const struct record *r)
{
	return r->membership.type == MEMBER_TYPE_MANAGER ? "manager" : "member";
}

static void what_joined(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "joined: %s, as %s", e->joined->member, type_of(r));
}

static void what_left(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	(void)r;
	snprintf(text, size, "left: %s", e->left->member);
}

static void what_changed(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "profile changed: %s, %s", e->member_changed->member, type_of(r));
}

static void draft_member(struct draft *d, const Parlor__MemberSpec *m)
{
	d->from = m->member;
	if (m->type == PARLOR__MEMBER_TYPE__MEMBER_MANAGER)
		d->role = "agent";
	draft_add_text(d, "name", m->name);
	draft_add_text(d, "avatar", m->avatar);
}

static void draft_joined(struct draft *d, const Parlor__Event *e)
{
	draft_member(d, e->joined);
}

static void draft_left(struct draft *d, const Parlor__Event *e)
{
	d->from = e->left->member;
}

static void draft_changed(struct draft *d, const Parlor__Event *e)
{
	draft_member(d, e->member_changed);
}

static const struct kind kinds[] = {
	{RECORD_JOINED, PARLOR__EVENT__KIND_JOINED, what_joined, "join", RECORDING_JOIN,
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_joined, NULL},
	{RECORD_LEFT, PARLOR__EVENT__KIND_LEFT, what_left, "leave", RECORDING_LEAVE,
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_left, NULL},
	{RECORD_MEMBER_CHANGED, PARLOR__EVENT__KIND_MEMBER_CHANGED, what_changed, "profile",
	 RECORDING_PROFILE, LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_changed, NULL},
};
const struct kind_noun membership_kinds = KIND_NOUN(kinds);
