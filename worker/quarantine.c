#include "quarantine.h"

#include "noun.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void put_key(struct buf *key, const char *tenant, const char *room)
{
	buf_put(key, tenant, strlen(tenant) + 1);
	buf_put(key, room, strlen(room) + 1);
}

struct quarantine_room *quarantine_find(const struct quarantine *q, const char *tenant,
					const char *room)
{
	struct quarantine_room *found = NULL;
	struct buf key = {0};
	if (!q->rooms)
		return NULL;
	put_key(&key, tenant, room);
	HASH_FIND(hh, q->rooms, key.data, key.len, found);
	buf_fini(&key);
	return found;
}

size_t quarantine_count(const struct quarantine *q)
{
	return HASH_COUNT(q->rooms);
}

void quarantine_add(struct quarantine *q, const char *tenant, const char *room, uint64_t position,
		    const char *error)
{
	struct buf key = {0};
	if (quarantine_find(q, tenant, room))
		return;
	put_key(&key, tenant, room);
	struct quarantine_room *added = mem_new(sizeof *added);
	added->tenant = mem_text(key.data, key.len);
	added->room = added->tenant + strlen(tenant) + 1;
	added->position = position;
	memcpy(added->error, error, text_cut(error, strlen(error), QUARANTINE_ERROR_MAX - 1));
	HASH_ADD_KEYPTR(hh, q->rooms, added->tenant, key.len, added);
	buf_fini(&key);
}

void quarantine_remove(struct quarantine *q, struct quarantine_room *room)
{
	HASH_DEL(q->rooms, room);
	free(room->tenant); /* the room's name lies behind it */
	free(room);
}

void quarantine_fini(struct quarantine *q)
{
	struct quarantine_room *room, *next;
	HASH_ITER (hh, q->rooms, room, next)
		quarantine_remove(q, room);
	*q = (struct quarantine){0};
}

static void quarantine_row(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	quarantine_add(arg, cells[0].data, cells[1].data, db_cell_number(cells[2]), cells[3].data);
}

enum parlor_err quarantine_load(struct quarantine *q, struct db *db, const struct mark *mark)
{
	struct sql sql;
	quarantine_fini(q);
	sql_init(&sql, db);
	sql_put(&sql,
		"SELECT ent_id, group_id, position, error FROM sync_quarantine "
		"WHERE broker_id = ? AND part = ?",
		sql_u(mark->broker_id), sql_u(mark->partition));
	enum parlor_err err = db_select(db, &sql, quarantine_row, q);
	sql_fini(&sql);
	return err;
}

enum parlor_err quarantine_write(struct db *db, const struct mark *mark, const char *tenant,
				 const char *room, uint64_t position, const char *error)
{
	struct sql sql;
	char *cut = mem_text(error, text_cut(error, strlen(error), QUARANTINE_ERROR_MAX - 1));
	sql_init(&sql, db);
	sql_put(&sql,
		"INSERT INTO sync_quarantine "
		"(broker_id, part, ent_id, group_id, position, error, created_at) "
		"VALUES (?, ?, ?, ?, ?, ?, ?) "
		"ON DUPLICATE KEY UPDATE position = VALUES(position), error = VALUES(error)",
		sql_u(mark->broker_id), sql_u(mark->partition), sql_t(tenant), sql_t(room),
		sql_u(position), sql_t(cut), sql_time(clock_wall_us()));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	free(cut);
	return err;
}

enum parlor_err quarantine_erase(struct db *db, const struct mark *mark,
				 const struct quarantine_room *room)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put(&sql,
		"DELETE FROM sync_quarantine "
		"WHERE broker_id = ? AND part = ? AND ent_id = ? AND group_id = ?",
		sql_u(mark->broker_id), sql_u(mark->partition), sql_t(room->tenant),
		sql_t(room->room));
	enum parlor_err err = db_run(db, &sql, NULL);
	sql_fini(&sql);
	return err;
}

static const struct table tables[] = {
	{"sync_quarantine", 1, {"broker_id", "part", "ent_id", "group_id"}}};
const struct noun quarantine_noun = {NOUN_LIST(tables)};
