/* A multi-row INSERT in the making: rows are gathered until they are as many as
 * one statement takes or as long as the server's packet, then sent. Statements
 * come in few lengths, so that the server has each prepared (db.h). The table's
 * columns are the caller's. */
#ifndef WORKER_ROWS_H
#define WORKER_ROWS_H

#include "db/db.h"

/* Longer statements save no more, and cost memory in the server. */
#define ROWS_MAX 64
#define ROWS_VALUES_MAX 1024
#define ROW_VALUES_MAX 64

struct rows {
	struct db *db;
	const char *head; /* "INSERT INTO t (a, b) VALUES " */
	const char *row;  /* "(?, ?)" */
	const char *tail; /* " ON DUPLICATE KEY UPDATE ..." */
	struct buf text;  /* scratch */
	size_t width;     /* values of a row */
	size_t len;       /* rows gathered */
	size_t bytes;
	enum parlor_err err;
	struct sql_value values[ROWS_VALUES_MAX];
};

/* head, row and tail are borrowed. */
void rows_init(struct rows *, struct db *, const char *head, const char *row, const char *tail);
/* Adds a row: as many values as there are `?` in it. Texts are borrowed until
 * rows_finish. After a failure nothing more is sent. */
#define rows_add(rows, ...)                                       \
	rows_put((rows), (const struct sql_value[]){__VA_ARGS__}, \
		 sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value))
void rows_put(struct rows *, const struct sql_value *, size_t n);
/* Sends what is left and frees. The first error of all statements. */
enum parlor_err rows_finish(struct rows *) PARLOR_MUST_CHECK;

#endif
