/* The database of a command that works on one: its URL read, a connection open.
 * Says on stderr what is wrong. */
#ifndef SOURCE_H
#define SOURCE_H

#include "db.h"
#include "options.h"

struct source {
	struct url url;
	struct db *db;
};

/* A URL that is missing or no URL is a misuse of the command and ends the program.
 * False: it cannot be reached; nothing is open then. */
bool source_open(struct source *, const struct options_command *, const char *mysql);
/* The same with no database chosen, which need not be there. */
bool source_open_server(struct source *, const struct options_command *, const char *mysql);
void source_close(struct source *);

#endif
