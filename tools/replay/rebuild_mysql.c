#include "rebuild_mysql.h"

#include "core/kinds.h"
#include "db/rows.h"
#include "handover.h"
#include "mark.h"
#include "migrate.h"
#include "nouns.h"
#include "store/store.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WHY_MAX 512

struct journal {
	struct store *store;
	uint64_t id;
	uint64_t first, last;
	char **tenants; /* by number */
	size_t tenants_len;
	char **rooms; /* ids, in the order of their numbers */
	uint32_t *rooms_tenant;
	size_t rooms_len, rooms_cap;
};

static void journal_close(struct journal *j)
{
	for (size_t i = 0; i < j->tenants_len; i++)
		free(j->tenants[i]);
	for (size_t i = 0; i < j->rooms_len; i++)
		free(j->rooms[i]);
	free(j->tenants);
	free(j->rooms);
	free(j->rooms_tenant);
	store_close(j->store);
}

static void take_name(struct journal *j, const struct record *r)
{
	if (r->kind == RECORD_TENANT && r->tenant >= j->tenants_len) {
		j->tenants = mem_resize(j->tenants, (size_t)r->tenant + 1, sizeof *j->tenants);
		while (j->tenants_len < r->tenant)
			j->tenants[j->tenants_len++] = NULL;
		j->tenants[j->tenants_len++] = mem_text(r->tenant_id.data, r->tenant_id.len);
	}
	if (r->kind != RECORD_ROOM_CREATED)
		return;
	if (j->rooms_len == j->rooms_cap) {
		j->rooms_cap = j->rooms_cap ? 2 * j->rooms_cap : 256;
		j->rooms = mem_resize(j->rooms, j->rooms_cap, sizeof *j->rooms);
		j->rooms_tenant =
			mem_resize(j->rooms_tenant, j->rooms_cap, sizeof *j->rooms_tenant);
	}
	j->rooms_tenant[j->rooms_len] = r->tenant;
	j->rooms[j->rooms_len++] = mem_text(r->room_id.data, r->room_id.len);
}

static enum parlor_err read_names(struct journal *j)
{
	struct store_walk walk;
	struct entry entry;
	struct record r;
	enum parlor_err err = store_walk_open(j->store, 1, &walk);
	if (err)
		return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
	while (!err && !(err = store_walk_next(j->store, &walk, &entry))) {
		err = record_decode(&r, entry.head.data, entry.head.len);
		if (!err)
			take_name(j, &r);
		if (!err && (r.kind == RECORD_ROOM_CREATED && r.tenant >= j->tenants_len))
			err = PARLOR_E_STORE_CORRUPT;
	}
	store_walk_close(j->store, &walk);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* Beside a running broker, too. */
static enum parlor_err journal_open(struct journal *j, const char *dir, char *why)
{
	const struct store_options options = {.dir = dir, .read_only = true};
	enum parlor_err err = store_open(&j->store, &options, 0, why, WHY_MAX);
	if (err)
		return err;
	j->id = store_journal_id(j->store);
	j->first = store_first(j->store);
	j->last = store_last(j->store);
	if (j->first > 1) {
		snprintf(why, WHY_MAX,
			 "the journal begins at %" PRIu64
			 ": what came before was only in the database",
			 j->first);
		return PARLOR_E_NOT_FOUND;
	}
	err = store_read_begin(j->store);
	if (!err) {
		err = read_names(j);
		store_read_end(j->store);
	}
	if (err)
		snprintf(why, WHY_MAX, "%s: %s", dir, parlor_err_text(err));
	return err;
}

static void number_row(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	*(uint64_t *)arg = db_cell_number(cells[0]);
}

static enum parlor_err count_rooms(struct db *db, const char *text, uint64_t id, uint64_t *rooms)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put(&sql, text, sql_u(id));
	enum parlor_err err = db_select(db, &sql, number_row, rooms);
	sql_fini(&sql);
	return err;
}

/* In this order: the rooms tell whose the other rows are. */
static const char *const statements[] = {
	"DELETE FROM sync_quarantine WHERE broker_id = ?",
	"DELETE FROM room WHERE broker_id = ?",
	"UPDATE member SET profile_position = 0 WHERE profile_broker = ?",
	"UPDATE member SET presence_position = 0 WHERE presence_broker = ?",
	"UPDATE member SET online_status = 'offline' WHERE presence_broker <> ?",
};

/* Also those that stand there as another's, or have lost their row. */
static enum parlor_err claim_rooms(struct db *db, const struct journal *j)
{
	struct rows rows;
	rows_init(&rows, db, "INSERT INTO room (ent_id, uuid, broker_id) VALUES ", "(?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE broker_id = VALUES(broker_id)");
	for (size_t i = 0; i < j->rooms_len; i++)
		rows_add(&rows, sql_t(j->tenants[j->rooms_tenant[i]]), sql_t(j->rooms[i]),
			 sql_u(j->id));
	return rows_finish(&rows);
}

/* The database is this journal's from now on, and no other's. A journal that was lost
 * and found again may write again. */
static enum parlor_err claim_marks(struct db *db, const struct journal *j)
{
	struct sql sql;
	struct rows rows;
	sql_init(&sql, db);
	sql_put(&sql, "UPDATE sync_mark SET epoch = ? WHERE broker_id <> ?",
		sql_u(MARK_EPOCH_RETIRED), sql_u(j->id));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	rows_init(&rows, db, "INSERT INTO sync_mark (broker_id, part, epoch, position) VALUES ",
		  "(?, ?, 0, 0)",
		  " ON DUPLICATE KEY UPDATE position = 0, digest = 0, projected = 0, "
		  "epoch = IF(epoch < 4611686018427387904, epoch, 0)");
	for (uint32_t partition = 0; partition < store_partitions(j->store); partition++)
		rows_add(&rows, sql_u(j->id), sql_u(partition));
	enum parlor_err sent = rows_finish(&rows);
	return err ? err : sent;
}

static enum parlor_err empty_table(struct db *db, const struct journal *j,
				   const struct table *table)
{
	struct sql sql;
	sql_init(&sql, db);
	if (table->of_room)
		sql_put(&sql,
			"DELETE t FROM ? t JOIN room r ON r.ent_id = t.ent_id AND r.uuid = t.? "
			"WHERE r.broker_id = ?",
			sql_name(table->name), sql_name(table->key[1]), sql_u(j->id));
	else
		sql_put(&sql, "DELETE FROM ?", sql_name(table->name));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

/* Every table whose rows are of rooms, or all of one journal. */
static enum parlor_err empty_tables(struct db *db, const struct journal *j)
{
	const struct table *table;
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && (table = table_at(i)); i++)
		if (table->of_room || table->of_journal)
			err = empty_table(db, j, table);
	return err;
}

static enum parlor_err empty(struct db *db, const struct journal *j)
{
	enum parlor_err err = db_begin(db);
	if (!err)
		err = claim_rooms(db, j);
	if (!err)
		err = claim_marks(db, j);
	if (!err)
		err = empty_tables(db, j);
	for (size_t i = 0; !err && i < sizeof statements / sizeof statements[0]; i++) {
		struct sql sql;
		sql_init(&sql, db);
		sql_put(&sql, statements[i], sql_u(j->id));
		err = db_run(db, &sql, NULL);
		sql_fini(&sql);
	}
	if (!err)
		err = db_commit(db);
	else
		db_rollback(db);
	return err;
}

/* Workers look where the marks are when they begin, not while they work. */
static enum parlor_err check_unused(struct db *db, uint64_t *sessions, char *why)
{
	enum parlor_err err = handover_others(db, sessions);
	if (err || !*sessions)
		return err;
	snprintf(why, WHY_MAX,
		 "%" PRIu64 " other sessions use the database: stop the workers first (the broker "
		 "may run), or say --force and restart them afterwards",
		 *sessions);
	return PARLOR_E_CONFIG;
}

static enum parlor_err check_rooms(const struct rebuild_mysql *o, const struct journal *j,
				   uint64_t *rooms, char *why)
{
	uint64_t others = 0;
	enum parlor_err err =
		count_rooms(o->db, "SELECT COUNT(*) FROM room WHERE broker_id = ?", j->id, rooms);
	if (!err)
		err = count_rooms(o->db, "SELECT COUNT(*) FROM room WHERE broker_id <> ?", j->id,
				  &others);
	if (!err && (*rooms || others) && !o->force) {
		snprintf(why, WHY_MAX,
			 "the database holds %" PRIu64 " rooms of this journal, which --force "
			 "takes out, and %" PRIu64
			 " of others, of which those of the same id go, too",
			 *rooms, others);
		return PARLOR_E_CONFIG;
	}
	return err;
}

static enum parlor_err run(const struct rebuild_mysql *o, struct journal *j, uint64_t *rooms,
			   char *why)
{
	uint64_t sessions = 0;
	enum parlor_err err = journal_open(j, o->dir, why);
	/* A database that was lost has no tables. */
	if (!err)
		err = migrate_apply(o->db, why);
	if (err)
		return err;
	why[0] = '\0';
	if (!o->force)
		err = check_unused(o->db, &sessions, why);
	if (!err)
		err = check_rooms(o, j, rooms, why);
	if (!err)
		err = empty(o->db, j);
	if (err && !*why)
		snprintf(why, WHY_MAX, "%s",
			 *db_error(o->db) ? db_error(o->db) : parlor_err_text(err));
	return err;
}

int rebuild_mysql(const struct rebuild_mysql *o)
{
	char why[WHY_MAX] = "";
	struct journal j = {.store = NULL};
	uint64_t rooms = 0;
	enum parlor_err err = run(o, &j, &rooms, why);
	if (err)
		fprintf(stderr, "parlor-replay: %s (%s)\n", why, parlor_err_name(err));
	else if (o->json)
		printf("{\"journal\":%" PRIu64 ",\"records\":%" PRIu64 ",\"removed_rooms\":%" PRIu64
		       "}\n",
		       j.id, j.last, rooms);
	else
		printf("%" PRIu64 " rooms taken out; workers now send %" PRIu64
		       " records again: parlor sync wait\n",
		       rooms, j.last);
	journal_close(&j);
	return err ? 1 : 0;
}
