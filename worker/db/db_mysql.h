/* What db_session.c needs of db_mysql.c beside db.h, and nobody else: a bare
 * connection, and words about it. */
#ifndef WORKER_DB_MYSQL_H
#define WORKER_DB_MYSQL_H

#include "db/db.h"

#define DB_CHARSET "utf8mb4"

/* To a closed db; NULL chooses no database. The character set is asked for, the
 * rest of the session is the server's. */
enum parlor_err db_connect(struct db *, const char *database) PARLOR_MUST_CHECK;
unsigned db_timeout_s(const struct db *);
/* For which character set db_escape escapes. */
const char *db_charset(const struct db *);
/* The server's max_allowed_packet. */
void db_packet_max_is(struct db *, uint64_t bytes);
/* Closes; db_error says why. DB_SESSION. */
enum parlor_err db_refuse_session(struct db *, const char *why) PARLOR_MUST_CHECK;

#endif
