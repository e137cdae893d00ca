#include "db/upsert.h"

#include <assert.h>
#include <string.h>

static void put(struct buf *text, const char *piece)
{
	buf_put(text, piece, strlen(piece));
}

static void put_name(struct buf *text, const char *before, const char *name, const char *after)
{
	put(text, before);
	put(text, "`");
	put(text, name);
	put(text, "`");
	put(text, after);
}

static void put_update(struct buf *text, const struct upsert_column *c)
{
	static const char *const of_two[] = {[UPSERT_GREATEST] = "GREATEST(VALUES(",
					     [UPSERT_LEAST] = "LEAST(VALUES(",
					     [UPSERT_IF_TOLD] = "COALESCE(VALUES("};
	put_name(text, "", c->name, " = ");
	if (c->kind == UPSERT_SET) {
		put_name(text, "VALUES(", c->name, ")");
	} else {
		put_name(text, of_two[c->kind], c->name, "), ");
		put_name(text, "", c->name, ")");
	}
}

void upsert_init(struct upsert *u, struct db *db, const char *table,
		 const struct upsert_column *columns, size_t n)
{
	bool updates = false;
	assert(n <= ROW_VALUES_MAX);
	u->head = u->row = u->tail = (struct buf){0};
	u->width = n;
	put_name(&u->head, "INSERT INTO ", table, " ");
	for (size_t i = 0; i < n; i++) {
		put_name(&u->head, i ? ", " : "(", columns[i].name, "");
		put(&u->row, i ? ", ?" : "(?");
		if (columns[i].kind == UPSERT_ONCE)
			continue;
		put(&u->tail, updates ? ", " : " ON DUPLICATE KEY UPDATE ");
		put_update(&u->tail, &columns[i]);
		updates = true;
	}
	put(&u->head, ") VALUES ");
	put(&u->row, ")");
	buf_put_u8(&u->head, 0);
	buf_put_u8(&u->row, 0);
	buf_put_u8(&u->tail, 0);
	rows_init(&u->rows, db, (const char *)u->head.data, (const char *)u->row.data,
		  (const char *)u->tail.data);
}

void upsert_put(struct upsert *u, const struct sql_value *values)
{
	rows_put(&u->rows, values, u->width);
}

enum parlor_err upsert_finish(struct upsert *u)
{
	enum parlor_err err = rows_finish(&u->rows);
	buf_fini(&u->head);
	buf_fini(&u->row);
	buf_fini(&u->tail);
	return err;
}
