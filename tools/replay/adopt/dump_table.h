/* A table as a file of a directory: NAME.ndjson, an object a line, or NAME.csv, with a line
 * of names first, as PostgreSQL writes them. Rows are read one behind the other, or again
 * from where one begins. Owns the open file and one row; knows no table. */
#ifndef DUMP_TABLE_H
#define DUMP_TABLE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DUMP_COLUMNS_MAX 24
#define DUMP_ROW_BYTES_MAX ((size_t)1 << 20)
#define DUMP_WHY_MAX 512

struct dump_table;
struct dump_row {
	struct span cells[DUMP_COLUMNS_MAX]; /* each with a NUL behind it; NULL: data NULL */
	uint64_t offset, line;               /* where it begins */
	bool bad;                            /* no row, or too long */
};

/* columns: those that are asked for, ends with NULL; one that is not there is NULL in every
 * row. NOT_FOUND: there is no such file. why: of DUMP_WHY_MAX bytes. */
enum parlor_err dump_table_open(struct dump_table **, const char *dir, const char *name,
				const char *const *columns, char *why) PARLOR_MUST_CHECK;
void dump_table_close(struct dump_table *);

/* The cells live until the next call. NOT_FOUND: it was the last. */
enum parlor_err dump_table_next(struct dump_table *, struct dump_row *) PARLOR_MUST_CHECK;
/* The next one is that one. */
enum parlor_err dump_table_seek(struct dump_table *, uint64_t offset,
				uint64_t line) PARLOR_MUST_CHECK;

/* 2019-08-26 10:11:12.5+08, as PostgreSQL writes times; without a zone UTC. Microseconds
 * since 1970; 0: none. */
uint64_t dump_time(struct span cell);

#endif
