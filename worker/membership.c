#include "membership.h"

#include "base/mem.h"
#include "db/pick.h"
#include "db/rows.h"

#include <stdlib.h>
#include <string.h>

static struct fold_membership *membership_of(struct fold *fold, struct fold_memberships *all,
					     struct fold_room *room, const char *member)
{
	struct fold_membership *membership;
	fold_key(fold, room->tenant, room->room, member);
	HASH_FIND(hh, all->list, fold->key.data, fold->key.len, membership);
	if (!membership) {
		membership = fold_entry(fold, sizeof *membership);
		membership->room = room;
		membership->member = member;
		membership->name = membership->avatar = "";
		membership->next = room->memberships;
		room->memberships = membership;
		HASH_ADD_KEYPTR(hh, all->list, membership + 1, fold->key.len, membership);
	}
	return membership;
}

static void set_profile(struct fold_membership *membership, const Parlor__MemberSpec *spec)
{
	membership->profile_set = true;
	membership->type = (int)spec->type;
	membership->name = spec->name;
	membership->avatar = spec->avatar;
}

/* Dissolved: whoever is in leaves. Who joins in a later record is in. */
static void add_state(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	(void)state;
	if (r->event->room_changed->state != PARLOR__ROOM_STATE__ROOM_DISSOLVED)
		return;
	for (struct fold_membership *membership = fold_room(fold, r)->memberships; membership;
	     membership = membership->next)
		membership->state = FOLD_MEMBERSHIP_LEFT;
}

static void add_joined(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__MemberSpec *spec = r->event->joined;
	struct fold_membership *membership =
		membership_of(fold, state, fold_room(fold, r), spec->member);
	membership->state = FOLD_MEMBERSHIP_JOINED;
	set_profile(membership, spec);
	membership->seen_set = membership->read_set = true;
	membership->seen = r->seen;
	membership->read_seq = r->read_seq;
	membership->joined_seq = r->read_seq; /* who joins sees what is behind it */
	membership->joined_us = r->event->time_us;
}

static void add_left(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	membership_of(fold, state, fold_room(fold, r), r->event->left->member)->state =
		FOLD_MEMBERSHIP_LEFT;
}

static void add_changed(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__MemberSpec *spec = r->event->member_changed;
	set_profile(membership_of(fold, state, fold_room(fold, r), spec->member), spec);
}

/* Only a member's own counted message moves its `seen`, and never to 0; for the
 * system, or a notice in a stranger's name, there is no row. */
static void add_posted(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__Message *m = r->event->posted;
	if (!*m->sender || !r->seen)
		return;
	struct fold_membership *membership =
		membership_of(fold, state, fold_room(fold, r), m->sender);
	membership->seen_set = true;
	membership->seen = r->seen;
}

static void add_read(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	struct fold_membership *membership =
		membership_of(fold, state, fold_room(fold, r), r->event->read->member);
	membership->seen_set = membership->read_set = true;
	membership->seen = r->seen;
	membership->read_seq = r->read_seq;
}

static const struct pick_columns group_columns = {"ent_id", "uuid", "member_id"};
static const struct pick_columns member_columns = {"ent_id", "group_id", "member_id"};

static enum parlor_err delete_picked(struct db *db, struct picks *gone)
{
	enum parlor_err err = picks_run(gone, db, "DELETE FROM chat_group", &group_columns);
	if (!err)
		err = picks_run(gone, db, "DELETE FROM group_member", &member_columns);
	picks_fini(gone);
	return err;
}

static enum parlor_err delete_dissolved(struct db *db, const struct fold *fold)
{
	struct picks gone = {0};
	for (const struct fold_room *r = fold->rooms; r; r = r->hh.next)
		if (r->dissolved)
			picks_add(&gone, (struct pick){.tenant = r->tenant, .room = r->room});
	return delete_picked(db, &gone);
}

static enum parlor_err delete_left(struct db *db, const struct fold_memberships *all)
{
	struct picks gone = {0};
	for (const struct fold_membership *s = all->list; s; s = s->hh.next)
		if (s->state == FOLD_MEMBERSHIP_LEFT && !s->room->dissolved)
			picks_add(&gone, (struct pick){.tenant = s->room->tenant,
						       .room = s->room->room,
						       .member = s->member});
	return delete_picked(db, &gone);
}

static uint64_t unread_of(const struct fold_membership *s)
{
	return s->room->counted > s->seen ? s->room->counted - s->seen : 0;
}

/* named: the fold knows the room's name; else the room's row does. */
static enum parlor_err write_joined(struct db *db, const struct fold_memberships *all, bool named)
{
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO chat_group (ent_id, uuid, member_id, member_type, seen, read_seq, "
		  "joined_seq, unread, unread_seq, created_at, group_name) VALUES ",
		  named ? "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT r.group_name FROM room r WHERE "
			  "r.ent_id = ? AND r.uuid = ?))",
		  " ON DUPLICATE KEY UPDATE member_type = VALUES(member_type), "
		  "seen = VALUES(seen), read_seq = VALUES(read_seq), "
		  "joined_seq = VALUES(joined_seq), unread = VALUES(unread), "
		  "unread_seq = VALUES(unread_seq), created_at = VALUES(created_at), "
		  "group_name = VALUES(group_name)");
	for (const struct fold_membership *s = all->list; s; s = s->hh.next) {
		const struct fold_room *r = s->room;
		if (s->state != FOLD_MEMBERSHIP_JOINED || r->changed != named)
			continue;
		const struct sql_value row[] = {
			sql_t(r->tenant),
			sql_t(r->room),
			sql_t(s->member),
			sql_u((uint64_t)s->type),
			sql_u(s->seen),
			sql_u(s->read_seq),
			sql_u(s->joined_seq),
			sql_u(unread_of(s)),
			sql_u(r->last_seq ? r->last_seq : s->joined_seq),
			sql_time(s->joined_us),
			named ? sql_t(r->name) : sql_t(r->tenant),
			sql_t(r->room),
		};
		rows_put(&rows, row, named ? 11 : 12);
	}
	return rows_finish(&rows);
}

/* Who joined from an earlier message on has the rest unread: as of the room's last one, which
 * these records need not know. */
static enum parlor_err write_joined_seq(struct db *db, const struct fold_memberships *all)
{
	struct picks behind = {0};
	for (const struct fold_membership *s = all->list; s; s = s->hh.next)
		if (s->state == FOLD_MEMBERSHIP_JOINED && !s->room->last_seq && unread_of(s))
			picks_add(&behind, (struct pick){.tenant = s->room->tenant,
							 .room = s->room->room,
							 .member = s->member});
	enum parlor_err err =
		picks_run(&behind, db,
			  "UPDATE chat_group SET unread_seq = (SELECT r.last_seq FROM room r WHERE "
			  "r.ent_id = chat_group.ent_id AND r.uuid = chat_group.uuid)",
			  &group_columns);
	picks_fini(&behind);
	return err;
}

/* Who was there before: `seen` moves with own posts, read_seq with reading; the
 * record knows the room's counter, so unread is known, too. As of which seq it
 * is, is known after a post. Without one either all of the room's posts are
 * projected and unread_seq stands right, or they are about to be. */
static enum parlor_err write_seen(struct db *db, const struct fold_memberships *all, bool read,
				  bool posted)
{
#define SEQ ", unread_seq = VALUES(unread_seq)"
#define READ ", read_seq = VALUES(read_seq)"
	static const char *const tails[2][2] = {{"", SEQ}, {READ, READ SEQ}};
	struct rows rows;
	char tail[256] = " ON DUPLICATE KEY UPDATE seen = VALUES(seen), unread = VALUES(unread)";
	strcat(tail, tails[read][posted]);
	rows_init(&rows, db,
		  "INSERT INTO chat_group "
		  "(ent_id, uuid, member_id, seen, read_seq, unread, unread_seq) VALUES ",
		  "(?, ?, ?, ?, ?, ?, ?)", tail);
	for (const struct fold_membership *s = all->list; s; s = s->hh.next) {
		const struct fold_room *r = s->room;
		if (s->state == FOLD_MEMBERSHIP_CHANGED && s->seen_set && s->read_set == read &&
		    r->posted == posted)
			rows_add(&rows, sql_t(r->tenant), sql_t(r->room), sql_t(s->member),
				 sql_u(s->seen), sql_u(s->read_seq), sql_u(unread_of(s)),
				 sql_u(r->last_seq));
	}
	return rows_finish(&rows);
#undef SEQ
#undef READ
}

static enum parlor_err write_types(struct db *db, const struct fold_memberships *all)
{
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO chat_group (ent_id, uuid, member_id, member_type) VALUES ",
		  "(?, ?, ?, ?)", " ON DUPLICATE KEY UPDATE member_type = VALUES(member_type)");
	for (const struct fold_membership *s = all->list; s; s = s->hh.next)
		if (s->state == FOLD_MEMBERSHIP_CHANGED && s->profile_set)
			rows_add(&rows, sql_t(s->room->tenant), sql_t(s->room->room),
				 sql_t(s->member), sql_u((uint64_t)s->type));
	return rows_finish(&rows);
}

static enum parlor_err write_members(struct db *db, const struct fold_memberships *all, bool joined)
{
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO group_member (ent_id, group_id, member_id, member_name, "
		  "member_avatar, member_type, created_at) VALUES ",
		  "(?, ?, ?, ?, ?, ?, ?)",
		  joined ? " ON DUPLICATE KEY UPDATE member_name = VALUES(member_name), "
			   "member_avatar = VALUES(member_avatar), "
			   "member_type = VALUES(member_type), created_at = VALUES(created_at)"
			 : " ON DUPLICATE KEY UPDATE member_name = VALUES(member_name), "
			   "member_avatar = VALUES(member_avatar), "
			   "member_type = VALUES(member_type)");
	for (const struct fold_membership *s = all->list; s; s = s->hh.next)
		if (s->profile_set && s->state != FOLD_MEMBERSHIP_LEFT &&
		    (s->state == FOLD_MEMBERSHIP_JOINED) == joined)
			rows_add(&rows, sql_t(s->room->tenant), sql_t(s->room->room),
				 sql_t(s->member), sql_t(s->name), sql_t(s->avatar),
				 sql_u((uint64_t)s->type), sql_time(s->joined_us));
	return rows_finish(&rows);
}

static enum parlor_err write_all(struct db *db, const struct fold_memberships *all)
{
	enum parlor_err err = delete_left(db, all);
	if (!err)
		err = write_joined(db, all, true);
	if (!err)
		err = write_joined(db, all, false);
	if (!err)
		err = write_joined_seq(db, all);
	for (int kind = 0; !err && kind < 4; kind++)
		err = write_seen(db, all, kind & 1, kind & 2);
	if (!err)
		err = write_types(db, all);
	if (!err)
		err = write_members(db, all, true);
	if (!err)
		err = write_members(db, all, false);
	return err;
}

static enum parlor_err memberships_write(struct db *db, const struct fold *fold, void *state,
					 const struct mark *mark)
{
	(void)mark;
	enum parlor_err err = delete_dissolved(db, fold);
	return err ? err : write_all(db, state);
}

static void memberships_free(void *state)
{
	struct fold_memberships *all = state;
	MEM_FREE_TABLE(all->list);
}

#define KIND(KIND, EVENT) PARLOR__RECORD_KIND__RECORD_##KIND, PARLOR__EVENT__KIND_##EVENT
static const struct fold_kind kinds[] = {
	{KIND(ROOM_STATE, ROOM_CHANGED), add_state},
	{KIND(JOINED, JOINED), add_joined},
	{KIND(LEFT, LEFT), add_left},
	{KIND(MEMBER_CHANGED, MEMBER_CHANGED), add_changed},
	{KIND(POSTED, POSTED), add_posted},
	{KIND(READ, READ), add_read},
};
static const struct table tables[] = {
	{.name = "chat_group",
	 .migration = 1,
	 .key = {"ent_id", "uuid", "member_id"},
	 .of_room = true},
	{.name = "group_member",
	 .migration = 1,
	 .key = {"ent_id", "group_id", "member_id"},
	 .of_room = true},
	{.name = "chat_group_current", .migration = 1},
};
const struct noun membership_noun = {
	NOUN_LIST(tables),
	NOUN_LIST(kinds),
	.state_bytes = sizeof(struct fold_memberships),
	.write = memberships_write,
	.free = memberships_free,
};
