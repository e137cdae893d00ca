/* One connection to the database: opens it with the session that everything
 * here relies on (db_session.c), runs statements, sorts the server's errors into
 * the classes of include/parlor/error.h (DB_*). Knows no table. db_mysql.c is
 * the only file that includes mysql.h.
 *
 * Session: utf8mb4, strict mode, UTC, READ COMMITTED, autocommit, and an
 * UPDATE reports the rows it matched, not the rows it altered: the fence on
 * sync_mark needs to know that its row was there. One that the server or a
 * proxy makes otherwise is not used.
 *
 * Classes: DB_AWAY (connection gone or server unwilling: closed, open again),
 * DB_RETRY (deadlock, lock timeout: roll back and try again), DB_UNKNOWN
 * (connection lost at COMMIT), DB_TOO_LARGE (statement or transaction),
 * DB_DATA (this row will never fit), DB_SCHEMA (table, column, database or
 * privilege missing, or not as it should be), DB_SESSION (not the session that
 * was asked for: closed), DB (anything else). */
#ifndef WORKER_DB_H
#define WORKER_DB_H

#include "base/buf.h"
#include "base/err.h"
#include "db/sql.h"
#include "db/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

/* url is borrowed. timeout_s: how long one answer of the server may take. */
struct db *db_new(const struct url *url, unsigned timeout_s);
void db_free(struct db *);

/* Before the process ends, behind the last db_free: gives back what the
 * library keeps. */
void db_end(void);

/* Nothing to do when it is open. */
enum parlor_err db_open(struct db *) PARLOR_MUST_CHECK;
/* As db_open, but chooses no database. */
enum parlor_err db_open_server(struct db *) PARLOR_MUST_CHECK;
void db_close(struct db *);
bool db_is_open(const struct db *);
/* Of the last failure: the server's number and words. Never NULL. */
const char *db_error(const struct db *);
/* Whether the last failure will not pass by waiting: wrong password or no
 * right to the database. */
bool db_refused(const struct db *);
const char *db_database(const struct db *);

/* How long a statement should be at most: half of the server's
 * max_allowed_packet, 1 MiB at most. */
size_t db_statement_max(const struct db *);
/* After DB_TOO_LARGE: statements half as long from now on, also for later
 * connections. False when they are as short as they may be. */
bool db_statement_halve(struct db *);

/* One statement without a result. matched may be NULL. */
enum parlor_err db_run(struct db *, const struct sql *, uint64_t *matched) PARLOR_MUST_CHECK;
enum parlor_err db_run_text(struct db *, const char *text) PARLOR_MUST_CHECK;
/* As db_run, for a text that comes again and again: the server parses it once a
 * connection, and the values (no SQL_NAME) travel beside it. A server that
 * keeps no such statements is sent the text with the values in it. */
enum parlor_err db_run_prepared(struct db *, const char *text, const struct sql_value *, size_t n,
				uint64_t *matched) PARLOR_MUST_CHECK;

/* The cells of one row, each followed by a NUL; SQL's NULL has data NULL. They
 * live during the call only, which must not use the db. */
typedef void db_row_fn(void *arg, const struct span *cells, unsigned n);
enum parlor_err db_select(struct db *, const struct sql *, db_row_fn *,
			  void *arg) PARLOR_MUST_CHECK;

enum parlor_err db_begin(struct db *) PARLOR_MUST_CHECK;
enum parlor_err db_commit(struct db *) PARLOR_MUST_CHECK;
/* After any failure inside a transaction. Closes the connection if it cannot
 * be sure that the server has rolled back. */
void db_rollback(struct db *);

/* Writes text escaped for quotes into `to` (2 * len + 1 bytes); its length.
 * Nothing while the connection is closed: no statement can run then. */
size_t db_escape(const struct db *, char *to, const char *text, size_t len);

/* Numbers of a row. */
uint64_t db_cell_number(struct span cell);

#endif
