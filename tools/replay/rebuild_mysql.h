/* The tables anew from a journal: takes the rows of its rooms out of the database
 * and sets its marks to the beginning, in one transaction; workers do the rest.
 * Owns nothing of how rows are written. */
#ifndef REBUILD_MYSQL_H
#define REBUILD_MYSQL_H

#include "db/db.h"

struct rebuild_mysql {
	struct db *db; /* open */
	const char *dir;
	bool force, json;
};

/* Returns an exit status. */
int rebuild_mysql(const struct rebuild_mysql *);

#endif
