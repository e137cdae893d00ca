#include "legacy.h"

#include "adopt/aside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define MEMBER_ASIDE "member" ASIDE_SUFFIX

enum column {
	C_TENANT,
	C_ROOM,
	C_MEMBER,
	C_NAME,
	C_AVATAR,
	C_BODY,
	C_TYPE,
	C_CONTENT_TYPE,
	C_UNREAD,
	C_TIME,
	C_ID,
	COLUMNS
};
static_assert(COLUMNS <= LEGACY_COLUMNS_MAX, "has is large enough");

struct layout {
	const char *name;
	bool needed; /* the table; its room and member are, too */
	const char *columns[COLUMNS];
};

static const struct layout layouts[LEGACY_TABLES] = {
	[LEGACY_GROUP] = {"chat_group",
			  true,
			  {[C_ROOM] = "uuid",
			   [C_MEMBER] = "member_id",
			   [C_NAME] = "group_name",
			   [C_TYPE] = "member_type",
			   [C_UNREAD] = "unread",
			   [C_TIME] = "created_at",
			   [C_ID] = "id"}},
	[LEGACY_MEMBER] = {"group_member",
			   false,
			   {[C_ROOM] = "group_id",
			    [C_MEMBER] = "member_id",
			    [C_NAME] = "member_name",
			    [C_AVATAR] = "member_avatar",
			    [C_TYPE] = "member_type",
			    [C_TIME] = "created_at",
			    [C_ID] = "id"}},
	[LEGACY_MESSAGE] = {"group_message",
			    true,
			    {[C_ROOM] = "group_id",
			     [C_MEMBER] = "sender",
			     [C_NAME] = "sender_name",
			     [C_AVATAR] = "sender_avatar",
			     [C_BODY] = "message_content",
			     [C_TYPE] = "message_type",
			     [C_CONTENT_TYPE] = "content_type",
			     [C_TIME] = "created_at",
			     [C_ID] = "id"}},
};

static const char *column_name(const struct legacy *l, enum legacy_table table, enum column c)
{
	if (c == C_TENANT)
		return l->tenant_column ? l->tenant_column : "ent_id";
	return layouts[table].columns[c];
}

/* ---- finding ---------------------------------------------------------------------- */

struct finding_table {
	struct legacy *legacy;
	enum legacy_table table;
	bool any;
	bool parlors; /* has the column that only Parlor's have */
	char wrong_type[LEGACY_NAME_MAX + 1];
};

static void column_row(void *arg, const struct span *cells, unsigned n)
{
	struct finding_table *f = arg;
	const char *name = cells[0].data, *type = cells[1].data;
	(void)n;
	f->any = true;
	f->parlors |= f->table == LEGACY_GROUP && strcasecmp(name, "seen") == 0;
	for (enum column c = 0; c < COLUMNS; c++) {
		const char *wanted = column_name(f->legacy, f->table, c);
		if (!wanted || strcasecmp(name, wanted) != 0)
			continue;
		f->legacy->tables[f->table].has[c] = true;
		if (c != C_TIME)
			continue;
		f->legacy->tables[f->table].local_time = strcasecmp(type, "datetime") == 0;
		if (strcasecmp(type, "datetime") != 0 && strcasecmp(type, "timestamp") != 0)
			snprintf(f->wrong_type, sizeof f->wrong_type, "%s", type);
	}
}

static enum parlor_err read_columns(struct finding_table *f, const char *name)
{
	struct legacy *l = f->legacy;
	struct sql sql;
	memset(l->tables[f->table].has, 0, sizeof l->tables[f->table].has);
	f->any = f->parlors = false;
	sql_init(&sql, l->db);
	sql_put(&sql,
		"SELECT column_name, data_type FROM information_schema.columns "
		"WHERE table_schema = ? AND table_name = ?",
		sql_t(l->schema), sql_t(name));
	enum parlor_err err = db_select(l->db, &sql, column_row, f);
	sql_fini(&sql);
	snprintf(l->tables[f->table].name, sizeof l->tables[f->table].name, "%s",
		 f->any ? name : "");
	return err;
}

static enum parlor_err refuse(char *why, const char *schema, const char *table, const char *what)
{
	snprintf(why, LEGACY_WHY_MAX, "%.64s.%.64s %s", schema, table, what);
	return PARLOR_E_CONFIG;
}

static enum parlor_err check_columns(const struct finding_table *f, char *why)
{
	const struct legacy *l = f->legacy;
	char what[LEGACY_NAME_MAX * 2 + 64];
	for (enum column c = 0; c < COLUMNS; c++) {
		bool needed = c == C_ROOM || c == C_MEMBER || c == C_BODY ||
			      (c == C_TENANT && l->tenant_column);
		const char *name = column_name(l, f->table, c);
		if (!needed || !name || l->tables[f->table].has[c])
			continue;
		snprintf(what, sizeof what, "has no column %.64s", name);
		return refuse(why, l->schema, l->tables[f->table].name, what);
	}
	if (!f->wrong_type[0])
		return PARLOR_E_OK;
	snprintf(what, sizeof what, "has a created_at of type %.64s, which is not understood",
		 f->wrong_type);
	return refuse(why, l->schema, l->tables[f->table].name, what);
}

/* As it was, or where an earlier attempt has put it. */
static enum parlor_err find_table(struct legacy *l, enum legacy_table table, char *why)
{
	char aside[LEGACY_NAME_MAX + 1];
	struct finding_table f = {.legacy = l, .table = table};
	const char *name = layouts[table].name;
	snprintf(aside, sizeof aside, "%s%s", name, ASIDE_SUFFIX);
	enum parlor_err err = read_columns(&f, aside);
	if (!err && f.any && table == LEGACY_GROUP)
		l->moved = true;
	if (!err && !l->moved)
		err = read_columns(&f, name);
	if (err)
		snprintf(why, LEGACY_WHY_MAX, "%s", db_error(l->db));
	else if (f.parlors)
		err = refuse(why, l->schema, name, "is Parlor's own already");
	else if (!f.any && layouts[table].needed)
		err = refuse(why, l->schema, name, "is not there");
	else if (f.any)
		err = check_columns(&f, why);
	return err;
}

enum parlor_err legacy_find(struct legacy *l, char *why)
{
	enum parlor_err err = PARLOR_E_OK;
	for (enum legacy_table table = 0; !err && table < LEGACY_TABLES; table++)
		err = find_table(l, table, why);
	return err;
}

bool legacy_ordered(const struct legacy *l)
{
	return l->tables[LEGACY_MESSAGE].has[C_ID];
}

/* ---- reading ------------------------------------------------------------------------ */

struct reading {
	legacy_fn *fn;
	void *arg;
};

static int64_t signed_cell(struct span cell)
{
	return cell.data ? strtoll(cell.data, NULL, 10) : 0;
}

static void take_row(void *arg, const struct span *cells, unsigned n)
{
	const struct reading *r = arg;
	int64_t time_us = signed_cell(cells[C_TIME]);
	(void)n;
	const struct legacy_row row = {
		.tenant = cells[C_TENANT],
		.room = cells[C_ROOM],
		.member = cells[C_MEMBER],
		.name = cells[C_NAME],
		.avatar = cells[C_AVATAR],
		.body = cells[C_BODY],
		.type = signed_cell(cells[C_TYPE]),
		.content_type = signed_cell(cells[C_CONTENT_TYPE]),
		.unread = signed_cell(cells[C_UNREAD]),
		.timed = time_us > 0,
		.time_us = time_us > 0 ? (uint64_t)time_us : 0,
	};
	r->fn(r->arg, &row);
}

static void put_column(struct sql *sql, const struct legacy *l, enum legacy_table table,
		       enum column c)
{
	const char *name = column_name(l, table, c);
	if (!name || !l->tables[table].has[c]) {
		const char *usual = table == LEGACY_MESSAGE ? "1" : "2";
		sql_put_text(sql, c == C_TYPE ? usual : c == C_TIME ? "NULL" : "''");
		return;
	}
	if (c == C_TIME && l->tables[table].local_time && l->zone)
		sql_put(sql,
			"TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', "
			"CONVERT_TZ(?, ?, '+00:00'))",
			sql_name(name), sql_t(l->zone));
	else if (c == C_TIME)
		sql_put(sql, "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', ?)",
			sql_name(name));
	else
		sql_put(sql, "?", sql_name(name));
}

static void put_order(struct sql *sql, const struct legacy *l, enum legacy_table table)
{
	static const enum column order[] = {C_TIME, C_ID};
	const char *before = " ORDER BY ";
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		if (!l->tables[table].has[order[i]])
			continue;
		sql_put_text(sql, before);
		sql_put(sql, "?", sql_name(column_name(l, table, order[i])));
		before = ", ";
	}
}

static enum parlor_err read_table(struct legacy *l, enum legacy_table table, bool whole,
				  legacy_fn *fn, void *arg)
{
	struct reading reading = {fn, arg};
	struct sql sql;
	if (!l->tables[table].name[0])
		return PARLOR_E_OK;
	sql_init(&sql, l->db);
	sql_put_text(&sql, "SELECT ");
	for (enum column c = 0; c < C_ID; c++) {
		if (c)
			sql_put_text(&sql, ", ");
		if (c == C_BODY && !whole)
			sql_put_text(&sql, "''");
		else
			put_column(&sql, l, table, c);
	}
	sql_put(&sql, " FROM ?.?", sql_name(l->schema), sql_name(l->tables[table].name));
	if (whole)
		put_order(&sql, l, table);
	enum parlor_err err = db_select(l->db, &sql, take_row, &reading);
	sql_fini(&sql);
	return err;
}

enum parlor_err legacy_read(struct legacy *l, enum legacy_table table, legacy_fn *fn, void *arg)
{
	return read_table(l, table, true, fn, arg);
}

enum parlor_err legacy_read_senders(struct legacy *l, legacy_fn *fn, void *arg)
{
	return read_table(l, LEGACY_MESSAGE, false, fn, arg);
}

static void number_row(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	*(uint64_t *)arg = db_cell_number(cells[0]);
}

enum parlor_err legacy_count(struct legacy *l, uint64_t counts[LEGACY_TABLES])
{
	enum parlor_err err = PARLOR_E_OK;
	for (enum legacy_table table = 0; !err && table < LEGACY_TABLES; table++) {
		struct sql sql;
		counts[table] = 0;
		if (!l->tables[table].name[0])
			continue;
		sql_init(&sql, l->db);
		sql_put(&sql, "SELECT COUNT(*) FROM ?.?", sql_name(l->schema),
			sql_name(l->tables[table].name));
		err = db_select(l->db, &sql, number_row, &counts[table]);
		sql_fini(&sql);
	}
	return err;
}

/* ---- what stands aside ------------------------------------------------------------------ */

/* What Parlor keeps of the old table and never writes, or writes once it knows
 * better. Ids that had to be changed are not found in it, and repeated ones once. */
enum parlor_err legacy_copy_members(struct legacy *l, bool *copied)
{
	uint64_t columns = 0;
	struct sql sql;
	*copied = false;
	sql_init(&sql, l->db);
	sql_put(&sql,
		"SELECT COUNT(DISTINCT column_name) FROM information_schema.columns "
		"WHERE table_schema = ? AND table_name = ? AND column_name IN "
		"('uuid', 'name', 'nickname', 'avator', 'status', ?)",
		sql_t(l->schema), sql_t(MEMBER_ASIDE), sql_t(column_name(l, 0, C_TENANT)));
	enum parlor_err err = db_select(l->db, &sql, number_row, &columns);
	if (!err && columns == 6) {
		sql_clear(&sql);
		sql_put(&sql,
			"INSERT IGNORE INTO member (ent_id, uuid, name, nickname, avator, status) "
			"SELECT ?, uuid, name, nickname, avator, status FROM ?.? "
			"WHERE LENGTH(uuid) BETWEEN 1 AND 64 AND LENGTH(?) BETWEEN 1 AND 64",
			sql_name(column_name(l, 0, C_TENANT)), sql_name(l->schema),
			sql_name(MEMBER_ASIDE), sql_name(column_name(l, 0, C_TENANT)));
		err = db_run(l->db, &sql, NULL);
		*copied = !err;
	}
	sql_fini(&sql);
	return err;
}

enum parlor_err legacy_has_rooms(struct legacy *l, const char *schema, bool *rooms)
{
	uint64_t n = 0;
	struct sql sql;
	sql_init(&sql, l->db);
	sql_put(&sql,
		"SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = ? AND "
		"table_name = 'room' AND column_name = 'broker_id'",
		sql_t(schema));
	enum parlor_err err = db_select(l->db, &sql, number_row, &n);
	if (!err && n) {
		sql_clear(&sql);
		sql_put(&sql, "SELECT COUNT(*) FROM ?.room", sql_name(schema));
		err = db_select(l->db, &sql, number_row, &n);
	}
	sql_fini(&sql);
	*rooms = n > 0;
	return err;
}
