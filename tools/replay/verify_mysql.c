#include "verify_mysql.h"

#include "audit/pager.h"
#include "core/run.h"
#include "verify_mysql_desk.h"
#include "verify_mysql_rooms.h"

#include "base/mem.h"
#include "db/db.h"
#include "nouns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* An answer of the server is read while the journal is. */
#define TIMEOUT_S 300

struct quarantined {
	size_t len, cap;
	struct quarantined_room {
		char tenant[ROW_ID_MAX + 1], room[ROW_ID_MAX + 1];
	} * rooms;
};

static enum parlor_err failed(struct verify_mysql *v, enum parlor_err err)
{
	if (!err || v->why[0])
		return err;
	if (err >= PARLOR_E_DB_AWAY)
		snprintf(v->why, sizeof v->why, "the database: %.400s", db_error(v->db));
	else
		snprintf(v->why, sizeof v->why, "comparing with the database: %s",
			 parlor_err_text(err));
	return err;
}

enum parlor_err verify_mysql_open(struct verify_mysql *v, const char *url)
{
	*v = (struct verify_mysql){0};
	v->quarantined = mem_new(sizeof *v->quarantined);
	enum parlor_err err = url_parse(&v->url, url, v->why, sizeof v->why);
	if (err)
		return err;
	v->db = db_new(&v->url, TIMEOUT_S);
	err = db_open(v->db);
	if (!err)
		err = db_run_text(v->db, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
	return failed(v, err);
}

enum parlor_err verify_mysql_begin(struct verify_mysql *v)
{
	v->low = UINT64_MAX;
	v->high = 0;
	v->quarantined->len = 0;
	return failed(v, db_run_text(v->db, "START TRANSACTION WITH CONSISTENT SNAPSHOT"));
}

void verify_mysql_close(struct verify_mysql *v)
{
	if (v->db) {
		db_free(v->db);
		db_end();
	}
	url_fini(&v->url);
	if (v->quarantined)
		free(v->quarantined->rooms);
	free(v->quarantined);
	*v = (struct verify_mysql){0};
}

/* ---- marks ------------------------------------------------------------------------- */

struct mark_check {
	struct verify_mysql *v;
	struct source *source;
	struct finding *finding;
	uint64_t rows;
	enum parlor_err err;
};

static enum parlor_err digest_of(void *arg, const struct entry *entry, const struct record *r)
{
	uint64_t digest = hash64(entry->head.data, entry->head.len);
	(void)r;
	*(uint64_t *)arg = digest + (digest == 0);
	return PARLOR_E_OK;
}

static void bad_mark(struct mark_check *c, uint64_t partition, uint64_t position, const char *what)
{
	if (c->v->differing++)
		return;
	finding_set(c->finding, AUDIT_MYSQL, what);
	c->finding->position = position <= c->source->last ? position : 0;
	finding_expected(c->finding, "a mark within the journal, which ends at %" PRIu64,
			 c->source->last);
	finding_found(c->finding, "partition %" PRIu64 " at position %" PRIu64, partition,
		      position);
}

static void take_mark(void *arg, const struct span *cells, unsigned n)
{
	struct mark_check *c = arg;
	struct verify_mysql *v = c->v;
	uint64_t partition = db_cell_number(cells[0]), position = db_cell_number(cells[1]);
	uint64_t digest = db_cell_number(cells[2]), found;
	(void)n;
	c->rows++;
	if (partition >= v->partitions) {
		bad_mark(c, partition, position,
			 "a mark of a partition that the journal does not have");
		return;
	}
	v->marks[partition] = position;
	v->projected[partition] = db_cell_number(cells[3]);
	if (position > c->source->last) {
		bad_mark(c, partition, position, "a mark ahead of the journal");
		return;
	}
	if (!position || !digest || position < c->source->first || c->err)
		return;
	c->err = source_read(c->source, position, digest_of, &found);
	if (!c->err && digest != found)
		bad_mark(c, partition, position,
			 "the digest of a mark: the database has another history");
}

static void take_quarantined(void *arg, const struct span *cells, unsigned n)
{
	struct quarantined *q = arg;
	(void)n;
	MEM_GROW(q->rooms, q->len, q->cap, 16);
	struct quarantined_room *room = &q->rooms[q->len++];
	audit_text(room->tenant, sizeof room->tenant, cells[0]);
	audit_text(room->room, sizeof room->room, cells[1]);
}

bool verify_mysql_leaves_out(const struct verify_mysql *v, const char *tenant, const char *room)
{
	for (size_t i = 0; i < v->quarantined->len; i++)
		if (strcmp(v->quarantined->rooms[i].room, room) == 0 &&
		    strcmp(v->quarantined->rooms[i].tenant, tenant) == 0)
			return true;
	return false;
}

static enum parlor_err select_of(struct verify_mysql *v, const char *text, db_row_fn *fn, void *arg)
{
	struct sql sql;
	sql_init(&sql, v->db);
	sql_put(&sql, text, sql_u(v->broker_id));
	enum parlor_err err = db_select(v->db, &sql, fn, arg);
	sql_fini(&sql);
	return failed(v, err);
}

enum parlor_err verify_mysql_marks(struct verify_mysql *v, struct source *source,
				   struct finding *finding)
{
	struct mark_check c = {.v = v, .source = source, .finding = finding};
	v->broker_id = store_journal_id(source->store);
	v->partitions = store_partitions(source->store);
	enum parlor_err err = select_of(v,
					"SELECT part, position, digest, projected FROM sync_mark "
					"WHERE broker_id = ?",
					take_mark, &c);
	if (!err && c.err) {
		snprintf(v->why, sizeof v->why, "%.500s", source->why);
		err = c.err;
	}
	if (!err)
		err = select_of(v,
				"SELECT ent_id, group_id FROM sync_quarantine WHERE broker_id = ?",
				take_quarantined, v->quarantined);
	if (!err && !c.rows && !v->differing++) {
		finding_set(finding, AUDIT_MYSQL, "the database knows nothing of this journal");
		finding_expected(finding, "marks of broker %" PRIu64, v->broker_id);
		finding_found(finding, "none");
	}
	for (uint32_t partition = 0; partition < v->partitions; partition++) {
		if (v->marks[partition] < v->low)
			v->low = v->marks[partition];
		if (v->marks[partition] > v->high)
			v->high = v->marks[partition];
	}
	return err;
}

/* ---- what the database has and the journal has not ------------------------------------ */

struct extra {
	struct verify_mysql *v;
	struct engine *engine;
	struct finding *finding;
};

static bool name_number(struct extra *x, char kind, uint32_t tenant, struct span id, uint64_t *no)
{
	struct row_key key;
	struct span value;
	struct core_rows rows = engine_rows(x->engine);
	if (id.len > ROW_ID_MAX)
		return false;
	row_key_name(&key, kind, tenant, id);
	return !rows.get(rows.ctx, &key, &value) && row_get_number(value, no);
}

static void differ(struct extra *x, const char *what, struct span tenant, struct span room,
		   struct span member)
{
	if (x->finding->only && !span_equal(SPAN_TEXT(x->finding->only), tenant))
		return;
	if (x->v->differing++)
		return;
	finding_set(x->finding, AUDIT_MYSQL, what);
	audit_text(x->finding->tenant, sizeof x->finding->tenant, tenant);
	audit_text(x->finding->room, sizeof x->finding->room, room);
	audit_text(x->finding->member, sizeof x->finding->member, member);
}

static const struct span none = {NULL, 0};

static void known_room(void *arg, const struct span *cells, unsigned n)
{
	struct extra *x = arg;
	uint64_t tenant, room;
	(void)n;
	if (name_number(x, 'T', 0, cells[0], &tenant) &&
	    name_number(x, 'R', (uint32_t)tenant, cells[1], &room))
		return;
	char text[ROW_ID_MAX + 1], id[ROW_ID_MAX + 1];
	audit_text(text, sizeof text, cells[0]);
	audit_text(id, sizeof id, cells[1]);
	if (!verify_mysql_leaves_out(x->v, text, id))
		differ(x, "a room that the journal does not have at the marks", cells[0], cells[1],
		       none);
}

static void no_orphan(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	differ(arg, "a row of a room that is not in the table of rooms", cells[0], cells[1], none);
}

static void right_presence(void *arg, const struct span *cells, unsigned n)
{
	static const char *const words[] = {"offline", "offline", "online", "busy"};
	struct extra *x = arg;
	struct row_key key;
	struct span value;
	struct row_member row;
	uint64_t tenant, member;
	struct core_rows rows = engine_rows(x->engine);
	(void)n;
	if (!name_number(x, 'T', 0, cells[0], &tenant) ||
	    !name_number(x, 'M', (uint32_t)tenant, cells[1], &member)) {
		differ(x, "a member that the journal does not have", cells[0], none, cells[1]);
		return;
	}
	row_key_member(&key, member);
	if (rows.get(rows.ctx, &key, &value) || !row_get_member(value, &row))
		return;
	bool now = row.presence_run == core_run(x->engine->core) && row.presence < 4;
	struct span word = SPAN_TEXT(words[now ? row.presence : 0]);
	if (span_equal(word, cells[2]))
		return;
	uint64_t before = x->v->differing;
	differ(x, "member.online_status", cells[0], none, cells[1]);
	if (before || !x->v->differing)
		return;
	finding_expected(x->finding, "%s", (const char *)word.data);
	finding_found(x->finding, "%.*s", (int)cells[2].len, (const char *)cells[2].data);
}

/* Rows of rooms that are not there, in any table of those that have some. */
static enum parlor_err orphans(struct extra *x)
{
	const struct table *table;
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && (table = table_at(i)); i++) {
		struct sql sql;
		if (!table->of_room)
			continue;
		sql_init(&sql, x->v->db);
		sql_put(&sql,
			"SELECT t.ent_id, t.? FROM ? t LEFT JOIN room r ON "
			"r.ent_id = t.ent_id AND r.uuid = t.? WHERE r.uuid IS NULL LIMIT 1",
			sql_name(table->key[1]), sql_name(table->name), sql_name(table->key[1]));
		err = failed(x->v, db_select(x->v->db, &sql, no_orphan, x));
		sql_fini(&sql);
	}
	return err;
}

static enum parlor_err extras(struct extra *x)
{
	enum parlor_err err =
		select_of(x->v, "SELECT ent_id, uuid FROM room WHERE broker_id = ?", known_room, x);
	if (!err)
		err = orphans(x);
	if (!err)
		err = select_of(x->v,
				"SELECT ent_id, uuid, online_status FROM member "
				"WHERE presence_broker = ?",
				right_presence, x);
	return err;
}

/* ---- all of it ------------------------------------------------------------------------- */

static enum parlor_err tenant_rooms(struct verify_mysql *v, struct engine *engine,
				    struct finding *finding, const char *tenant, uint32_t no)
{
	struct mysql_rooms page;
	struct pager names;
	struct row_key from;
	struct span key, value;
	uint64_t room;
	row_key_name(&from, 'R', no, none);
	pager_init_at(&names, engine_rows(engine), &from, from.len);
	mysql_rooms_init(&page, v, engine, finding, tenant);
	enum parlor_err err = PARLOR_E_OK, more;
	while (!(more = pager_next(&names, &key, &value)) && !err && !v->differing) {
		struct span id = {(const uint8_t *)key.data + from.len, key.len - from.len};
		if (!row_get_number(value, &room))
			err = PARLOR_E_STORE_CORRUPT;
		else if (mysql_rooms_add(&page, id, room))
			err = mysql_rooms_compare(&page);
	}
	if (!err && more != PARLOR_E_NOT_FOUND && !v->differing)
		err = more;
	if (!err && !v->differing)
		err = mysql_rooms_compare(&page);
	mysql_rooms_fini(&page);
	pager_fini(&names);
	return failed(v, err);
}

enum parlor_err verify_mysql(struct verify_mysql *v, struct engine *engine, struct desk_told *told,
			     struct finding *finding)
{
	struct extra extra = {v, engine, finding};
	struct core_counts counts;
	struct pager tenants;
	struct row_key from;
	struct span key, value;
	uint64_t number;
	char tenant[ROW_ID_MAX + 1];
	enum parlor_err err, more = PARLOR_E_OK;
	row_key_name(&from, 'T', 0, none);
	pager_init_at(&tenants, engine_rows(engine), &from, from.len);
	core_counts(engine->core, &counts);
	progress_begin(&engine->progress, "rooms compared with the database", counts.rooms);
	err = extras(&extra);
	while (!err && !v->differing && !(more = pager_next(&tenants, &key, &value))) {
		audit_text(tenant, sizeof tenant,
			   (struct span){(const uint8_t *)key.data + from.len, key.len - from.len});
		if (finding->only && strcmp(finding->only, tenant) != 0)
			continue;
		err = row_get_number(value, &number)
			      ? tenant_rooms(v, engine, finding, tenant, (uint32_t)number)
			      : PARLOR_E_STORE_CORRUPT;
	}
	if (!err && !v->differing && more != PARLOR_E_NOT_FOUND)
		err = more;
	pager_fini(&tenants);
	if (!err && !v->differing)
		err = failed(v, verify_mysql_desk(v, engine, told, finding));
	return err;
}
