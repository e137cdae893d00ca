#include "left_out.h"

#include "base/log.h"
#include "tables.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void there_row(void *arg, const struct span *cells, unsigned n)
{
	struct left_out *left = arg;
	(void)n;
	size_t room = sizeof left->names - left->len;
	int more = snprintf(left->names + left->len, room, "%s%.*s ", left->len ? "" : " ",
			    (int)cells[0].len, (const char *)cells[0].data);
	assert(more > 0 && (size_t)more < room);
	left->len += (size_t)more;
	log_warn("schema: the database has %.*s already: the view of that name is left out "
		 "(schema/README.md)",
		 (int)cells[0].len, (const char *)cells[0].data);
}

static void kept_row(void *arg, const struct span *cells, unsigned n)
{
	struct left_out *left = arg;
	(void)n;
	if (!cells[0].data || cells[0].len >= sizeof left->names)
		return;
	memcpy(left->names, cells[0].data, cells[0].len);
	left->len = cells[0].len;
}

enum parlor_err left_out_find(struct db *db, unsigned version, bool began, struct left_out *left)
{
	struct sql sql;
	enum parlor_err err = PARLOR_E_OK;
	*left = (struct left_out){0};
	sql_init(&sql, db);
	sql_put_text(&sql, "SELECT table_name FROM information_schema.tables "
			   "WHERE table_schema = DATABASE() AND table_name IN ");
	bool yields = tables_put_yielding(&sql, version);
	sql_put_text(&sql, " ORDER BY table_name");
	if (yields && !began)
		err = db_select(db, &sql, there_row, left);
	sql_clear(&sql);
	sql_put(&sql, "SELECT left_out FROM schema_version WHERE version = ?", sql_u(version));
	if (yields && began)
		err = db_select(db, &sql, kept_row, left);
	sql_fini(&sql);
	return err;
}

enum parlor_err left_out_write(struct db *db, unsigned version, const struct left_out *left)
{
	struct sql sql;
	if (!left->len)
		return PARLOR_E_OK;
	sql_init(&sql, db);
	sql_put(&sql, "UPDATE schema_version SET left_out = ? WHERE version = ?",
		sql_t(left->names), sql_u(version));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

/* CREATE ... VIEW name AS */
bool left_out_has(const struct left_out *left, const char *statement)
{
	static const char view[] = " VIEW ";
	char name[LEFT_OUT_MAX];
	const char *create = strstr(statement, "CREATE ");
	const char *at = create ? strstr(create, view) : NULL;
	if (!at || !left->len)
		return false;
	at += strlen(view);
	snprintf(name, sizeof name, " %.*s ", (int)strcspn(at, " \n"), at);
	return strstr(left->names, name);
}
