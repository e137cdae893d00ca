/* The tables of a desk in a database, by the names they had, and questions about them:
 * where they stand, and how their times are read. Knows no table itself. */
#ifndef OLD_TABLES_H
#define OLD_TABLES_H

#include "db/db.h"

#define OLD_TABLES_WHY_MAX 512
#define OLD_TABLES_MAX 12

struct old_table {
	const char *name;
	bool optional;
};

struct old_tables {
	struct db *db; /* open, with or without a database chosen */
	const char *schema;
	const char *zone;              /* "+08:00": of DATETIME columns; NULL: UTC */
	const struct old_table *names; /* ends with a name of NULL */

	bool there[OLD_TABLES_MAX], aside[OLD_TABLES_MAX];
	struct buf zoned; /* " table.column": those that know their zone */
};

/* Where they are: as they were, or where an earlier attempt has put them. CONFIG or a
 * failure of the database, in words in why. */
enum parlor_err old_tables_find(struct old_tables *, char *why) PARLOR_MUST_CHECK;
void old_tables_fini(struct old_tables *);
bool old_tables_has(const struct old_tables *, const char *name);

/* Appends a text: {users} becomes that table, {@users u.created_at} that column's time in
 * microseconds since 1970, NULL where it is none. */
void old_tables_put(const struct old_tables *, struct sql *, const char *text);
/* Rows of all of them; to see that nobody writes. */
enum parlor_err old_tables_count(const struct old_tables *, uint64_t *rows) PARLOR_MUST_CHECK;
/* The number that a question has for an answer; 0: none. */
enum parlor_err old_tables_number(const struct old_tables *, const struct sql *,
				  uint64_t *) PARLOR_MUST_CHECK;
/* The time t of the first of the rows r that `put` selects from, as `select` has it. */
enum parlor_err old_tables_begin(const struct old_tables *, const char *select,
				 void (*put)(const struct old_tables *, struct sql *),
				 uint64_t *first_us) PARLOR_MUST_CHECK;

#endif
