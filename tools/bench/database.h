/* A private MariaDB of a rig: installed into its directory, started without
 * network unless a port is given, asked over a unix socket. Owns the server and one connection for
 * questions. */
#ifndef BENCH_DATABASE_H
#define BENCH_DATABASE_H

#include "rig.h"

#include <stdint.h>

struct st_mysql;

struct database {
	struct process *server;
	struct st_mysql *connection;
	char socket[RIG_PATH_MAX];
	char url[RIG_PATH_MAX + 64]; /* for parlor-worker */
};

/* Installs, starts, waits until it answers. Port: of 127.0.0.1, besides the
 * socket; 0: none. */
void database_open(struct database *, struct rig *, uint16_t port);
void database_close(struct database *); /* the connection; the rig stops the server */
/* Parlor's tables, made by parlor-worker --migrate. */
void database_migrate(struct database *, struct rig *);

/* One more connection, for the caller to close; and its socket. */
struct st_mysql *database_connect(const struct database *);
int database_descriptor(struct st_mysql *);

void database_run(struct database *, const char *sql);
/* The first cell of a query's first row; 0 when it is NULL. */
uint64_t database_number(struct database *, const char *sql);
/* Each row's cells as texts. */
typedef void database_row_fn(void *ctx, char **cells);
void database_each(struct database *, const char *sql, database_row_fn *, void *ctx);

#endif
