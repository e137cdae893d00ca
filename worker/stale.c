#include "stale.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_ROOMS 4096

static void drop(struct stale *stale, struct stale_room *room)
{
	HASH_DEL(stale->rooms, room);
	stale->loaded -= room->loaded;
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

bool stale_full(const struct stale *stale)
{
	return HASH_COUNT(stale->rooms) > STALE_ROOMS_MAX;
}

/* Found, or with `add` new at the end of the table. */
static struct stale_room *room_of(struct stale *stale, const char *tenant, const char *name,
				  bool add)
{
	struct stale_room *room;
	struct buf key = {0};
	buf_put(&key, tenant, strlen(tenant) + 1);
	buf_put(&key, name, strlen(name) + 1);
	HASH_FIND(hh, stale->rooms, key.data, key.len, room);
	if (!room && add) {
		room = mem_new(sizeof *room);
		room->tenant = mem_text(key.data, key.len);
		room->room = room->tenant + strlen(tenant) + 1;
		HASH_ADD_KEYPTR(hh, stale->rooms, room->tenant, key.len, room);
	}
	buf_fini(&key);
	return room;
}

static void set_change(struct stale_room *room, const struct stale_change *change)
{
	if (change->last_seq) {
		room->counted = change->counted;
		room->last_seq = change->last_seq;
	}
	room->members = change->members;
	room->renamed |= change->renamed;
}

void stale_add(struct stale *stale, const struct stale_change *change, uint64_t position,
	       uint64_t now_us)
{
	struct stale_room *room = room_of(stale, change->tenant, change->room, true);
	if (!room->since_us) {
		room->position = position;
		room->since_us = now_us;
	}
	set_change(room, change);
}

void stale_correct(struct stale *stale, const struct stale_change *change)
{
	struct stale_room *room = room_of(stale, change->tenant, change->room, false);
	if (room)
		set_change(room, change);
}

uint64_t stale_first(const struct stale *stale)
{
	const struct stale_room *room = stale->rooms;
	if (stale->floor)
		return stale->floor;
	while (room && room->taken)
		room = room->hh.next;
	return room ? room->position : 0;
}

uint64_t stale_due_us(const struct stale *stale, uint64_t free_us)
{
	if (!stale->rooms)
		return stale->more ? free_us : UINT64_MAX;
	if (stale->behind)
		return stale->rooms->since_us + STALE_AGE_BEHIND_US;
	uint64_t first = stale->rooms->since_us + STALE_AGE_MIN_US;
	uint64_t last = stale->rooms->since_us + STALE_AGE_MAX_US;
	if (first < free_us)
		first = free_us;
	return first < last ? first : last;
}

struct loading {
	struct stale *stale;
	uint64_t now_us;
};

static void loaded_row(void *arg, const struct span *cells, unsigned n)
{
	struct loading *l = arg;
	(void)n;
	struct stale_room *room = room_of(l->stale, cells[0].data, cells[1].data, true);
	l->stale->more = db_cell_number(cells[2]);
	l->stale->page_rows++;
	/* Batches have told more of it since. */
	if (room->since_us)
		return;
	room->since_us = l->now_us;
	room->position = l->stale->floor;
	room->members = (uint32_t)db_cell_number(cells[3]);
	room->counted = db_cell_number(cells[4]);
	room->last_seq = db_cell_number(cells[5]);
	room->renamed = room->loaded = true;
	l->stale->loaded++;
}

static enum parlor_err load_page(struct stale *stale, struct db *db, const struct mark *mark,
				 uint64_t now_us)
{
	struct loading l = {stale, now_us};
	struct sql sql;
	sql_init(&sql, db);
	sql_put(&sql,
		"SELECT ent_id, uuid, position, members, counted, last_seq FROM room "
		"WHERE broker_id = ? AND part = ? AND position > ? ORDER BY position LIMIT ?",
		sql_u(mark->broker_id), sql_u(mark->partition), sql_u(stale->more),
		sql_u(PAGE_ROOMS));
	stale->page_rows = 0;
	enum parlor_err err = db_select(db, &sql, loaded_row, &l);
	if (!err && stale->page_rows < PAGE_ROOMS)
		stale->more = 0;
	if (!err && !stale->more && !stale->loaded)
		stale->floor = 0;
	sql_fini(&sql);
	return err;
}

enum parlor_err stale_load(struct stale *stale, struct db *db, const struct mark *mark,
			   uint64_t now_us)
{
	stale_fini(stale);
	if (mark->projected >= mark->position)
		return PARLOR_E_OK;
	stale->floor = mark->projected + 1;
	stale->more = mark->projected;
	return load_page(stale, db, mark, now_us);
}

enum parlor_err stale_load_more(struct stale *stale, struct db *db, const struct mark *mark,
				uint64_t now_us)
{
	if (stale->loaded || !stale->more)
		return PARLOR_E_OK;
	return load_page(stale, db, mark, now_us);
}

void stale_take(struct stale *stale, struct projection *rooms, uint64_t now_us)
{
	uint64_t rows = 0;
	if (!stale->rooms)
		return;
	/* What is much younger than the oldest waits for company. */
	uint64_t oldest_us = stale->rooms->since_us;
	uint64_t until_us = oldest_us + (now_us > oldest_us ? now_us - oldest_us : 0) / 2;
	for (struct stale_room *room = stale->rooms;
	     room && room->since_us <= until_us && rows < STALE_FLUSH_ROWS; room = room->hh.next) {
		room->taken = true;
		rows += room->members + 1;
		projection_add(rooms, (struct project_room){.tenant = room->tenant,
							    .room = room->room,
							    .counted = room->counted,
							    .last_seq = room->last_seq,
							    .renamed = room->renamed});
	}
}

void stale_taken(struct stale *stale, bool done)
{
	struct stale_room *room = stale->rooms;
	while (room && room->taken) {
		struct stale_room *next = room->hh.next;
		if (done)
			drop(stale, room);
		else
			room->taken = false;
		room = next;
	}
	if (!stale->loaded && !stale->more)
		stale->floor = 0;
}
