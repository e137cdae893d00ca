#include "stale.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static const struct pick_columns columns = {"ent_id", "uuid", NULL};

static void put_key(struct buf *key, const char *tenant, const char *room)
{
	buf_put(key, tenant, strlen(tenant) + 1);
	buf_put(key, room, strlen(room) + 1);
}

static struct stale_room *find(const struct stale *stale, const char *tenant, const char *room)
{
	struct stale_room *found = NULL;
	struct buf key = {0};
	if (!stale->rooms)
		return NULL;
	put_key(&key, tenant, room);
	HASH_FIND(hh, stale->rooms, key.data, key.len, found);
	buf_fini(&key);
	return found;
}

static void drop(struct stale *stale, struct stale_room *room)
{
	HASH_DEL(stale->rooms, room);
	free(room->tenant); /* the room's name lies behind it */
	free(room);
}

void stale_fini(struct stale *stale)
{
	struct stale_room *room, *next;
	HASH_ITER (hh, stale->rooms, room, next)
		drop(stale, room);
	*stale = (struct stale){0};
}

bool stale_has(const struct stale *stale, const char *tenant, const char *room)
{
	return find(stale, tenant, room);
}

size_t stale_count(const struct stale *stale)
{
	return HASH_COUNT(stale->rooms);
}

void stale_add(struct stale *stale, const char *tenant, const char *room, uint64_t position,
	       uint32_t members, uint64_t now_us)
{
	struct buf key = {0};
	if (find(stale, tenant, room))
		return;
	put_key(&key, tenant, room);
	struct stale_room *added = mem_new(sizeof *added);
	added->tenant = mem_text(key.data, key.len);
	added->room = added->tenant + strlen(tenant) + 1;
	added->position = position;
	added->since_us = now_us;
	added->members = members;
	HASH_ADD_KEYPTR(hh, stale->rooms, added->tenant, key.len, added);
	buf_fini(&key);
}

uint64_t stale_first(const struct stale *stale)
{
	return stale->rooms ? stale->rooms->position : 0;
}

static uint64_t due_us(const struct stale_room *room, bool idle)
{
	uint64_t bound = STALE_BASE_US + (uint64_t)room->members * STALE_MEMBER_US;
	if (bound > STALE_MAX_US)
		bound = STALE_MAX_US;
	return room->since_us + (idle ? bound / STALE_IDLE_SHARE : bound);
}

uint64_t stale_due_us(const struct stale *stale, bool idle)
{
	uint64_t first = UINT64_MAX;
	for (const struct stale_room *room = stale->rooms; room; room = room->hh.next) {
		uint64_t due = due_us(room, idle);
		if (due < first)
			first = due;
	}
	return first;
}

struct loading {
	struct stale *stale;
	uint64_t now_us;
};

static void stale_row(void *arg, const struct span *cells, unsigned n)
{
	struct loading *l = arg;
	(void)n;
	if (stale_count(l->stale) >= STALE_ROOMS_MAX) {
		l->stale->more = true;
		return;
	}
	stale_add(l->stale, cells[0].data, cells[1].data, db_cell_number(cells[2]),
		  (uint32_t)db_cell_number(cells[3]), l->now_us);
}

enum parlor_err stale_load(struct stale *stale, struct db *db, const struct mark *mark,
			   uint64_t now_us)
{
	struct loading l = {stale, now_us};
	struct sql sql;
	stale_fini(stale);
	sql_init(&sql, db);
	sql_put(&sql,
		"SELECT ent_id, uuid, stale, members FROM room "
		"WHERE broker_id = ? AND part = ? AND stale > 0 ORDER BY stale LIMIT ?",
		sql_u(mark->broker_id), sql_u(mark->part), sql_u(STALE_ROOMS_MAX + 1));
	enum parlor_err err = db_select(db, &sql, stale_row, &l);
	sql_fini(&sql);
	return err;
}

enum parlor_err stale_mark(struct db *db, struct picks *rooms, uint64_t position)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put(&sql, "UPDATE room SET stale = IF(stale = 0, ?, stale)", sql_u(position));
	buf_put_u8(&sql.text, 0);
	enum parlor_err err = picks_run(rooms, db, (const char *)sql.text.data, &columns);
	sql_fini(&sql);
	return err;
}

void stale_take(struct stale *stale, struct picks *rooms, uint64_t now_us)
{
	uint64_t rows = 0;
	for (struct stale_room *room = stale->rooms; room && rows < STALE_FLUSH_ROWS;
	     room = room->hh.next) {
		if (due_us(room, true) > now_us)
			continue;
		room->taken = true;
		rows += room->members + 1;
		picks_add(rooms, (struct pick){.tenant = room->tenant, .room = room->room});
	}
}

void stale_taken(struct stale *stale, bool done)
{
	struct stale_room *room, *next;
	HASH_ITER (hh, stale->rooms, room, next) {
		if (room->taken && done)
			drop(stale, room);
		else
			room->taken = false;
	}
}

enum parlor_err stale_clear(struct db *db, struct picks *rooms)
{
	return picks_run(rooms, db, "UPDATE room SET stale = 0", &columns);
}
