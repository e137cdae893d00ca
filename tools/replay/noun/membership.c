#include "core/room_members.h"
#include "noun/noun.h"
#include "rebuild_lmdb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

/* ---- requests ------------------------------------------------------------------- */

static enum parlor_err send_add(struct operation *d, operation_send_fn *fn)
{
	Parlor__MembersAdd add = PARLOR__MEMBERS_ADD__INIT;
	Parlor__MemberSpec first = operation_member(&d->event);
	Parlor__Notice notice;

	first.member = operation_text(d->member);
	if (d->guessed) {
		first.type = PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
		first.name = operation_text(d->member);
		first.avatar = operation_text("");
	}
	add.room = d->place->id;
	add.members = operation_members(d, &first, &add.n_members);
	add.notice = operation_notice(d, &notice);
	enum parlor_err err = OPERATION_SEND(d, fn, MEMBERS_ADD, members_add, &add);
	free(add.members);
	return err;
}

static void added(const struct operation *d, const Parlor__Reply *reply, struct summary *s)
{
	(void)reply;
	s->joins += d->guessed ? 0 : 1 + d->joins_len;
	s->members += 1 + d->joins_len;
}

static bool was_guessed(const struct operation *d, int code)
{
	return d->guessed && (code == PARLOR_E_ROOM_CONFLICT || code == PARLOR_E_MEMBER_CONFLICT);
}

const struct operation_kind operation_add = {
	.send = send_add,
	.takes_joins = true,
	.takes_notice = true,
	.done = added,
	.refused = was_guessed,
};

static enum parlor_err send_remove(struct operation *d, operation_send_fn *fn)
{
	Parlor__MembersRemove remove = PARLOR__MEMBERS_REMOVE__INIT;
	Parlor__Notice notice;
	char *member = operation_text(d->member);

	remove.room = d->place->id;
	remove.members = &member;
	remove.n_members = 1;
	remove.notice = operation_notice(d, &notice);
	return OPERATION_SEND(d, fn, MEMBERS_REMOVE, members_remove, &remove);
}

static bool was_gone(const struct operation *d, int code)
{
	(void)d;
	return code == PARLOR_E_NOT_MEMBER || code == PARLOR_E_MEMBER_UNKNOWN;
}

/* Removed a second time, who came back meanwhile would lose what is unread. */
static const struct operation_kind operation_remove = {
	.send = send_remove,
	.order = ORDER_AMONG_ITSELF,
	.takes_notice = true,
	.counted = OPERATION_COUNTED(leaves),
	.refused = was_gone,
};

static enum parlor_err send_change(struct operation *d, operation_send_fn *fn)
{
	Parlor__MembersChange change = PARLOR__MEMBERS_CHANGE__INIT;
	Parlor__MemberChange member = PARLOR__MEMBER_CHANGE__INIT, *members = &member;
	Parlor__MemberSpec spec = operation_member(&d->event);
	Parlor__Notice notice;

	member.member = spec.member;
	member.type = spec.type;
	member.set_name = member.set_avatar = true;
	member.name = spec.name;
	member.avatar = spec.avatar;
	change.room = d->place->id;
	change.members = &members;
	change.n_members = 1;
	change.notice = operation_notice(d, &notice);
	return OPERATION_SEND(d, fn, MEMBERS_CHANGE, members_change, &change);
}

static const struct operation_kind operation_change = {
	.send = send_change,
	.order = ORDER_ALONE,
	.takes_notice = true,
	.counted = OPERATION_COUNTED(changes),
};

static const struct kind kinds[] = {
	{RECORD_JOINED, PARLOR__EVENT__KIND_JOINED, what_joined, "join",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_joined, .operation = &operation_add},
	{RECORD_LEFT, PARLOR__EVENT__KIND_LEFT, what_left, "leave",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_left, .operation = &operation_remove},
	{RECORD_MEMBER_CHANGED, PARLOR__EVENT__KIND_MEMBER_CHANGED, what_changed, "profile",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_changed, .operation = &operation_change},
};

/* ---- from the tables --------------------------------------------------------------- */

static enum parlor_err rebuild_join(struct rebuild *r, const struct history_fact *f)
{
	static const struct core_notice silent;
	struct core_room_view room;
	const struct core_call call = rebuild_call(f);
	const struct core_member_spec spec = {.id = f->member,
					      .type = (uint8_t)f->numbers[0],
					      .name = f->name,
					      .avatar = f->avatar};
	r->counts.memberships++;
	enum parlor_err err = core_members_add(builder_core(r->builder), &call, f->room, &spec, 1,
					       &silent, &room);
	if (!err && room.last_seq != f->seq)
		err = rebuild_misfit(r, f,
				     "joined behind message %" PRIu64 ", which is number %" PRIu64,
				     f->seq, room.last_seq);
	return err;
}

static const struct history_source history[] = {
	{HISTORY_JOINS,
	 "chat_group g LEFT JOIN group_member m "
	 "ON m.ent_id = g.ent_id AND m.group_id = g.uuid AND m.member_id = g.member_id",
	 {"g.created_at", "g.ent_id", "g.uuid", "g.joined_seq", "g.member_id", "g.member_type",
	  NULL, NULL, "COALESCE(m.member_name, '')", "COALESCE(m.member_avatar, '')"},
	 rebuild_join},
};

const struct replay_noun replay_membership = {NOUN_LIST(kinds), NOUN_LIST(history)};
