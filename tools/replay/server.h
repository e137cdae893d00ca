/* The database of a command that works on one: its URL read, a connection open.
 * Says on stderr what is wrong. */
#ifndef SERVER_H
#define SERVER_H

#include "db/db.h"
#include "options.h"

struct server {
	struct url url;
	struct db *db;
};

/* A URL that is missing or no URL is a misuse of the command and ends the program.
 * False: it cannot be reached; nothing is open then. */
bool server_open(struct server *, const struct options_command *, const char *mysql);
/* The same with no database chosen, which need not be there. */
bool server_open_bare(struct server *, const struct options_command *, const char *mysql);
void server_close(struct server *);

#endif
