#include "verify_mysql_rooms.h"

#include "audit/record_text.h"
#include "core/label.h"
#include "core/message.h"

#include "base/mem.h"
#include "db/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EPOCH_US(column) "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " column ")"

void mysql_rooms_init(struct mysql_rooms *p, struct verify_mysql *v, struct engine *engine,
		      struct finding *finding, const char *tenant)
{
	*p = (struct mysql_rooms){.v = v, .engine = engine, .finding = finding, .tenant = tenant};
	p->record_text = mem_new(sizeof *p->record_text);
	record_text_init(p->record_text);
}

void mysql_rooms_fini(struct mysql_rooms *p)
{
	record_text_fini(p->record_text);
	free(p->record_text);
}

static enum parlor_err get(struct mysql_rooms *p, const struct row_key *key, struct span *value)
{
	struct core_rows rows = engine_rows(p->engine);
	return rows.get(rows.ctx, key, value);
}

bool mysql_rooms_add(struct mysql_rooms *p, struct span id, uint64_t no)
{
	struct mysql_room *room = &p->rooms[p->len++];
	struct row_key key;
	struct span value;
	*room = (struct mysql_room){.no = no};
	audit_text(room->id, sizeof room->id, id);
	room->left_out = verify_mysql_leaves_out(p->v, p->tenant, room->id);
	p->v->left_out += room->left_out;
	row_key_room(&key, no);
	enum parlor_err err = get(p, &key, &value);
	if (!err && !row_get_room(value, &room->row))
		err = PARLOR_E_STORE_CORRUPT;
	if (err) {
		p->err = err;
		return true;
	}
	audit_text(room->name, sizeof room->name, room->row.name);
	p->tenant_no = room->row.tenant;
	return p->len == MYSQL_ROOMS_MAX;
}

/* ---- differences ----------------------------------------------------------------------- */

/* True: this is the first. */
static bool differ(struct mysql_rooms *p, const struct mysql_room *room, const char *member,
		   const char *what)
{
	if (p->v->differing++)
		return false;
	finding_set(p->finding, AUDIT_MYSQL, what);
	p->finding->room_no = room->no;
	snprintf(p->finding->tenant, sizeof p->finding->tenant, "%s", p->tenant);
	snprintf(p->finding->room, sizeof p->finding->room, "%s", room->id);
	snprintf(p->finding->member, sizeof p->finding->member, "%s", member);
	return true;
}

static void check_number(struct mysql_rooms *p, const struct mysql_room *room, const char *member,
			 const char *what, uint64_t expected, struct span cell)
{
	if (db_cell_number(cell) == expected || !differ(p, room, member, what))
		return;
	finding_expected(p->finding, "%" PRIu64, expected);
	finding_found(p->finding, "%.*s", (int)cell.len, (const char *)cell.data);
}

static void check_text(struct mysql_rooms *p, const struct mysql_room *room, const char *member,
		       const char *what, struct span expected, struct span cell)
{
	if (span_equal(expected, cell) || !differ(p, room, member, what))
		return;
	finding_expected(p->finding, "%.*s", (int)(expected.len < 200 ? expected.len : 200),
			 (const char *)expected.data);
	finding_found(p->finding, "%.*s", (int)(cell.len < 200 ? cell.len : 200),
		      (const char *)cell.data);
}

static void check_words(struct mysql_rooms *p, const struct mysql_room *room, const char *member,
			const char *what, const char *expected, const char *found)
{
	if (!differ(p, room, member, what))
		return;
	finding_expected(p->finding, "%s", expected);
	finding_found(p->finding, "%s", found);
}

static int by_id(const void *id, const void *room)
{
	return strcmp(id, ((const struct mysql_room *)room)->id);
}

static struct mysql_room *room_of(struct mysql_rooms *p, struct span cell)
{
	char id[ROW_ID_MAX + 1];
	if (p->err || p->v->differing)
		return NULL;
	audit_text(id, sizeof id, cell);
	struct mysql_room *room = bsearch(id, p->rooms, p->len, sizeof p->rooms[0], by_id);
	return room && !room->left_out ? room : NULL;
}

/* ---- room ------------------------------------------------------------------------------- */

static void take_room(void *arg, const struct span *cells, unsigned n)
{
	struct mysql_rooms *p = arg;
	struct verify_mysql *v = p->v;
	struct mysql_room *room = room_of(p, cells[0]);
	(void)n;
	if (!room)
		return;
	uint64_t partition = db_cell_number(cells[7]);
	room->found = true;
	room->projected =
		partition < v->partitions && db_cell_number(cells[8]) <= v->projected[partition];
	check_text(p, room, "", "room.group_name", SPAN_TEXT(room->name), cells[1]);
	check_number(p, room, "", "room.state", room->row.state, cells[2]);
	check_number(p, room, "", "room.history_open", room->row.open, cells[3]);
	check_number(p, room, "", "room.last_seq", room->row.last_seq, cells[4]);
	check_number(p, room, "", "room.counted", room->row.counted, cells[5]);
	check_number(p, room, "", "room.broker_id", v->broker_id, cells[6]);
	check_number(p, room, "", "room.created_at", room->row.created_us, cells[9]);
}

/* ---- members ---------------------------------------------------------------------------- */

static bool membership_of(struct mysql_rooms *p, const struct mysql_room *room, struct span member,
			  struct row_membership *row)
{
	struct row_key key;
	struct span value;
	uint64_t no;
	if (member.len > ROW_ID_MAX)
		return false;
	row_key_name(&key, 'M', p->tenant_no, member);
	if (get(p, &key, &value) || !row_get_number(value, &no))
		return false;
	row_key_membership(&key, room->no, no);
	return !get(p, &key, &value) && row_get_membership(value, row);
}

/* counted of the room as of a seq. */
static uint64_t counted_at(struct mysql_rooms *p, const struct mysql_room *room, uint64_t seq)
{
	struct row_message message = {.counted = 0};
	if (seq && core_message(p->engine->core, room->no, seq, &message))
		return 0;
	return message.counted;
}

/* What is not projected yet is as of some message between unread_seq and the last. */
static void check_lagging(struct mysql_rooms *p, const struct mysql_room *room, const char *member,
			  const struct row_membership *row, const struct span *cells)
{
	uint64_t unread = db_cell_number(cells[4]), seq = db_cell_number(cells[5]);
	uint64_t most = room->row.counted - row->seen, counted = counted_at(p, room, seq);
	uint64_t least = counted > row->seen ? counted - row->seen : 0;
	p->v->lagging += unread != most;
	if (seq <= room->row.last_seq && unread >= least && unread <= most)
		return;
	if (!differ(p, room, member, "chat_group.unread, not yet brought up to date"))
		return;
	finding_expected(p->finding, "%" PRIu64 " to %" PRIu64, least, most);
	finding_found(p->finding, "%" PRIu64 " as of message %" PRIu64, unread, seq);
}

static void take_membership(void *arg, const struct span *cells, unsigned n)
{
	struct mysql_rooms *p = arg;
	struct mysql_room *room = room_of(p, cells[0]);
	struct row_membership row;
	char member[ROW_ID_MAX + 1];
	(void)n;
	if (!room)
		return;
	audit_text(member, sizeof member, cells[1]);
	room->memberships++;
	p->v->members++;
	if (!membership_of(p, room, cells[1], &row)) {
		check_words(p, room, member, "chat_group: a row of somebody who is not in the room",
			    "no row", "a row");
		return;
	}
	check_number(p, room, member, "chat_group.member_type", row.type, cells[3]);
	check_number(p, room, member, "chat_group.seen", row.seen, cells[6]);
	check_number(p, room, member, "chat_group.read_seq", row.read_seq, cells[7]);
	check_number(p, room, member, "chat_group.joined_seq", row.joined_seq, cells[8]);
	check_number(p, room, member, "chat_group.created_at", row.joined_us, cells[9]);
	if (!room->projected) {
		check_lagging(p, room, member, &row, cells);
		return;
	}
	check_text(p, room, member, "chat_group.group_name", SPAN_TEXT(room->name), cells[2]);
	check_number(p, room, member, "chat_group.unread", room->row.counted - row.seen, cells[4]);
	check_number(p, room, member, "chat_group.unread_seq", room->row.last_seq, cells[5]);
}

static void take_profile(void *arg, const struct span *cells, unsigned n)
{
	struct mysql_rooms *p = arg;
	struct mysql_room *room = room_of(p, cells[0]);
	struct row_membership row;
	char member[ROW_ID_MAX + 1];
	(void)n;
	if (!room)
		return;
	audit_text(member, sizeof member, cells[1]);
	room->profiles++;
	if (!membership_of(p, room, cells[1], &row)) {
		check_words(p, room, member,
			    "group_member: a row of somebody who is not in the room", "no row",
			    "a row");
		return;
	}
	check_text(p, room, member, "group_member.member_name", row.name, cells[2]);
	check_text(p, room, member, "group_member.member_avatar", row.avatar, cells[3]);
	check_number(p, room, member, "group_member.member_type", row.type, cells[4]);
	check_number(p, room, member, "group_member.created_at", row.joined_us, cells[5]);
}

/* ---- labels ------------------------------------------------------------------------------ */

static struct span labels_of(struct mysql_rooms *p, const struct mysql_room *room)
{
	struct row_key key;
	struct span value;
	struct row_room row = {.labels = {NULL, 0}};
	row_key_room(&key, room->no);
	p->err = get(p, &key, &value);
	if (!p->err && !row_get_room(value, &row))
		p->err = PARLOR_E_STORE_CORRUPT;
	return p->err ? (struct span){NULL, 0} : row.labels;
}

static void take_label(void *arg, const struct span *cells, unsigned n)
{
	struct mysql_rooms *p = arg;
	struct mysql_room *room = room_of(p, cells[0]);
	(void)n;
	if (!room)
		return;
	room->labels++;
	if (!labels_have(labels_of(p, room), cells[1]))
		check_text(p, room, "", "room_label: a label that the room does not have",
			   (struct span){"", 0}, cells[1]);
}

static void check_labels(struct mysql_rooms *p, const struct mysql_room *room)
{
	struct span all = labels_of(p, room), label;
	char expected[16], found[16];
	uint32_t n = 0;
	while (labels_next(&all, &label))
		n++;
	snprintf(expected, sizeof expected, "%u", n);
	snprintf(found, sizeof found, "%u", room->labels);
	if (n != room->labels)
		check_words(p, room, "", "room_label: rows of the room", expected, found);
}

/* ---- messages ----------------------------------------------------------------------------- */

struct message_check {
	struct mysql_rooms *p;
	const struct mysql_room *room;
	const struct row_message *row;
	const struct span *cells;
};

/* A body that was recalled behind the mark may be gone already, or not yet. */
static void check_recalled(const struct message_check *c, bool recalled)
{
	struct mysql_rooms *p = c->p;
	bool blank = db_cell_number(c->cells[9]) != 0;
	if (c->row->recalled && !blank)
		check_words(p, c->room, "", "group_message.recalled", "1", "0");
	if (blank && !recalled)
		check_words(p, c->room, "", "group_message.recalled", "0", "1");
	if (blank)
		check_text(p, c->room, "", "group_message.message_content of a recalled message",
			   (struct span){"", 0}, c->cells[7]);
}

/* The column holds a JSON array of ids, or NULL. */
static void check_mentions(const struct message_check *c, const Parlor__Message *m)
{
	struct mysql_rooms *p = c->p;
	struct span cell = c->cells[12];
	json_t *found = cell.data ? json_loadb(cell.data, cell.len, 0, NULL) : NULL;
	bool equal = json_array_size(found) == m->n_mentions && !found == !m->n_mentions;
	for (size_t i = 0; equal && i < m->n_mentions; i++) {
		const char *id = json_string_value(json_array_get(found, i));
		equal = id && strcmp(id, m->mentions[i]) == 0;
	}
	json_decref(found);
	if (equal || !differ(p, c->room, "", "group_message.mentions"))
		return;
	finding_expected(p->finding, "%zu mentions%s%s", m->n_mentions,
			 m->n_mentions ? ", first " : "", m->n_mentions ? m->mentions[0] : "");
	finding_found(p->finding, "%.*s", (int)(cell.len < 200 ? cell.len : 200),
		      cell.data ? (const char *)cell.data : "");
}

static enum parlor_err check_event(void *arg, const struct entry *entry, const struct record *r)
{
	const struct message_check *c = arg;
	struct mysql_rooms *p = c->p;
	const Parlor__Event *e = record_text_event(p->record_text, entry);
	if (!e || e->kind_case != PARLOR__EVENT__KIND_POSTED || r->kind != RECORD_POSTED)
		return PARLOR_E_STORE_CORRUPT;
	const Parlor__Message *m = e->posted;
	p->finding->position = entry->position;
	check_text(p, c->room, "", "group_message.sender", SPAN_TEXT(m->sender), c->cells[2]);
	check_text(p, c->room, "", "group_message.sender_name", SPAN_TEXT(m->sender_name),
		   c->cells[3]);
	check_text(p, c->room, "", "group_message.sender_avatar", SPAN_TEXT(m->sender_avatar),
		   c->cells[4]);
	check_number(p, c->room, "", "group_message.message_type", r->posted.type, c->cells[5]);
	check_number(p, c->room, "", "group_message.content_type", (uint64_t)m->content_type,
		     c->cells[6]);
	check_recalled(c, m->recalled);
	if (!m->recalled)
		check_text(p, c->room, "", "group_message.message_content", SPAN_TEXT(m->body),
			   c->cells[7]);
	check_text(p, c->room, "", "group_message.client_id", SPAN_TEXT(m->client_id), c->cells[8]);
	check_mentions(c, m);
	if (!p->v->differing)
		p->finding->position = 0;
	return PARLOR_E_OK;
}

static void take_message(void *arg, const struct span *cells, unsigned n)
{
	struct mysql_rooms *p = arg;
	struct mysql_room *room = room_of(p, cells[0]);
	struct row_message row;
	(void)n;
	if (!room)
		return;
	p->v->messages++;
	check_number(p, room, "", "group_message.seq: the next one in the room", room->last_seq + 1,
		     cells[1]);
	uint64_t seq = ++room->last_seq;
	if (p->v->differing)
		return;
	if (seq > room->row.last_seq) {
		check_words(p, room, "", "group_message: a message that the journal does not have",
			    "no row", "a row");
		return;
	}
	p->err = core_message(p->engine->core, room->no, seq, &row);
	if (p->err)
		return;
	check_number(p, room, "", "group_message.position", row.position, cells[10]);
	check_number(p, room, "", "group_message.created_at", row.time_us, cells[11]);
	struct message_check check = {p, room, &row, cells};
	enum parlor_err err = source_read(p->engine->source, row.position, check_event, &check);
	/* Trimmed: its text is nowhere to be compared with. */
	p->err = err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* ---- a page --------------------------------------------------------------------------------- */

static enum parlor_err select_rooms(struct mysql_rooms *p, const char *columns, const char *room,
				    const char *order, db_row_fn *fn)
{
	struct sql sql;
	sql_init(&sql, p->v->db);
	sql_put_text(&sql, columns);
	sql_put(&sql, " WHERE ent_id = ? AND ", sql_t(p->tenant));
	sql_put_text(&sql, room);
	for (size_t i = 0; i < p->len; i++)
		sql_put(&sql, i ? ", ?" : " IN (?", sql_t(p->rooms[i].id));
	sql_put_text(&sql, ") ORDER BY ");
	sql_put_text(&sql, order);
	enum parlor_err err = db_select(p->v->db, &sql, fn, p);
	sql_fini(&sql);
	return err ? err : p->err;
}

/* Rows that should be there and are not. */
static void check_missing(struct mysql_rooms *p)
{
	for (size_t i = 0; i < p->len && !p->v->differing; i++) {
		struct mysql_room *room = &p->rooms[i];
		char expected[64], found[64];
		if (room->left_out)
			continue;
		p->v->rooms++;
		if (!room->found)
			check_words(p, room, "", "room: a row is missing", "a row", "no row");
		snprintf(expected, sizeof expected, "%u", room->row.members);
		snprintf(found, sizeof found, "%u", room->memberships);
		if (room->memberships != room->row.members)
			check_words(p, room, "", "chat_group: rows of the room", expected, found);
		snprintf(found, sizeof found, "%u", room->profiles);
		if (room->profiles != room->row.members)
			check_words(p, room, "", "group_member: rows of the room", expected, found);
		snprintf(expected, sizeof expected, "up to seq %" PRIu64, room->row.last_seq);
		snprintf(found, sizeof found, "up to seq %" PRIu64, room->last_seq);
		check_labels(p, room);
		if (room->last_seq != room->row.last_seq)
			check_words(p, room, "", "group_message: messages of the room", expected,
				    found);
		progress_step(&p->engine->progress);
	}
}

enum parlor_err mysql_rooms_compare(struct mysql_rooms *p)
{
	if (!p->len || p->err)
		return p->err;
	enum parlor_err err = select_rooms(
		p,
		"SELECT uuid, group_name, state, history_open, last_seq, counted, broker_id, part, "
		"position, " EPOCH_US("created_at") " FROM room",
		"uuid", "uuid", take_room);
	if (!err)
		err = select_rooms(p,
				   "SELECT uuid, member_id, group_name, member_type, unread, "
				   "unread_seq, seen, read_seq, joined_seq, " EPOCH_US(
					   "created_at") " FROM chat_group",
				   "uuid", "uuid, member_id", take_membership);
	if (!err)
		err = select_rooms(p,
				   "SELECT group_id, member_id, member_name, member_avatar, "
				   "member_type, " EPOCH_US("created_at") " FROM group_member",
				   "group_id", "group_id, member_id", take_profile);
	if (!err)
		err = select_rooms(p, "SELECT group_id, label FROM room_label", "group_id",
				   "group_id, label", take_label);
	if (!err)
		err = select_rooms(
			p,
			"SELECT group_id, seq, sender, sender_name, sender_avatar, message_type, "
			"content_type, message_content, client_id, recalled, position, " EPOCH_US(
				"created_at") ", mentions FROM group_message",
			"group_id", "group_id, seq", take_message);
	if (!err)
		check_missing(p);
	p->len = 0;
	return err;
}
