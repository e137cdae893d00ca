#include "mark.h"

#include "noun.h"

static void mark_row(void *arg, const struct span *cells, unsigned n)
{
	struct mark *mark = arg;
	(void)n;
	mark->epoch = db_cell_number(cells[0]);
	mark->position = db_cell_number(cells[1]);
	mark->digest = db_cell_number(cells[2]);
	mark->projected = db_cell_number(cells[3]);
}

static enum parlor_err read_row(struct db *db, struct sql *sql, struct mark *mark)
{
	mark->epoch = mark->position = mark->digest = mark->projected = 0;
	sql_clear(sql);
	sql_put(sql,
		"SELECT epoch, position, digest, projected FROM sync_mark "
		"WHERE broker_id = ? AND part = ? FOR UPDATE",
		sql_u(mark->broker_id), sql_u(mark->partition));
	return db_select(db, sql, mark_row, mark);
}

struct claim {
	const struct owner *owner; /* NULL: the row is only read */
	char *why;
};

static enum parlor_err put_claim(struct db *db, struct sql *sql, const struct claim *c,
				 const struct mark *mark)
{
	enum parlor_err err = owner_check(db, c->owner, c->why);
	if (err)
		return err;
	sql_put(sql,
		"INSERT INTO sync_mark (broker_id, part, epoch, position) VALUES (?, ?, ?, 0) "
		"ON DUPLICATE KEY UPDATE epoch = GREATEST(epoch, VALUES(epoch))",
		sql_u(mark->broker_id), sql_u(mark->partition), sql_u(mark->epoch));
	return db_run(db, sql, NULL);
}

/* In a transaction: outside of one, not every server waits for the row. */
static enum parlor_err in_transaction(struct db *db, const struct claim *c, struct mark *mark)
{
	struct sql sql;
	struct mark found = *mark;
	sql_init(&sql, db);
	enum parlor_err err = db_begin(db);
	if (!err && c->owner)
		err = put_claim(db, &sql, c, &found);
	if (!err)
		err = read_row(db, &sql, &found);
	if (!err)
		err = db_commit(db);
	if (err)
		db_rollback(db);
	else
		*mark = found;
	sql_fini(&sql);
	return err;
}

enum parlor_err mark_claim(struct db *db, const struct owner *owner, struct mark *mark,
			   char why[OWNER_WHY_MAX])
{
	return in_transaction(db, &(struct claim){owner, why}, mark);
}

enum parlor_err mark_read(struct db *db, struct mark *mark)
{
	return in_transaction(db, &(struct claim){0}, mark);
}

enum parlor_err mark_move(struct db *db, const struct mark *from, const struct mark *to)
{
	struct sql sql;
	uint64_t matched = 0;
	sql_init(&sql, db);
	sql_put(&sql,
		"UPDATE sync_mark SET position = ?, digest = ?, projected = ? "
		"WHERE broker_id = ? AND part = ? AND epoch = ? AND position = ? AND digest = ? "
		"AND projected = ?",
		sql_u(to->position), sql_u(to->digest), sql_u(to->projected),
		sql_u(from->broker_id), sql_u(from->partition), sql_u(from->epoch),
		sql_u(from->position), sql_u(from->digest), sql_u(from->projected));
	enum parlor_err err = db_run(db, &sql, &matched);
	sql_fini(&sql);
	if (!err && matched != 1)
		err = PARLOR_E_DB_FENCED;
	return err;
}

static const struct table tables[] = {
	{.name = "sync_mark", .migration = 1, .key = {"broker_id", "part"}}};
const struct noun mark_noun = {NOUN_LIST(tables)};
