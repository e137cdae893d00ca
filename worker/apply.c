#include "apply.h"

#include "pick.h"
#include "rows.h"

#include <string.h>

/* The room as created, renamed, closed. Its counters begin anew when it is
 * created: they may stand higher after the mark was moved back by hand. */
static enum parlor_err write_rooms_changed(struct db *db, const struct fold *fold, bool created)
{
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO room (ent_id, uuid, group_name, state, history_open, created_at) "
		  "VALUES ",
		  "(?, ?, ?, ?, ?, ?)",
		  created ? " ON DUPLICATE KEY UPDATE group_name = VALUES(group_name), "
			    "state = VALUES(state), history_open = VALUES(history_open), "
			    "created_at = VALUES(created_at), counted = 0, last_seq = 0"
			  : " ON DUPLICATE KEY UPDATE group_name = VALUES(group_name), "
			    "state = VALUES(state), history_open = VALUES(history_open)");
	for (const struct fold_room *r = fold->rooms; r; r = r->hh.next)
		if (r->changed && r->created == created)
			rows_add(&rows, sql_t(r->tenant), sql_t(r->room), sql_t(r->name),
				 sql_u((uint64_t)r->state), sql_u(r->history_open),
				 sql_time(created ? r->created_us : r->time_us));
	return rows_finish(&rows);
}

/* 0 stands for "not told": a counter never returns to 0. */
static enum parlor_err write_rooms(struct db *db, const struct fold *fold, const struct mark *mark)
{
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO room (ent_id, uuid, counted, last_seq, members, broker_id, part, "
		  "position, updated_at) VALUES ",
		  "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE "
		  "counted = IF(VALUES(counted) = 0, counted, VALUES(counted)), "
		  "last_seq = IF(VALUES(last_seq) = 0, last_seq, VALUES(last_seq)), "
		  "members = IF(VALUES(members) = 0, members, VALUES(members)), "
		  "broker_id = VALUES(broker_id), part = VALUES(part), "
		  "position = VALUES(position), updated_at = VALUES(updated_at)");
	for (const struct fold_room *r = fold->rooms; r; r = r->hh.next)
		rows_add(&rows, sql_t(r->tenant), sql_t(r->room), sql_u(r->counted),
			 sql_u(r->last_seq), sql_u(r->members), sql_u(mark->broker_id),
			 sql_u(mark->part), sql_u(r->position), sql_time(r->time_us));
	return rows_finish(&rows);
}

static const struct pick_columns group_columns = {"ent_id", "uuid", "member_id"};
static const struct pick_columns member_columns = {"ent_id", "group_id", "member_id"};
static const struct pick_columns message_columns = {"ent_id", "group_id", "seq"};

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

static enum parlor_err delete_left(struct db *db, const struct fold *fold)
{
	struct picks gone = {0};
	for (const struct fold_membership *s = fold->memberships; s; s = s->hh.next)
		if (s->state == FOLD_MEMBERSHIP_LEFT && !s->room->dissolved)
			picks_add(&gone, (struct pick){.tenant = s->room->tenant,
						       .room = s->room->room,
						       .member = s->member});
	return delete_picked(db, &gone);
}

/* A JSON array of the ids, with its NUL. */
static void put_json(struct buf *json, char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_put(json, i ? ",\"" : "[\"", 2);
		for (const char *c = texts[i]; *c; c++) {
			static const char hex[] = "0123456789abcdef";
			unsigned byte = (unsigned char)*c;
			char escaped[] = {'\\', 'u', '0', '0', hex[byte >> 4 & 15], hex[byte & 15]};
			if (byte < 0x20 || byte == '"' || byte == '\\')
				buf_put(json, escaped, sizeof escaped);
			else
				buf_put_u8(json, (uint8_t)byte);
		}
		buf_put_u8(json, '"');
	}
	buf_put(json, "]", 2);
}

/* The mentions of all messages that have any, one behind the other. */
static void put_mentions(struct buf *json, const struct fold *fold)
{
	for (size_t i = 0; i < fold->messages_len; i++) {
		const Parlor__Message *m = fold->messages[i].message;
		if (m->n_mentions)
			put_json(json, m->mentions, m->n_mentions);
	}
}

static enum parlor_err write_messages(struct db *db, const struct fold *fold)
{
	struct rows rows;
	struct buf json = {0};
	rows_init(&rows, db,
		  "INSERT INTO group_message "
		  "(ent_id, group_id, seq, sender, sender_name, sender_avatar, message_type, "
		  "content_type, message_content, client_id, mentions, recalled, position, "
		  "created_at) VALUES ",
		  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE sender = VALUES(sender), "
		  "sender_name = VALUES(sender_name), sender_avatar = VALUES(sender_avatar), "
		  "message_type = VALUES(message_type), content_type = VALUES(content_type), "
		  "message_content = VALUES(message_content), client_id = VALUES(client_id), "
		  "mentions = VALUES(mentions), recalled = VALUES(recalled), "
		  "position = VALUES(position), created_at = VALUES(created_at)");
	put_mentions(&json, fold);
	const char *mentions = (const char *)json.data;
	for (size_t i = 0; i < fold->messages_len; i++) {
		const struct fold_message *f = &fold->messages[i];
		const Parlor__Message *m = f->message;
		rows_add(&rows, sql_t(f->room->tenant), sql_t(f->room->room), sql_u(m->seq),
			 sql_t(m->sender), sql_t(m->sender_name), sql_t(m->sender_avatar),
			 sql_u((uint64_t)m->type), sql_u((uint64_t)m->content_type),
			 sql_t(f->recalled ? "" : m->body), sql_t(m->client_id),
			 sql_t(m->n_mentions ? mentions : NULL), sql_u(f->recalled),
			 sql_u(f->position), sql_time(f->time_us));
		if (m->n_mentions)
			mentions += strlen(mentions) + 1;
	}
	enum parlor_err err = rows_finish(&rows);
	buf_fini(&json);
	return err;
}

static enum parlor_err write_recalls(struct db *db, const struct fold *fold)
{
	struct picks picks = {0};
	for (size_t i = 0; i < fold->recalls_len; i++)
		picks_add(&picks, (struct pick){.tenant = fold->recalls[i].room->tenant,
						.room = fold->recalls[i].room->room,
						.seq = fold->recalls[i].seq});
	enum parlor_err err =
		picks_run(&picks, db, "UPDATE group_message SET message_content = '', recalled = 1",
			  &message_columns);
	picks_fini(&picks);
	return err;
}

static uint64_t unread_of(const struct fold_membership *s)
{
	return s->room->counted > s->seen ? s->room->counted - s->seen : 0;
}

/* named: the fold knows the room's name; else the room's row does. */
static enum parlor_err write_joined(struct db *db, const struct fold *fold, bool named)
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
	for (const struct fold_membership *s = fold->memberships; s; s = s->hh.next) {
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

/* Who was there before: `seen` moves with own posts, read_seq with reading; the
 * record knows the room's counter, so unread is known, too. As of which seq it
 * is, is known after a post. Without one either all of the room's posts are
 * projected and unread_seq stands right, or they are about to be. */
static enum parlor_err write_seen(struct db *db, const struct fold *fold, bool read, bool posted)
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
	for (const struct fold_membership *s = fold->memberships; s; s = s->hh.next) {
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

static enum parlor_err write_types(struct db *db, const struct fold *fold)
{
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO chat_group (ent_id, uuid, member_id, member_type) VALUES ",
		  "(?, ?, ?, ?)", " ON DUPLICATE KEY UPDATE member_type = VALUES(member_type)");
	for (const struct fold_membership *s = fold->memberships; s; s = s->hh.next)
		if (s->state == FOLD_MEMBERSHIP_CHANGED && s->profile_set)
			rows_add(&rows, sql_t(s->room->tenant), sql_t(s->room->room),
				 sql_t(s->member), sql_u((uint64_t)s->type));
	return rows_finish(&rows);
}

static enum parlor_err write_members(struct db *db, const struct fold *fold, bool joined)
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
	for (const struct fold_membership *s = fold->memberships; s; s = s->hh.next)
		if (s->profile_set && s->state != FOLD_MEMBERSHIP_LEFT &&
		    (s->state == FOLD_MEMBERSHIP_JOINED) == joined)
			rows_add(&rows, sql_t(s->room->tenant), sql_t(s->room->room),
				 sql_t(s->member), sql_t(s->name), sql_t(s->avatar),
				 sql_u((uint64_t)s->type), sql_time(s->joined_us));
	return rows_finish(&rows);
}

/* Profiles are shared by rooms, so by parts and workers: the latest position
 * wins. */
static enum parlor_err write_profiles(struct db *db, const struct fold *fold,
				      const struct mark *mark)
{
#define NEWER \
	"profile_broker <> VALUES(profile_broker) OR profile_position <= VALUES(profile_position)"
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO member "
		  "(ent_id, uuid, name, avator, profile_broker, profile_position) VALUES ",
		  "(?, ?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE "
		  "name = IF(VALUES(name) <> '' AND (" NEWER "), VALUES(name), name), "
		  "avator = IF(VALUES(avator) <> '' AND (" NEWER "), VALUES(avator), avator), "
		  "profile_position = IF(" NEWER ", VALUES(profile_position), profile_position), "
		  "profile_broker = VALUES(profile_broker)");
	for (const struct fold_profile *p = fold->profiles; p; p = p->hh.next)
		rows_add(&rows, sql_t(p->tenant), sql_t(p->member), sql_t(p->name),
			 sql_t(p->avatar), sql_u(mark->broker_id), sql_u(p->position));
	return rows_finish(&rows);
#undef NEWER
}

/* A broker run begins: whom an earlier run put online is offline. */
static enum parlor_err write_boot(struct db *db, const struct fold *fold, const struct mark *mark)
{
	struct sql sql;
	if (!fold->boot_position)
		return PARLOR_E_OK;
	sql_init(&sql, db);
	sql_put(&sql,
		"UPDATE member SET online_status = 'offline', last_seen = ?, presence_position = ? "
		"WHERE presence_broker = ? AND online_status IN ('online', 'busy') "
		"AND presence_position < ?",
		sql_time(fold->boot_us), sql_u(fold->boot_position), sql_u(mark->broker_id),
		sql_u(fold->boot_position));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

static const char *presence_name(int presence)
{
	if (presence == PARLOR__PRESENCE__PRESENCE_ONLINE)
		return "online";
	return presence == PARLOR__PRESENCE__PRESENCE_BUSY ? "busy" : "offline";
}

static enum parlor_err write_presences(struct db *db, const struct fold *fold,
				       const struct mark *mark)
{
#define NEWER                                            \
	"presence_broker <> VALUES(presence_broker) OR " \
	"presence_position <= VALUES(presence_position)"
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO member "
		  "(ent_id, uuid, online_status, last_seen, presence_broker, presence_position) "
		  "VALUES ",
		  "(?, ?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE "
		  "online_status = IF(" NEWER ", VALUES(online_status), online_status), "
		  "last_seen = IF(VALUES(last_seen) IS NOT NULL AND (" NEWER
		  "), VALUES(last_seen), last_seen), "
		  "presence_position = "
		  "IF(" NEWER ", VALUES(presence_position), presence_position), "
		  "presence_broker = VALUES(presence_broker)");
	for (const struct fold_presence *p = fold->presences; p; p = p->hh.next)
		rows_add(&rows, sql_t(p->tenant), sql_t(p->member),
			 sql_t(presence_name(p->presence)),
			 p->last_seen_us ? sql_time(p->last_seen_us) : sql_t(NULL),
			 sql_u(mark->broker_id), sql_u(p->position));
	return rows_finish(&rows);
#undef NEWER
}

static enum parlor_err write_memberships(struct db *db, const struct fold *fold)
{
	enum parlor_err err = delete_dissolved(db, fold);
	if (!err)
		err = delete_left(db, fold);
	if (!err)
		err = write_joined(db, fold, true);
	if (!err)
		err = write_joined(db, fold, false);
	for (int kind = 0; !err && kind < 4; kind++)
		err = write_seen(db, fold, kind & 1, kind & 2);
	if (!err)
		err = write_types(db, fold);
	if (!err)
		err = write_members(db, fold, true);
	if (!err)
		err = write_members(db, fold, false);
	return err;
}

enum parlor_err apply_fold(struct db *db, struct fold *fold, const struct mark *mark)
{
	/* Rows that several workers write are locked in key order. */
	fold_sort(fold);
	enum parlor_err err = write_rooms_changed(db, fold, true);
	if (!err)
		err = write_rooms_changed(db, fold, false);
	if (!err)
		err = write_rooms(db, fold, mark);
	if (!err)
		err = write_messages(db, fold);
	if (!err)
		err = write_recalls(db, fold);
	if (!err)
		err = write_memberships(db, fold);
	if (!err)
		err = write_profiles(db, fold, mark);
	if (!err)
		err = write_boot(db, fold, mark);
	if (!err)
		err = write_presences(db, fold, mark);
	return err;
}
