#include "rows.h"

#include <string.h>

void rows_init(struct rows *rows, struct db *db, const char *head, const char *tail)
{
	*rows = (struct rows){.db = db, .head = head, .tail = tail};
	sql_init(&rows->sql, db);
	sql_init(&rows->row, db);
}

static void send_statement(struct rows *rows)
{
	if (rows->sql.text.len == 0)
		return;
	sql_put_text(&rows->sql, rows->tail);
	if (!rows->err)
		rows->err = db_run(rows->db, &rows->sql, NULL);
	sql_clear(&rows->sql);
}

void rows_added(struct rows *rows)
{
	size_t len = rows->sql.text.len + rows->row.text.len + strlen(rows->tail);
	if (len > db_statement_max(rows->db))
		send_statement(rows);
	sql_put_text(&rows->sql, rows->sql.text.len ? ", " : rows->head);
	buf_put(&rows->sql.text, rows->row.text.data, rows->row.text.len);
	sql_clear(&rows->row);
}

enum parlor_err rows_finish(struct rows *rows)
{
	send_statement(rows);
	sql_fini(&rows->sql);
	sql_fini(&rows->row);
	return rows->err;
}
