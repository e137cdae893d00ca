/* The session that everything here relies on: sets it on each new connection,
 * reads back what the server made of it, and gives up a connection that is
 * otherwise. A server may pass over what the handshake asks for, a proxy over
 * the statements behind it; texts would be stored as others, and what is quoted
 * for one character set or sql_mode is SQL in another. Knows no table. */
#include "db/db_mysql.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define WHY_MAX 400
#define SQL_MODE                                                            \
	"STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO," \
	"NO_ENGINE_SUBSTITUTION"
#define TIME_ZONE "+00:00"

static const char *const settings[] = {
	"SET SESSION sql_mode = '" SQL_MODE "'",
	"SET SESSION time_zone = '" TIME_ZONE "'",
	"SET SESSION autocommit = 1",
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

/* ---- what must be so ------------------------------------------------------- */

static bool is(struct span found, const char *wanted)
{
	return found.len == strlen(wanted) && memcmp(found.data, wanted, found.len) == 0;
}

static bool begins_with(struct span found, const char *wanted)
{
	return found.len >= strlen(wanted) && memcmp(found.data, wanted, strlen(wanted)) == 0;
}

/* The same words between commas in any order; no word stands twice. */
static bool same_words(struct span found, const char *wanted)
{
	const char *end = (const char *)found.data + found.len;
	if (found.len != strlen(wanted))
		return false;
	for (const char *word = found.data; word < end;) {
		size_t len = strcspn(word, ",");
		const char *in = wanted;
		while (*in && (strcspn(in, ",") != len || memcmp(in, word, len) != 0)) {
			in += strcspn(in, ",");
			in += *in == ',';
		}
		if (!*in)
			return false;
		word += len + 1;
	}
	return true;
}

static const struct variable {
	const char *name;
	bool (*fits)(struct span found, const char *wanted);
	const char *wanted;
} variables[] = {
	{"character_set_client", is, DB_CHARSET},
	{"character_set_connection", is, DB_CHARSET},
	{"character_set_results", is, DB_CHARSET},
	{"collation_connection", begins_with, DB_CHARSET "_"},
	{"sql_mode", same_words, SQL_MODE},
	{"time_zone", is, TIME_ZONE},
	{"autocommit", is, "1"},
};
#define VARIABLES (sizeof variables / sizeof variables[0])

struct reading {
	bool any;
	uint64_t packet_max;
	char why[WHY_MAX]; /* empty: all is as it must be */
};

static void take_variables(void *arg, const struct span *cells, unsigned n)
{
	struct reading *r = arg;
	assert(n == VARIABLES + 1);
	r->any = true;
	for (size_t i = 0; i < VARIABLES && !r->why[0]; i++) {
		struct span found = cells[i].data ? cells[i] : (struct span){"NULL", 4};
		if (!variables[i].fits(found, variables[i].wanted))
			snprintf(r->why, sizeof r->why,
				 "the server or a proxy keeps %s at %.*s, %s%s is needed",
				 variables[i].name, (int)found.len, (const char *)found.data,
				 variables[i].wanted,
				 variables[i].fits == begins_with ? "..." : "");
	}
	r->packet_max = db_cell_number(cells[VARIABLES]);
}

/* ---- setting and reading --------------------------------------------------- */

static enum parlor_err set_session(struct db *db)
{
	struct sql sql;
	unsigned timeout_s = db_timeout_s(db);
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && i < sizeof settings / sizeof settings[0]; i++)
		err = db_run_text(db, settings[i]);
	if (err)
		return err;
	sql_init(&sql, db);
	/* Who waits for a lock hears of it before the connection is given up. */
	sql_put(&sql, "SET SESSION innodb_lock_wait_timeout = ?",
		sql_u(timeout_s > 1 ? timeout_s / 2 : 1));
	err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

static enum parlor_err read_session(struct db *db, struct reading *r)
{
	struct sql sql;
	sql_init(&sql, db);
	for (size_t i = 0; i < VARIABLES; i++) {
		sql_put_text(&sql, i ? ", @@" : "SELECT @@");
		sql_put_text(&sql, variables[i].name);
	}
	sql_put_text(&sql, ", @@max_allowed_packet");
	enum parlor_err err = db_select(db, &sql, take_variables, r);
	sql_fini(&sql);
	return err;
}

static enum parlor_err begin_session(struct db *db)
{
	struct reading r = {.any = false};
	enum parlor_err err = set_session(db);
	if (!err)
		err = read_session(db, &r);
	if (err)
		return err;
	if (!r.any)
		snprintf(r.why, sizeof r.why, "the server does not say how the session is set");
	/* The library follows what servers tell it, true or not. */
	else if (!r.why[0] && strcmp(db_charset(db), DB_CHARSET) != 0)
		snprintf(r.why, sizeof r.why, "the server told the library to quote for %.64s",
			 db_charset(db));
	if (r.why[0])
		return db_refuse_session(db, r.why);
	db_packet_max_is(db, r.packet_max);
	return PARLOR_E_OK;
}

static enum parlor_err open_database(struct db *db, const char *database)
{
	if (db_is_open(db))
		return PARLOR_E_OK;
	enum parlor_err err = db_connect(db, database);
	if (!err)
		err = begin_session(db);
	if (err)
		db_close(db);
	return err;
}

enum parlor_err db_open(struct db *db)
{
	return open_database(db, db_database(db));
}

enum parlor_err db_open_server(struct db *db)
{
	return open_database(db, NULL);
}
