/* A multi-row INSERT in the making: one statement as long as the rows fit the
 * server's packet, and then another. Owns the text; the table's columns are the
 * caller's. */
#ifndef WORKER_ROWS_H
#define WORKER_ROWS_H

#include "db.h"

struct rows {
	struct db *db;
	struct sql sql;   /* the statement */
	struct sql row;   /* the row being added */
	const char *head; /* "INSERT INTO t (a, b) VALUES " */
	const char *tail; /* " ON DUPLICATE KEY UPDATE ..." */
	enum parlor_err err;
};

/* head and tail are borrowed. */
void rows_init(struct rows *, struct db *, const char *head, const char *tail);
/* Adds a row "(?, ?)". After a failure nothing more is sent. */
#define rows_add(rows, text, ...)                           \
	do {                                                \
		sql_put(&(rows)->row, (text), __VA_ARGS__); \
		rows_added(rows);                           \
	} while (0)
void rows_added(struct rows *);
/* Sends what is left and frees. The first error of all statements. */
enum parlor_err rows_finish(struct rows *) PARLOR_MUST_CHECK;

#endif
