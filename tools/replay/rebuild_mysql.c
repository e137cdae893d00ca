#include "rebuild_mysql.h"

#include "handover.h"
#include "migrate.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>

#define WHY_MAX 512

struct journal {
	uint64_t id;
	uint64_t first, last;
	uint32_t parts;
};

/* Beside a running broker, too. */
static enum parlor_err look_at_journal(const char *dir, struct journal *j, char *why)
{
	struct store *store;
	const struct store_options options = {.dir = dir, .read_only = true};
	enum parlor_err err = store_open(&store, &options, 0, why, WHY_MAX);
	if (err)
		return err;
	*j = (struct journal){.id = store_journal_id(store),
			      .first = store_first(store),
			      .last = store_last(store),
			      .parts = store_parts(store)};
	store_close(store);
	if (j->first <= 1)
		return PARLOR_E_OK;
	snprintf(why, WHY_MAX,
		 "the journal begins at %" PRIu64 ": what came before was only in the database",
		 j->first);
	return PARLOR_E_NOT_FOUND;
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
	"UPDATE sync_mark SET position = 0, digest = 0, projected = 0 WHERE broker_id = ?",
	"DELETE FROM sync_quarantine WHERE broker_id = ?",
	"DELETE m FROM group_message m JOIN room r ON r.ent_id = m.ent_id AND r.uuid = m.group_id "
	"WHERE r.broker_id = ?",
	"DELETE g FROM chat_group g JOIN room r ON r.ent_id = g.ent_id AND r.uuid = g.uuid "
	"WHERE r.broker_id = ?",
	"DELETE g FROM group_member g JOIN room r ON r.ent_id = g.ent_id AND r.uuid = g.group_id "
	"WHERE r.broker_id = ?",
	"DELETE FROM room WHERE broker_id = ?",
	"UPDATE member SET profile_position = 0 WHERE profile_broker = ?",
	"UPDATE member SET presence_position = 0 WHERE presence_broker = ?",
};

static enum parlor_err empty(struct db *db, uint64_t id)
{
	enum parlor_err err = db_begin(db);
	for (size_t i = 0; !err && i < sizeof statements / sizeof statements[0]; i++) {
		struct sql sql;
		sql_init(&sql, db);
		sql_put(&sql, statements[i], sql_u(id));
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
			 "takes out, and %" PRIu64 " of others, which stay",
			 *rooms, others);
		return PARLOR_E_CONFIG;
	}
	return err;
}

static enum parlor_err run(const struct rebuild_mysql *o, struct journal *j, uint64_t *rooms,
			   char *why)
{
	uint64_t sessions = 0;
	enum parlor_err err = look_at_journal(o->dir, j, why);
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
		err = empty(o->db, j->id);
	if (err && !*why)
		snprintf(why, WHY_MAX, "%s",
			 *db_error(o->db) ? db_error(o->db) : parlor_err_text(err));
	return err;
}

int rebuild_mysql(const struct rebuild_mysql *o)
{
	char why[WHY_MAX] = "";
	struct journal j = {0};
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
	return err ? 1 : 0;
}
