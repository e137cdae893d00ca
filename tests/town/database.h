/* The database of a town: the tables of schema/ in SQLite, in memory, behind
 * worker/db.h, with the failures that a server has. Its text of SQL is the
 * worker's own, put into SQLite's words. One worker runs a transaction at a
 * time, so there is one connection below; what it does not show is two
 * transactions waiting for each other's locks. */
#ifndef TOWN_DATABASE_H
#define TOWN_DATABASE_H

#include "chance.h"
#include "db/db.h"

#include <sqlite3.h>

/* Of 1000 statements, or commits. */
struct trouble {
	unsigned retry;     /* deadlock or lock timeout: rolled back */
	unsigned away;      /* the connection is cut */
	unsigned large;     /* the statement is refused as too large */
	unsigned commit;    /* deadlock at COMMIT, as clusters have it */
	unsigned uncertain; /* the connection is cut at COMMIT: done or not */
};

struct database {
	struct chance *chance;
	sqlite3 *sqlite;
	struct known *known; /* statements that come again and again */
	struct trouble trouble;
	bool calm;          /* no trouble any more */
	bool lose_commit;   /* all the same, the connection is cut at the next COMMIT, not done */
	bool down;          /* the server is stopped */
	const char *poison; /* text of messages that it refuses, NULL: none */
	unsigned char *dump;
	sqlite3_int64 dump_len;
	uint64_t changes; /* transactions committed, and restores */
	struct {
		uint64_t commits, retries, cuts, uncertain, large, refused, restores;
	} counts;
};

void database_init(struct database *, struct chance *);
void database_fini(struct database *);
/* Empty, and calm. */
void database_clear(struct database *);
void database_dump(struct database *);
/* What the last dump has; nothing without one. */
void database_restore(struct database *);

/* The rows of a text without values. */
void database_ask(struct database *, const char *text, db_row_fn *, void *arg);

/* A connection, closed at first. */
struct db *db_to(struct database *);

#endif
