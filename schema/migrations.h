/* The migrations of this build, generated from schema/NNNN_*.sql: numbered
 * from 1 without a gap, in order. Only texts; worker/migrate.c applies them. */
#ifndef SCHEMA_MIGRATIONS_H
#define SCHEMA_MIGRATIONS_H

struct migration {
	unsigned version;
	const char *name;
	const char *sql; /* statements, each ending with a semicolon at a line's end */
};

extern const struct migration migrations[];
extern const unsigned migrations_len; /* also the newest version */

#endif
