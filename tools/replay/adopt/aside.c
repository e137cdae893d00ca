#include "adopt/aside.h"

#include "tables.h"

#include <stdio.h>

#define NAME_MAX_BYTES 64

struct renaming {
	struct sql sql;
	const char *schema;
	unsigned len;
};

static void rename_row(void *arg, const struct span *cells, unsigned n)
{
	struct renaming *r = arg;
	char aside[NAME_MAX_BYTES + sizeof ASIDE_SUFFIX];
	(void)n;
	snprintf(aside, sizeof aside, "%s%s", (const char *)cells[0].data, ASIDE_SUFFIX);
	sql_put_text(&r->sql, r->len++ ? ", " : "RENAME TABLE ");
	sql_put(&r->sql, "?.? TO ?.?", sql_name(r->schema), sql_name(cells[0].data),
		sql_name(r->schema), sql_name(aside));
}

enum parlor_err aside_move(struct db *db, const char *schema, const char *const *more)
{
	struct renaming r = {.schema = schema};
	struct sql sql;
	sql_init(&sql, db);
	sql_init(&r.sql, db);
	sql_put(&sql,
		"SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND "
		"(table_name IN ",
		sql_t(schema));
	tables_put_names(&sql, 0);
	for (; more && *more; more++)
		sql_put(&sql, " OR (table_type = 'BASE TABLE' AND table_name = ?)", sql_t(*more));
	sql_put_text(&sql, ") ORDER BY table_name");
	enum parlor_err err = db_select(db, &sql, rename_row, &r);
	if (!err && r.len)
		err = db_run(db, &r.sql, NULL);
	sql_fini(&sql);
	sql_fini(&r.sql);
	return err;
}
