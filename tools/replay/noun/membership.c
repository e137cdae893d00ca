#include "core/import.h"
#include "core/message.h"
#include "core/room_members.h"
#include "noun/noun.h"
#include "rebuild_lmdb.h"
#include "verify_mysql_rooms.h"

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
	Parlor__MemberSpec first = operation_member(&d->event);
	Parlor__Notice notice;
	size_t len;
	first.member = operation_text(d->member);
	if (d->guessed) {
		first.type = PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
		first.name = operation_text(d->member);
		first.avatar = operation_text("");
	}
	Parlor__MemberSpec **members = operation_members(d, &first, &len);
	enum parlor_err err = OPERATION_SEND(
		d, fn, MEMBERS_ADD, members_add, MembersAdd, .room = d->place->id,
		.members = members, .n_members = len, .notice = operation_notice(d, &notice));
	free(members);
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

const struct operation_kind operation_add = {send_add,
					     OPERATION_TAKES_JOINS | OPERATION_TAKES_NOTICE,
					     .done = added, .refused = was_guessed};

static enum parlor_err send_remove(struct operation *d, operation_send_fn *fn)
{
	Parlor__Notice notice;
	char *member = operation_text(d->member);
	return OPERATION_SEND(d, fn, MEMBERS_REMOVE, members_remove, MembersRemove,
			      .room = d->place->id, .members = &member, .n_members = 1,
			      .notice = operation_notice(d, &notice));
}

static bool was_gone(const struct operation *d, int code)
{
	(void)d;
	return code == PARLOR_E_NOT_MEMBER || code == PARLOR_E_MEMBER_UNKNOWN;
}

/* Removed a second time, who came back meanwhile would lose what is unread. */
const struct operation_kind operation_remove = {
	send_remove, OPERATION_ALONE | OPERATION_AMONG_ITSELF | OPERATION_TAKES_NOTICE,
	.counted = OPERATION_COUNTED(leaves), .refused = was_gone};

static enum parlor_err send_change(struct operation *d, operation_send_fn *fn)
{
	Parlor__MemberChange change = PARLOR__MEMBER_CHANGE__INIT, *changes = &change;
	Parlor__MemberSpec spec = operation_member(&d->event);
	Parlor__Notice notice;
	change.member = spec.member;
	change.type = spec.type;
	change.set_name = change.set_avatar = true;
	change.name = spec.name;
	change.avatar = spec.avatar;
	return OPERATION_SEND(d, fn, MEMBERS_CHANGE, members_change, MembersChange,
			      .room = d->place->id, .members = &changes, .n_members = 1,
			      .notice = operation_notice(d, &notice));
}

static const struct operation_kind operation_change = {send_change,
						       OPERATION_ALONE | OPERATION_TAKES_NOTICE,
						       .counted = OPERATION_COUNTED(changes)};

static const struct kind kinds[] = {
	{RECORD_JOINED, PARLOR__EVENT__KIND_JOINED, what_joined, "join",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_joined, .operation = &operation_add},
	{RECORD_LEFT, PARLOR__EVENT__KIND_LEFT, what_left, "leave",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_left, .operation = &operation_remove},
	{RECORD_MEMBER_CHANGED, PARLOR__EVENT__KIND_MEMBER_CHANGED, what_changed, "profile",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_changed, .operation = &operation_change},
};

/* ---- from the tables --------------------------------------------------------------- */

static enum parlor_err rebuild_join(struct rebuild *r, const struct history_row *f)
{
	static const struct core_notice silent;
	struct core_room_view room;
	const struct core_call call = rebuild_call(f);
	const struct core_member_spec spec = {.id = f->member,
					      .type = (uint8_t)f->numbers[0],
					      .name = f->name,
					      .avatar = f->avatar};
	r->counts.memberships++;
	/* Who serves a conversation has unread what was said before it came. */
	if (f->numbers[1])
		return import_join(builder_core(r->builder), &call, f->room, &spec, f->seq);
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
	  "EXISTS (SELECT 1 FROM desk_conversation d WHERE d.ent_id = g.ent_id AND d.room = "
	  "g.uuid)",
	  NULL, "COALESCE(m.member_name, '')", "COALESCE(m.member_avatar, '')"},
	 rebuild_join},
};

/* ---- against the tables ------------------------------------------------------------ */

static bool find_membership(struct mysql_rooms *p, struct span member, struct row_membership *row)
{
	struct row_key key;
	struct span value;
	uint64_t no;
	if (member.len > ROW_ID_MAX)
		return false;
	row_key_name(&key, 'M', p->tenant_no, member);
	if (mysql_row(p, &key, &value) || !row_get_number(value, &no))
		return false;
	row_key_membership(&key, p->room->no, no);
	return !mysql_row(p, &key, &value) && row_get_membership(value, row);
}

/* False: it is nobody's who is in the room, `what` says so. */
static bool membership_of(struct mysql_rooms *p, struct span member, const char *what,
			  struct row_membership *row)
{
	audit_text(p->member, sizeof p->member, member);
	if (find_membership(p, member, row))
		return true;
	mysql_check_words(p, what, "no row", "a row");
	return false;
}

/* counted of the room as of a seq. */
static uint64_t counted_at(struct mysql_rooms *p, uint64_t seq)
{
	struct row_message message = {.counted = 0};
	if (seq && core_message(p->engine->core, p->room->no, seq, &message))
		return 0;
	return message.counted;
}

/* What is not projected yet is as of some message between unread_seq and the last. */
static void check_lagging(struct mysql_rooms *p, const struct row_membership *row,
			  const struct span *cells)
{
	uint64_t unread = db_cell_number(cells[4]), seq = db_cell_number(cells[5]);
	uint64_t most = p->room->row.counted - row->seen, counted = counted_at(p, seq);
	uint64_t least = counted > row->seen ? counted - row->seen : 0;
	p->v->lagging += unread != most;
	if (seq <= p->room->row.last_seq && unread >= least && unread <= most)
		return;
	if (!mysql_differ(p, "chat_group.unread, not yet brought up to date"))
		return;
	finding_expected(p->finding, "%" PRIu64 " to %" PRIu64, least, most);
	finding_found(p->finding, "%" PRIu64 " as of message %" PRIu64, unread, seq);
}

static void check_membership(struct mysql_rooms *p, const struct span *cells)
{
	const struct mysql_room *room = p->room;
	struct row_membership row;
	p->v->members++;
	if (!membership_of(p, cells[1], "chat_group: a row of somebody who is not in the room",
			   &row))
		return;
	mysql_check_number(p, "chat_group.member_type", row.type, cells[3]);
	mysql_check_number(p, "chat_group.seen", row.seen, cells[6]);
	mysql_check_number(p, "chat_group.read_seq", row.read_seq, cells[7]);
	mysql_check_number(p, "chat_group.joined_seq", row.joined_seq, cells[8]);
	mysql_check_number(p, "chat_group.created_at", row.joined_us, cells[9]);
	if (!room->projected) {
		check_lagging(p, &row, cells);
		return;
	}
	mysql_check_text(p, "chat_group.group_name", SPAN_TEXT(room->name), cells[2]);
	mysql_check_number(p, "chat_group.unread", room->row.counted - row.seen, cells[4]);
	mysql_check_number(p, "chat_group.unread_seq", room->row.last_seq, cells[5]);
}

static void check_profile(struct mysql_rooms *p, const struct span *cells)
{
	struct row_membership row;
	if (!membership_of(p, cells[1], "group_member: a row of somebody who is not in the room",
			   &row))
		return;
	mysql_check_text(p, "group_member.member_name", row.name, cells[2]);
	mysql_check_text(p, "group_member.member_avatar", row.avatar, cells[3]);
	mysql_check_number(p, "group_member.member_type", row.type, cells[4]);
	mysql_check_number(p, "group_member.created_at", row.joined_us, cells[5]);
}

static void end_memberships(struct mysql_rooms *p)
{
	mysql_check_rows(p, "chat_group: rows of the room", "", p->room->row.members);
}

static void end_profiles(struct mysql_rooms *p)
{
	mysql_check_rows(p, "group_member: rows of the room", "", p->room->row.members);
}

static const struct mysql_table tables[] = {
	{"SELECT uuid, member_id, group_name, member_type, unread, unread_seq, seen, read_seq, "
	 "joined_seq, " MYSQL_US("created_at") " FROM chat_group WHERE uuid",
	 check_membership, end_memberships},
	{"SELECT group_id, member_id, member_name, member_avatar, member_type, " MYSQL_US(
		 "created_at") " FROM group_member WHERE group_id",
	 check_profile, end_profiles},
};

const struct replay_noun replay_membership = {NOUN_LIST(kinds), NOUN_LIST(history),
					      NOUN_LIST(tables)};
