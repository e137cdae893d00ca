/* The version of the database's schema: checks it, and brings it up to this
 * build's by the migrations of schema/, in order, under a lock so that several
 * may try at once. Never goes back a version. */
#ifndef WORKER_MIGRATE_H
#define WORKER_MIGRATE_H

#include "db/db.h"

#define MIGRATE_WHY_MAX 400

/* Creates the database if it is missing and that is allowed; opens db. In
 * `why` (MIGRATE_WHY_MAX bytes) what was done, or what is wrong: DB_VERSION when
 * the database is newer than this build, DB_SCHEMA when it holds tables of
 * these names that Parlor did not make, or that are not as tables.h wants them.
 * Safe to call again after any failure. */
enum parlor_err migrate_apply(struct db *, char *why) PARLOR_MUST_CHECK;

/* OK when the database has exactly this build's version and its tables are as
 * tables.h wants them, else DB_SCHEMA, and DB_VERSION when it is newer. */
enum parlor_err migrate_check(struct db *, char *why) PARLOR_MUST_CHECK;

#endif
