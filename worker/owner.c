#include "owner.h"

#include "mark.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

/* Of one statement, so that it ends in time. */
#define CHUNK_ROWS 20000

struct owner_search {
	struct db *db;
	struct sql sql;
	const struct owner *owner;
	char *why;
	bool known;                          /* it has marks here */
	uint64_t stranger;                   /* with marks or rooms; 0: none */
	const struct owner_ancestor *beyond; /* its marks are of what is not in this journal */
	uint64_t beyond_position;
	bool found[WORKER_ANCESTORS_MAX]; /* its marks are here */
};

static const struct owner_ancestor *ancestor_of(const struct owner *o, uint64_t broker_id)
{
	for (size_t i = 0; i < o->ancestors_len; i++)
		if (o->ancestors[i].broker_id == broker_id)
			return &o->ancestors[i];
	return NULL;
}

static void mark_row(void *arg, const struct span *cells, unsigned n)
{
	struct owner_search *a = arg;
	uint64_t broker_id = db_cell_number(cells[0]), position = db_cell_number(cells[1]);
	const struct owner_ancestor *ancestor = ancestor_of(a->owner, broker_id);
	(void)n;
	if (broker_id == a->owner->broker_id) {
		a->known = true;
	} else if (!ancestor) {
		a->stranger = broker_id;
	} else {
		a->found[ancestor - a->owner->ancestors] = true;
		if (position > ancestor->position) {
			a->beyond = ancestor;
			a->beyond_position = position;
		}
	}
}

static void no_row(void *arg, const struct span *cells, unsigned n)
{
	(void)arg;
	(void)cells;
	(void)n;
}

/* Only a row that is there in any case keeps others from asking meanwhile: what
 * is not there yet can be locked on some servers only. */
static enum parlor_err lock(struct owner_search *a)
{
	sql_put_text(&a->sql, "SELECT version FROM schema_version WHERE version = 1 FOR UPDATE");
	return db_select(a->db, &a->sql, no_row, NULL);
}

/* Waits for what others are about to commit. */
static enum parlor_err read_marks(struct owner_search *a)
{
	sql_clear(&a->sql);
	sql_put(&a->sql,
		"SELECT broker_id, position FROM sync_mark WHERE broker_id = ? OR epoch < ? "
		"FOR UPDATE",
		sql_u(a->owner->broker_id), sql_u(MARK_EPOCH_RETIRED));
	return db_select(a->db, &a->sql, mark_row, a);
}

static void room_row(void *arg, const struct span *cells, unsigned n)
{
	struct owner_search *a = arg;
	(void)n;
	a->stranger = db_cell_number(cells[0]);
}

/* Rooms outlive marks that somebody deleted. */
static enum parlor_err read_rooms(struct owner_search *a)
{
	sql_clear(&a->sql);
	sql_put(&a->sql, "SELECT broker_id FROM room WHERE broker_id NOT IN (?",
		sql_u(a->owner->broker_id));
	for (size_t i = 0; i < a->owner->ancestors_len; i++)
		if (a->found[i])
			sql_put(&a->sql, ", ?", sql_u(a->owner->ancestors[i].broker_id));
	sql_put_text(&a->sql, ") LIMIT 1");
	return db_select(a->db, &a->sql, room_row, a);
}

static enum parlor_err judge(const struct owner_search *a)
{
	if (a->stranger)
		snprintf(a->why, OWNER_WHY_MAX,
			 "the database has rooms of broker %" PRIu64
			 ", of which this journal is no copy; nothing is written there",
			 a->stranger);
	else if (a->beyond)
		snprintf(a->why, OWNER_WHY_MAX,
			 "the database holds another history: broker %" PRIu64 " is at %" PRIu64
			 " there, this copy of its journal left it at %" PRIu64,
			 a->beyond->broker_id, a->beyond_position, a->beyond->position);
	else
		return PARLOR_E_OK;
	return PARLOR_E_DB_OWNER;
}

/* ---- taking over ---------------------------------------------------------------- */

/* Each goes on where it ended before. Without its marks the other journal finds out
 * that the database is no longer its own. */
static const char *const renames[] = {
	"UPDATE room SET broker_id = ? WHERE broker_id = ? LIMIT ?",
	"UPDATE member SET profile_broker = ? WHERE profile_broker = ? LIMIT ?",
	"UPDATE member SET presence_broker = ? WHERE presence_broker = ? LIMIT ?",
	"UPDATE sync_quarantine SET broker_id = ? WHERE broker_id = ? LIMIT ?",
	"UPDATE sync_mark SET broker_id = ? WHERE broker_id = ? LIMIT ?",
};

static enum parlor_err take_over(struct owner_search *a, uint64_t from)
{
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && i < sizeof renames / sizeof renames[0]; i++) {
		uint64_t matched = CHUNK_ROWS;
		while (!err && matched == CHUNK_ROWS) {
			sql_clear(&a->sql);
			sql_put(&a->sql, renames[i], sql_u(a->owner->broker_id), sql_u(from),
				sql_u(CHUNK_ROWS));
			err = db_run(a->db, &a->sql, &matched);
		}
	}
	if (!err)
		log_info("the database of broker %" PRIu64
			 " is that of its copy now, broker %" PRIu64,
			 from, a->owner->broker_id);
	return err;
}

static enum parlor_err search(struct owner_search *a)
{
	enum parlor_err err = lock(a);
	if (!err)
		err = read_marks(a);
	if (err || a->known)
		return err;
	if (!a->stranger && !a->beyond)
		err = read_rooms(a);
	if (!err)
		err = judge(a);
	for (size_t i = 0; !err && i < a->owner->ancestors_len; i++)
		if (a->found[i])
			err = take_over(a, a->owner->ancestors[i].broker_id);
	return err;
}

enum parlor_err owner_check(struct db *db, const struct owner *owner, char why[OWNER_WHY_MAX])
{
	struct owner_search a = {.db = db, .owner = owner, .why = why};
	sql_init(&a.sql, db);
	enum parlor_err err = search(&a);
	sql_fini(&a.sql);
	return err;
}
