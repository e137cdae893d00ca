#include "history.h"

#include <assert.h>

/* Columns: when, tenant, room, seq, kind, member, name, avatar, body, client id,
 * mentions, three numbers. */
static const char query[] =
	"SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', h.at), h.tenant, h.room, h.seq, "
	"h.kind, h.member, h.name, h.avatar, h.body, h.client_id, h.mentions, h.a, h.b, h.c FROM ("
	"SELECT created_at AS at, ent_id AS tenant, uuid AS room, 0 AS seq, 0 AS kind, "
	"'' AS member, group_name AS name, '' AS avatar, '' AS body, '' AS client_id, "
	"NULL AS mentions, history_open AS a, 0 AS b, 0 AS c FROM room "
	"UNION ALL "
	"SELECT created_at, ent_id, group_id, seq, 1, sender, sender_name, sender_avatar, "
	"message_content, client_id, mentions, message_type, content_type, recalled "
	"FROM group_message "
	"UNION ALL "
	"SELECT g.created_at, g.ent_id, g.uuid, g.joined_seq, 2, g.member_id, "
	"COALESCE(m.member_name, ''), COALESCE(m.member_avatar, ''), '', '', NULL, "
	"g.member_type, 0, 0 FROM chat_group g LEFT JOIN group_member m "
	"ON m.ent_id = g.ent_id AND m.group_id = g.uuid AND m.member_id = g.member_id "
	"UNION ALL "
	"SELECT r.updated_at, l.ent_id, l.group_id, r.last_seq, 3, l.label, '', '', '', '', NULL, "
	"0, 0, 0 FROM room_label l "
	"JOIN room r ON r.ent_id = l.ent_id AND r.uuid = l.group_id "
	"UNION ALL "
	"SELECT r.updated_at, g.ent_id, g.uuid, r.last_seq, 5, g.member_id, '', '', '', '', NULL, "
	"g.read_seq, g.seen, 0 FROM chat_group g "
	"JOIN room r ON r.ent_id = g.ent_id AND r.uuid = g.uuid "
	"UNION ALL "
	"SELECT updated_at, ent_id, uuid, last_seq, 4, '', '', '', '', '', NULL, "
	"state, counted, last_seq FROM room "
	"UNION ALL "
	"SELECT COALESCE(last_seen, '1970-01-01 00:00:00'), ent_id, '', 0, 6, uuid, '', '', '', "
	"'', "
	"NULL, last_seen IS NOT NULL, 0, 0 FROM member"
	") AS h ORDER BY h.at, h.tenant, h.room, h.seq, h.kind, h.member";

enum cell {
	CELL_TIME,
	CELL_TENANT,
	CELL_ROOM,
	CELL_SEQ,
	CELL_KIND,
	CELL_MEMBER,
	CELL_NAME,
	CELL_AVATAR,
	CELL_BODY,
	CELL_CLIENT,
	CELL_MENTIONS,
	CELL_NUMBERS
};

struct reading {
	history_fn *fn;
	void *arg;
};

static void take_row(void *arg, const struct span *cells, unsigned n)
{
	const struct reading *reading = arg;
	(void)n;
	struct history_fact fact = {
		.kind = (enum history_kind)db_cell_number(cells[CELL_KIND]),
		.time_us = db_cell_number(cells[CELL_TIME]),
		.tenant = cells[CELL_TENANT],
		.room = cells[CELL_ROOM],
		.seq = db_cell_number(cells[CELL_SEQ]),
		.member = cells[CELL_MEMBER],
		.name = cells[CELL_NAME],
		.avatar = cells[CELL_AVATAR],
		.body = cells[CELL_BODY],
		.client_id = cells[CELL_CLIENT],
		.mentions = cells[CELL_MENTIONS],
	};
	assert(fact.kind < HISTORY_KINDS);
	for (unsigned i = 0; i < 3; i++)
		fact.numbers[i] = db_cell_number(cells[CELL_NUMBERS + i]);
	reading->fn(reading->arg, &fact);
}

enum parlor_err history_read(struct db *db, history_fn *fn, void *arg)
{
	struct reading reading = {fn, arg};
	struct sql sql;
	sql_init(&sql, db);
	sql_put_text(&sql, query);
	enum parlor_err err = db_select(db, &sql, take_row, &reading);
	sql_fini(&sql);
	return err;
}
