#include "adopt/old_tables.h"

#include "adopt/aside.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define PLACE_MAX 96
#define WORD_MAX 128

/* ---- finding ---------------------------------------------------------------------- */

struct looking {
	struct old_tables *tables;
	size_t at; /* of names */
	bool there;
};

static void column_row(void *arg, const struct span *cells, unsigned n)
{
	struct looking *l = arg;
	const char *name = l->tables->names[l->at].name;
	(void)n;
	l->there = true;
	if (strcmp(cells[1].data, "timestamp") != 0)
		return;
	buf_put(&l->tables->zoned, " ", 1);
	buf_put(&l->tables->zoned, name, strlen(name));
	buf_put(&l->tables->zoned, ".", 1);
	buf_put(&l->tables->zoned, cells[0].data, cells[0].len);
}

static enum parlor_err look(struct looking *l, const char *suffix)
{
	char place[PLACE_MAX];
	struct old_tables *t = l->tables;
	struct sql sql;
	snprintf(place, sizeof place, "%s%s", t->names[l->at].name, suffix);
	sql_init(&sql, t->db);
	sql_put(&sql,
		"SELECT c.column_name, c.data_type FROM information_schema.columns c JOIN "
		"information_schema.tables t ON t.table_schema = c.table_schema AND "
		"t.table_name = c.table_name WHERE c.table_schema = ? AND c.table_name = ? AND "
		"t.table_type = 'BASE TABLE'",
		sql_t(t->schema), sql_t(place));
	enum parlor_err err = db_select(t->db, &sql, column_row, l);
	sql_fini(&sql);
	return err;
}

enum parlor_err old_tables_find(struct old_tables *t, char *why)
{
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && t->names[i].name; i++) {
		struct looking l = {.tables = t, .at = i};
		assert(i < OLD_TABLES_MAX);
		err = look(&l, ASIDE_SUFFIX);
		t->aside[i] = l.there;
		if (!err && !l.there)
			err = look(&l, "");
		t->there[i] = l.there;
		if (err)
			snprintf(why, OLD_TABLES_WHY_MAX, "%s", db_error(t->db));
		else if (!l.there && !t->names[i].optional) {
			snprintf(why, OLD_TABLES_WHY_MAX, "%.64s.%.64s is not there", t->schema,
				 t->names[i].name);
			err = PARLOR_E_CONFIG;
		}
	}
	return err;
}

void old_tables_fini(struct old_tables *t)
{
	buf_fini(&t->zoned);
}

static size_t find(const struct old_tables *t, const char *name, size_t len)
{
	size_t i = 0;
	while (t->names[i].name &&
	       (strncmp(t->names[i].name, name, len) != 0 || t->names[i].name[len]))
		i++;
	assert(t->names[i].name);
	return i;
}

bool old_tables_has(const struct old_tables *t, const char *name)
{
	return t->there[find(t, name, strlen(name))];
}

/* ---- questions --------------------------------------------------------------------- */

static void put_table(const struct old_tables *t, struct sql *sql, size_t i)
{
	char place[PLACE_MAX];
	snprintf(place, sizeof place, "%s%s", t->names[i].name, t->aside[i] ? ASIDE_SUFFIX : "");
	sql_put(sql, "?.?", sql_name(t->schema), sql_name(place));
}

static bool is_zoned(const struct old_tables *t, const char *table, size_t len, const char *column)
{
	char word[WORD_MAX];
	int n = snprintf(word, sizeof word, " %.*s.%s", (int)len, table, column);
	return memmem(t->zoned.data, t->zoned.len, word, (size_t)n) != NULL;
}

/* users u.created_at */
static void put_time(const struct old_tables *t, struct sql *sql, const char *text, size_t len)
{
	char column[WORD_MAX];
	size_t table = strcspn(text, " ");
	snprintf(column, sizeof column, "%.*s", (int)(len - table - 1), text + table + 1);
	sql_put_text(sql, "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', ");
	if (t->zone && !is_zoned(t, text, table, strchr(column, '.') + 1)) {
		sql_put_text(sql, "CONVERT_TZ(");
		sql_put_text(sql, column);
		sql_put(sql, ", ?, '+00:00')", sql_t(t->zone));
	} else {
		sql_put_text(sql, column);
	}
	sql_put_text(sql, ")");
}

void old_tables_put(const struct old_tables *t, struct sql *sql, const char *text)
{
	while (*text) {
		size_t plain = strcspn(text, "{");
		buf_put(&sql->text, text, plain);
		text += plain;
		if (!*text)
			return;
		size_t len = strcspn(++text, "}");
		if (*text == '@')
			put_time(t, sql, text + 1, len - 1);
		else
			put_table(t, sql, find(t, text, len));
		text += len + 1;
	}
}

static void number_row(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	*(uint64_t *)arg = db_cell_number(cells[0]);
}

enum parlor_err old_tables_number(const struct old_tables *t, const struct sql *sql,
				  uint64_t *number)
{
	*number = 0;
	return db_select(t->db, sql, number_row, number);
}

enum parlor_err old_tables_count(const struct old_tables *t, uint64_t *rows)
{
	enum parlor_err err = PARLOR_E_OK;
	*rows = 0;
	for (size_t i = 0; !err && t->names[i].name; i++) {
		uint64_t n;
		struct sql sql;
		if (!t->there[i])
			continue;
		sql_init(&sql, t->db);
		sql_put_text(&sql, "SELECT COUNT(*) FROM ");
		put_table(t, &sql, i);
		err = old_tables_number(t, &sql, &n);
		*rows += n;
		sql_fini(&sql);
	}
	return err;
}

enum parlor_err old_tables_begin(const struct old_tables *t, const char *select,
				 void (*put)(const struct old_tables *, struct sql *),
				 uint64_t *first_us)
{
	struct sql sql;
	sql_init(&sql, t->db);
	sql_put_text(&sql, select);
	put(t, &sql);
	sql_put_text(&sql, " WHERE r.t > 0");
	enum parlor_err err = old_tables_number(t, &sql, first_us);
	sql_fini(&sql);
	return err;
}
