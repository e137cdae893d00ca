/* Text of SQL statements. `?` in a text is replaced by the next value, so that
 * no value ever becomes SQL. Knows how values are written: numbers,
 * quoted text, UTC times. Quoting is the database library's; running the
 * statement is db.h's. */
#ifndef WORKER_SQL_H
#define WORKER_SQL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sql_kind { SQL_NUMBER, SQL_TEXT, SQL_TIME, SQL_NAME };

struct sql_value {
	enum sql_kind kind;
	uint64_t number;
	const char *text;
};

static inline struct sql_value sql_u(uint64_t number)
{
	return (struct sql_value){SQL_NUMBER, number, NULL};
}
/* NULL is SQL's NULL. */
static inline struct sql_value sql_t(const char *text)
{
	return (struct sql_value){SQL_TEXT, 0, text};
}
/* Microseconds since 1970, UTC; what is later than a DATETIME can be is its last. */
#define SQL_TIME_MAX_US 253402300799999999 /* 9999-12-31 23:59:59.999999 */
static inline struct sql_value sql_time(uint64_t us)
{
	return (struct sql_value){SQL_TIME, us < SQL_TIME_MAX_US ? us : SQL_TIME_MAX_US, NULL};
}
/* An identifier, in backquotes. */
static inline struct sql_value sql_name(const char *name)
{
	return (struct sql_value){SQL_NAME, 0, name};
}

struct db;

/* A statement in the making. db tells how text is quoted. */
struct sql {
	const struct db *db;
	struct buf text;
};

void sql_init(struct sql *, const struct db *);
void sql_fini(struct sql *);
void sql_clear(struct sql *);

void sql_put_values(struct sql *, const char *text, const struct sql_value *, size_t n);

/* Appends; as many values as there are `?` in the text. */
#define sql_put(sql, text, ...)                                                \
	sql_put_values((sql), (text), (const struct sql_value[]){__VA_ARGS__}, \
		       sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value))
void sql_put_text(struct sql *, const char *text); /* as it is */

#endif
