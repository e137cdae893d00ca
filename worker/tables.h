/* How the tables must be for what is written there to be right: which keys they
 * have, and that texts in them are compared byte by byte. A second unique key,
 * or one that takes two ids for the same, would have a row written over another
 * without an error. Looks, and changes nothing. */
#ifndef WORKER_TABLES_H
#define WORKER_TABLES_H

#include "db/db.h"

#define TABLES_WHY_MAX 400

/* Whether the server has a collation that they can be made with. DB_SCHEMA and
 * in `why` (TABLES_WHY_MAX bytes) what is wrong; empty when the database could
 * not be asked. */
enum parlor_err tables_possible(struct db *, char *why) PARLOR_MUST_CHECK;

/* ('room', ...): the tables and views that migrations behind that version make, those
 * that yield aside. */
void tables_put_names(struct sql *, uint64_t version);
/* Those that yield, of that one migration. False: there is none. */
bool tables_put_yielding(struct sql *, uint64_t version);

/* Of the database in use; as above, with table, key and column. */
enum parlor_err tables_check(struct db *, char *why) PARLOR_MUST_CHECK;

#endif
