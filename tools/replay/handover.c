#include "handover.h"

#include "core/desk/row.h"
#include "core/kinds.h"
#include "core/tenant.h"
#include "db/rows.h"
#include "mark.h"
#include "noun/conversation.h"
#include "project.h"
#include "sync/partition.h"
#include "sync/sync.h"

#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

#define OTHERS_TRIES 30
#define OTHERS_WAIT_US 100000
/* Rows of one transaction. */
#define CHUNK_ROWS 5000

static enum parlor_err select_text(struct db *db, const char *text, db_row_fn *fn, void *arg)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put_text(&sql, text);
	enum parlor_err err = db_select(db, &sql, fn, arg);
	sql_fini(&sql);
	return err;
}

/* ---- whose it was ------------------------------------------------------------- */

static void mark_row(void *arg, const struct span *cells, unsigned n)
{
	struct handover *h = arg;
	(void)n;
	struct handover_mark mark = {db_cell_number(cells[0]), db_cell_number(cells[1]),
				     db_cell_number(cells[2]), db_cell_number(cells[3])};
	if (mark.epoch < MARK_EPOCH_RETIRED) {
		bool first = true;
		for (size_t i = 0; i < h->len; i++)
			first &= h->marks[i].broker_id != mark.broker_id;
		h->owners += first;
		if (h->partitions <= mark.partition)
			h->partitions = (uint32_t)mark.partition + 1;
	}
	h->marks = mem_resize(h->marks, h->len + 1, sizeof *h->marks);
	h->marks[h->len++] = mark;
}

static enum parlor_err read_marks(struct handover *h, struct db *db, bool lock)
{
	return select_text(db,
			   lock ? "SELECT broker_id, part, epoch, position FROM sync_mark "
				  "ORDER BY broker_id, part FOR UPDATE"
				: "SELECT broker_id, part, epoch, position FROM sync_mark "
				  "ORDER BY broker_id, part",
			   mark_row, h);
}

enum parlor_err handover_begin(struct handover *h, struct db *db)
{
	*h = (struct handover){0};
	return read_marks(h, db, false);
}

void handover_fini(struct handover *h)
{
	free(h->marks);
	*h = (struct handover){0};
}

static void number_row(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	*(uint64_t *)arg = db_cell_number(cells[0]);
}

enum parlor_err handover_others(struct db *db, uint64_t *others)
{
	enum parlor_err err = PARLOR_E_OK;
	*others = 1;
	for (int i = 0; !err && *others && i < OTHERS_TRIES; i++) {
		if (i)
			usleep(OTHERS_WAIT_US);
		err = select_text(db,
				  "SELECT COUNT(*) FROM information_schema.processlist "
				  "WHERE db = DATABASE() AND id <> CONNECTION_ID()",
				  number_row, others);
	}
	return err;
}

/* ---- unread columns that the former owner has not written ---------------------- */

struct stale_rooms {
	struct projection rooms;
	char **texts; /* of the rooms */
	size_t cap;
};

static void stale_row(void *arg, const struct span *cells, unsigned n)
{
	struct stale_rooms *s = arg;
	(void)n;
	MEM_GROW(s->texts, s->rooms.len, s->cap, 64);
	char *text = mem_new(cells[0].len + cells[1].len + 2);
	memcpy(text, cells[0].data, cells[0].len);
	memcpy(text + cells[0].len + 1, cells[1].data, cells[1].len);
	s->texts[s->rooms.len] = text;
	projection_add(&s->rooms, (struct project_room){.tenant = text,
							.room = text + cells[0].len + 1,
							.counted = db_cell_number(cells[2]),
							.last_seq = db_cell_number(cells[3]),
							.renamed = true});
}

static enum parlor_err project_stale(struct db *db)
{
	struct stale_rooms stale = {.cap = 0};
	enum parlor_err err = select_text(
		db,
		"SELECT r.ent_id, r.uuid, r.counted, r.last_seq FROM room r LEFT JOIN sync_mark s "
		"ON s.broker_id = r.broker_id AND s.part = r.part "
		"WHERE s.position IS NULL OR r.position > s.projected",
		stale_row, &stale);
	size_t len = stale.rooms.len;
	if (!err && len)
		err = project_rooms(db, &stale.rooms);
	projection_fini(&stale.rooms);
	for (size_t i = 0; i < len; i++)
		free(stale.texts[i]);
	free(stale.texts);
	return err;
}

/* ---- giving it over -------------------------------------------------------------- */

struct giving {
	struct db *db;
	struct builder *builder;
	char **rooms; /* by number: tenant, NUL, room */
	size_t rooms_cap;
	uint64_t rooms_len; /* highest number and one */
};

static enum parlor_err name_room(struct giving *g, const struct record *r)
{
	struct span tenant;
	enum parlor_err err = core_tenant_id(builder_core(g->builder), r->tenant, &tenant);
	if (err)
		return err;
	if (r->room >= g->rooms_cap) {
		size_t cap = (size_t)(r->room + 1) * 2;
		g->rooms = mem_resize(g->rooms, cap, sizeof *g->rooms);
		memset(g->rooms + g->rooms_cap, 0, (cap - g->rooms_cap) * sizeof *g->rooms);
		g->rooms_cap = cap;
	}
	char *text = mem_new(tenant.len + r->room_id.len + 2);
	memcpy(text, tenant.data, tenant.len);
	memcpy(text + tenant.len + 1, r->room_id.data, r->room_id.len);
	g->rooms[r->room] = text;
	g->rooms_len = r->room + 1;
	return PARLOR_E_OK;
}

static const char *room_of(const struct giving *g, uint64_t room)
{
	return g->rooms[room] + strlen(g->rooms[room]) + 1;
}

/* The row is there: what stands beside position is never written. */
static void rows_of_messages(struct rows *rows, struct db *db)
{
	rows_init(
		rows, db,
		"INSERT INTO group_message (ent_id, group_id, seq, position, sender, sender_name, "
		"sender_avatar, message_type, content_type, message_content, client_id, "
		"created_at) VALUES ",
		"(?, ?, ?, ?, '', '', '', 2, 0, '', '', '1970-01-01 00:00:00')",
		" ON DUPLICATE KEY UPDATE position = VALUES(position)");
}

/* Likewise. */
static void rows_of_conversations(struct rows *rows, struct db *db)
{
	rows_init(rows, db,
		  "INSERT INTO desk_conversation (ent_id, conversation_id, position) VALUES ",
		  "(?, ?, ?)", " ON DUPLICATE KEY UPDATE position = VALUES(position)");
}

/* Ids that rows borrow. */
struct ids {
	char **list;
	size_t len, cap;
};

static void ids_fini(struct ids *ids)
{
	for (size_t i = 0; i < ids->len; i++)
		free(ids->list[i]);
	free(ids->list);
}

static enum parlor_err add_conversation(const struct giving *g, struct rows *rows,
					const struct record *r, struct ids *ids)
{
	struct row_conversation row;
	if (!conversation_get_row(r->conversation.row, &row))
		return PARLOR_E_STORE_CORRUPT;
	MEM_GROW(ids->list, ids->len, ids->cap, 64);
	char *id = mem_text(row.id.data, row.id.len);
	ids->list[ids->len++] = id;
	rows_add(rows, sql_t(g->rooms[r->room]), sql_t(id), sql_u(r->position));
	return PARLOR_E_OK;
}

/* The next entries of the walk, in one transaction; *more false at its end. */
static enum parlor_err give_chunk(struct giving *g, struct store_walk *walk, bool *more)
{
	struct rows rows, conversations;
	struct ids ids = {.len = 0};
	struct entry entry;
	struct record r;
	rows_of_messages(&rows, g->db);
	rows_of_conversations(&conversations, g->db);
	enum parlor_err err = db_begin(g->db);
	for (size_t n = 0; !err && n < CHUNK_ROWS;) {
		err = store_walk_next(builder_store(g->builder), walk, &entry);
		if (!err)
			err = record_decode(&r, entry.head.data, entry.head.len);
		if (!err && r.kind == RECORD_ROOM_CREATED)
			err = name_room(g, &r);
		if (err || r.position > builder_mark(g->builder))
			continue;
		if (conversation_has(r.kind)) {
			err = add_conversation(g, &conversations, &r, &ids);
			n++;
		}
		if (r.kind != RECORD_POSTED)
			continue;
		rows_add(&rows, sql_t(g->rooms[r.room]), sql_t(room_of(g, r.room)),
			 sql_u(r.posted.seq), sql_u(r.position));
		n++;
	}
	*more = err != PARLOR_E_NOT_FOUND;
	enum parlor_err sent = rows_finish(&rows), told = rows_finish(&conversations);
	if (!err || !*more)
		err = sent ? sent : told;
	if (!err)
		err = db_commit(g->db);
	else
		db_rollback(g->db);
	ids_fini(&ids);
	return err;
}

static enum parlor_err give_messages(struct giving *g)
{
	struct store_walk walk;
	bool more = true;
	enum parlor_err err = store_walk_open(builder_store(g->builder), 1, &walk);
	if (err)
		return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
	while (!err && more)
		err = give_chunk(g, &walk, &more);
	store_walk_close(builder_store(g->builder), &walk);
	return err;
}

static enum parlor_err give_rooms(const struct giving *g)
{
	struct rows rows;
	uint32_t partitions = store_partitions(builder_store(g->builder));
	rows_init(&rows, g->db,
		  "INSERT INTO room (ent_id, uuid, broker_id, part, position) VALUES ",
		  "(?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE broker_id = VALUES(broker_id), part = VALUES(part), "
		  "position = VALUES(position)");
	for (uint64_t no = 1; no < g->rooms_len; no++)
		rows_add(&rows, sql_t(g->rooms[no]), sql_t(room_of(g, no)),
			 sql_u(builder_journal_id(g->builder)),
			 sql_u(partition_of(topic_room(no), partitions)),
			 sql_u(builder_room_position(g->builder, no)));
	return rows_finish(&rows);
}

static enum parlor_err give_members(const struct giving *g)
{
	struct sql sql;
	uint64_t id = builder_journal_id(g->builder);
	sql_init(&sql, g->db);
	sql_put(&sql,
		"UPDATE member SET online_status = 'offline', profile_broker = ?, "
		"profile_position = 0, presence_broker = ?, presence_position = 0",
		sql_u(id), sql_u(id));
	enum parlor_err err = db_run(g->db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

static enum parlor_err give_marks(const struct giving *g)
{
	struct rows rows;
	struct store *store = builder_store(g->builder);
	uint64_t last = builder_mark(g->builder), digest = 0;
	enum parlor_err err = last ? partition_digest(store, last, &digest) : PARLOR_E_OK;
	if (err)
		return err;
	rows_init(&rows, g->db,
		  "INSERT INTO sync_mark (broker_id, part, epoch, position, digest, projected) "
		  "VALUES ",
		  "(?, ?, 0, ?, ?, ?)", "");
	for (uint32_t partition = 0; partition < store_partitions(store); partition++)
		rows_add(&rows, sql_u(builder_journal_id(g->builder)), sql_u(partition),
			 sql_u(last), sql_u(digest), sql_u(last));
	return rows_finish(&rows);
}

static enum parlor_err retire(struct db *db)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put(&sql, "UPDATE sync_mark SET epoch = ?", sql_u(MARK_EPOCH_RETIRED));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	/* The room's rows are what the new journal begins with. */
	return err ? err : db_run_text(db, "DELETE FROM sync_quarantine");
}

static enum parlor_err check_unmoved(const struct handover *then, struct db *db)
{
	struct handover now = {0};
	enum parlor_err err = read_marks(&now, db, true);
	bool same = now.len == then->len;
	for (size_t i = 0; same && i < now.len; i++)
		same = now.marks[i].broker_id == then->marks[i].broker_id &&
		       now.marks[i].partition == then->marks[i].partition &&
		       now.marks[i].epoch == then->marks[i].epoch &&
		       now.marks[i].position == then->marks[i].position;
	handover_fini(&now);
	return err || same ? err : PARLOR_E_DB_FENCED;
}

static enum parlor_err give_all(const struct handover *h, const struct giving *g)
{
	enum parlor_err err = db_begin(g->db);
	if (!err)
		err = check_unmoved(h, g->db);
	if (!err)
		err = give_rooms(g);
	if (!err)
		err = give_members(g);
	if (!err)
		err = retire(g->db);
	if (!err)
		err = give_marks(g);
	if (!err)
		err = db_commit(g->db);
	else
		db_rollback(g->db);
	return err;
}

enum parlor_err handover_finish(const struct handover *h, struct db *db, struct builder *builder)
{
	struct giving g = {.db = db, .builder = builder};
	enum parlor_err err = project_stale(db);
	if (!err)
		err = give_messages(&g);
	if (!err)
		err = give_all(h, &g);
	for (uint64_t no = 0; no < g.rooms_len; no++)
		free(g.rooms[no]);
	free(g.rooms);
	return err;
}
