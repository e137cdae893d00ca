#include "migrate.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "left_out.h"
#include "migrations.h"
#include "tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_WAIT_S 60
#define LOCK_NAME_MAX 64 /* what servers take */
#define UNKNOWN_DATABASE "1049 "
#define UNKNOWN_TABLE "1146 "
#define COLUMN_IS_THERE "1060 "

/* applied_at is NULL while a migration is under way: what it has made so far is
 * ours, and running it again completes it. */
static const char version_table[] = "CREATE TABLE IF NOT EXISTS schema_version ("
				    " version INT NOT NULL PRIMARY KEY, name VARCHAR(64) NOT NULL,"
				    " started_at DATETIME(6) NOT NULL, applied_at DATETIME(6) NULL"
				    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";

struct versions {
	uint64_t newest; /* any row, also one under way */
	uint64_t done;   /* applied */
};

static void versions_row(void *arg, const struct span *cells, unsigned n)
{
	struct versions *v = arg;
	(void)n;
	v->newest = db_cell_number(cells[0]);
	v->done = db_cell_number(cells[1]);
}

static bool error_is(const struct db *db, const char *number)
{
	return strncmp(db_error(db), number, strlen(number)) == 0;
}

/* Zeroes when there is no such table. */
static enum parlor_err read_versions(struct db *db, struct versions *v)
{
	*v = (struct versions){0};
	struct sql sql;
	sql_init(&sql, db);
	sql_put_text(&sql, "SELECT MAX(version), MAX(IF(applied_at IS NULL, 0, version)) "
			   "FROM schema_version");
	enum parlor_err err = db_select(db, &sql, versions_row, v);
	sql_fini(&sql);
	return err == PARLOR_E_DB_SCHEMA && error_is(db, UNKNOWN_TABLE) ? PARLOR_E_OK : err;
}

static enum parlor_err judge(const struct db *db, const struct versions *v, char *why)
{
	if (v->newest <= migrations_len)
		return PARLOR_E_OK;
	snprintf(why, MIGRATE_WHY_MAX,
		 "database %s has schema version %u, this build knows versions up to %u: "
		 "use a newer parlor-worker",
		 db_database(db), (unsigned)v->newest, migrations_len);
	return PARLOR_E_DB_VERSION;
}

_Static_assert(TABLES_WHY_MAX <= MIGRATE_WHY_MAX, "what tables.c says has room");

enum parlor_err migrate_check(struct db *db, char *why)
{
	struct versions v;
	enum parlor_err err = read_versions(db, &v);
	if (err) {
		snprintf(why, MIGRATE_WHY_MAX, "%s", db_error(db));
		return err;
	}
	err = judge(db, &v, why);
	if (err)
		return err;
	if (v.done == migrations_len) {
		err = tables_check(db, why);
		if (err && !*why)
			snprintf(why, MIGRATE_WHY_MAX, "%s", db_error(db));
		return err;
	}
	snprintf(why, MIGRATE_WHY_MAX,
		 "database %s has schema version %u, %u is needed: run parlor-worker --migrate",
		 db_database(db), (unsigned)v.done, migrations_len);
	return PARLOR_E_DB_SCHEMA;
}

static enum parlor_err run_statement(struct db *db, const char *statement,
				     const struct left_out *left)
{
	if (left_out_has(left, statement))
		return PARLOR_E_OK;
	enum parlor_err err = db_run_text(db, statement);
	/* The column was added before the migration was cut short. */
	return err && error_is(db, COLUMN_IS_THERE) ? PARLOR_E_OK : err;
}

/* Runs the statements of a migration: each ends with ; at a line's end. */
static enum parlor_err run_script(struct db *db, const char *text, const struct left_out *left)
{
	enum parlor_err err = PARLOR_E_OK;
	while (!err && *text) {
		const char *end = strstr(text, ";\n");
		size_t len = end ? (size_t)(end - text) : strlen(text);
		if (strspn(text, " \t\n") < len) {
			char *statement = mem_text(text, len);
			err = run_statement(db, statement, left);
			free(statement);
			die_at("migration_statement");
		}
		text += end ? len + 2 : len;
	}
	return err;
}

/* One transaction: a migration that has begun knows what it leaves out. */
static enum parlor_err put_begun(struct db *db, const struct migration *m,
				 const struct left_out *left)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put(&sql,
		"INSERT INTO schema_version (version, name, started_at) VALUES (?, ?, ?) "
		"ON DUPLICATE KEY UPDATE version = VALUES(version)",
		sql_u(m->version), sql_t(m->name), sql_time(clock_wall_us()));
	enum parlor_err err = db_begin(db);
	if (!err)
		err = db_run(db, &sql, NULL);
	if (!err)
		err = left_out_write(db, m->version, left);
	if (!err)
		err = db_commit(db);
	if (err)
		db_rollback(db);
	sql_fini(&sql);
	return err;
}

static enum parlor_err put_version(struct db *db, const struct migration *m, bool began)
{
	struct sql sql;
	struct left_out left;
	enum parlor_err err = left_out_find(db, m->version, began, &left);
	if (!err)
		err = put_begun(db, m, &left);
	if (!err)
		err = run_script(db, m->sql, &left);
	if (err)
		return err;
	sql_init(&sql, db);
	sql_put(&sql, "UPDATE schema_version SET applied_at = ? WHERE version = ?",
		sql_time(clock_wall_us()), sql_u(m->version));
	err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

struct foreign {
	char *why;
	bool found;
};

static void foreign_row(void *arg, const struct span *cells, unsigned n)
{
	struct foreign *f = arg;
	(void)n;
	if (!f->found)
		snprintf(f->why, MIGRATE_WHY_MAX,
			 "the database has a table %.*s that Parlor did not make: give Parlor a "
			 "database of its own, or rename that table (schema/README.md)",
			 (int)cells[0].len, (const char *)cells[0].data);
	f->found = true;
}

/* What a migration that never began would make, and is there: it is somebody else's. */
static enum parlor_err refuse_foreign(struct db *db, const struct versions *v, char *why)
{
	struct foreign f = {.why = why};
	struct sql sql;
	sql_init(&sql, db);
	sql_put_text(&sql, "SELECT table_name FROM information_schema.tables "
			   "WHERE table_schema = DATABASE() AND table_name IN ");
	tables_put_names(&sql, v->newest);
	sql_put_text(&sql, " ORDER BY table_name");
	enum parlor_err err = db_select(db, &sql, foreign_row, &f);
	sql_fini(&sql);
	return !err && f.found ? PARLOR_E_DB_SCHEMA : err;
}

/* Under the lock. */
static enum parlor_err bring_up(struct db *db, char *why)
{
	struct versions v;
	enum parlor_err err = read_versions(db, &v);
	if (!err)
		err = judge(db, &v, why);
	if (!err)
		err = tables_possible(db, why);
	if (!err)
		err = refuse_foreign(db, &v, why);
	if (!err)
		err = db_run_text(db, version_table);
	for (uint64_t i = v.done; !err && i < migrations_len; i++) {
		err = put_version(db, &migrations[i], migrations[i].version <= v.newest);
		if (!err)
			log_info("schema: applied %s", migrations[i].name);
	}
	if (!err)
		err = tables_check(db, why);
	if (!err)
		snprintf(why, MIGRATE_WHY_MAX, "database %s is at schema version %u%s",
			 db_database(db), migrations_len,
			 v.done == migrations_len ? " already" : "");
	return err;
}

static void lock_row(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	*(bool *)arg = db_cell_number(cells[0]) == 1;
}

/* A lock's name is known to the whole server, and no longer than LOCK_NAME_MAX;
 * hashed here, as not every server has a function for it. */
static void name_lock(const struct db *db, char name[LOCK_NAME_MAX])
{
	const char *database = db_database(db);
	struct hash128 hash = hash128(database, strlen(database));
	snprintf(name, LOCK_NAME_MAX, "parlor_schema_%016" PRIx64 "%016" PRIx64, hash.high,
		 hash.low);
}

static enum parlor_err take_lock(struct db *db, const char *name, char *why)
{
	struct sql sql;
	bool locked = false;
	sql_init(&sql, db);
	sql_put(&sql, "SELECT GET_LOCK(?, ?)", sql_t(name), sql_u(LOCK_WAIT_S));
	enum parlor_err err = db_select(db, &sql, lock_row, &locked);
	sql_fini(&sql);
	if (!err && !locked) {
		snprintf(why, MIGRATE_WHY_MAX, "another migration has been running for %d s",
			 LOCK_WAIT_S);
		err = PARLOR_E_DB_RETRY;
	}
	return err;
}

static void release_lock(struct db *db, const char *name)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put(&sql, "DO RELEASE_LOCK(?)", sql_t(name));
	/* The lock goes with the connection. */
	if (db_run(db, &sql, NULL))
		db_close(db);
	sql_fini(&sql);
}

static enum parlor_err create_database(struct db *db)
{
	struct sql sql;
	enum parlor_err err = db_open_server(db);
	if (err)
		return err;
	sql_init(&sql, db);
	sql_put(&sql, "CREATE DATABASE IF NOT EXISTS ? DEFAULT CHARACTER SET utf8mb4",
		sql_name(db_database(db)));
	err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	if (err)
		return err;
	db_close(db);
	return db_open(db);
}

enum parlor_err migrate_apply(struct db *db, char *why)
{
	char lock[LOCK_NAME_MAX];
	*why = 0;
	name_lock(db, lock);
	enum parlor_err err = db_open(db);
	if (err == PARLOR_E_DB_SCHEMA && error_is(db, UNKNOWN_DATABASE))
		err = create_database(db);
	if (!err)
		err = take_lock(db, lock, why);
	if (!err) {
		err = bring_up(db, why);
		if (err && !*why)
			snprintf(why, MIGRATE_WHY_MAX, "%s", db_error(db));
		release_lock(db, lock);
	}
	if (err && !*why)
		snprintf(why, MIGRATE_WHY_MAX, "%s", db_error(db));
	return err;
}
