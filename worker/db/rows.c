#include "db/rows.h"

#include <assert.h>
#include <string.h>

/* Of a number or a time; beside its text, of a text. */
#define VALUE_BYTES 12

void rows_init(struct rows *rows, struct db *db, const char *head, const char *row,
	       const char *tail)
{
	rows->db = db;
	rows->head = head;
	rows->row = row;
	rows->tail = tail;
	rows->text = (struct buf){0};
	rows->width = rows->len = rows->bytes = 0;
	rows->err = PARLOR_E_OK;
}

static void put_text(struct buf *text, const char *piece)
{
	buf_put(text, piece, strlen(piece));
}

/* head row, row tail, with its NUL. */
static void write_statement(struct rows *rows, size_t n)
{
	buf_clear(&rows->text);
	put_text(&rows->text, rows->head);
	for (size_t i = 0; i < n; i++) {
		put_text(&rows->text, i ? ", " : "");
		put_text(&rows->text, rows->row);
	}
	put_text(&rows->text, rows->tail);
	buf_put_u8(&rows->text, 0);
}

_Static_assert(ROW_VALUES_MAX <= ROWS_VALUES_MAX, "a row fits");

/* In powers of two: a statement of each is all that the server has to know. */
static void send_rows(struct rows *rows)
{
	for (size_t done = 0, n = ROWS_MAX; done < rows->len && !rows->err;) {
		while (n > rows->len - done)
			n /= 2;
		write_statement(rows, n);
		rows->err =
			db_run_prepared(rows->db, (const char *)rows->text.data,
					rows->values + done * rows->width, n * rows->width, NULL);
		done += n;
	}
	rows->len = rows->bytes = 0;
}

void rows_put(struct rows *rows, const struct sql_value *values, size_t n)
{
	size_t bytes = 0;
	assert(n <= ROW_VALUES_MAX && (rows->len == 0 || rows->width == n));
	for (size_t i = 0; i < n; i++)
		bytes += VALUE_BYTES + (values[i].text ? strlen(values[i].text) : 0);
	if (rows->len == ROWS_MAX || (rows->len + 1) * n > ROWS_VALUES_MAX ||
	    (rows->len && rows->bytes + bytes > db_statement_max(rows->db)))
		send_rows(rows);
	rows->width = n;
	memcpy(rows->values + rows->len++ * n, values, n * sizeof *values);
	rows->bytes += bytes;
}

enum parlor_err rows_finish(struct rows *rows)
{
	send_rows(rows);
	buf_fini(&rows->text);
	return rows->err;
}
