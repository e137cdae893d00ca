#include "db/rows.h"
#include "noun.h"

/* Created, renamed, closed, reopened, dissolved: the event tells all of it. */
static void add_change(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__RoomChanged *told = r->event->room_changed;
	struct fold_room *room = fold_room(fold, r);
	(void)state;
	room->changed = true;
	room->name = told->name;
	room->state = (int)told->state;
	room->history_open = told->history_open;
	if (r->kind == PARLOR__RECORD_KIND__RECORD_ROOM_CREATED) {
		room->created = true;
		room->created_us = r->event->time_us;
	}
	if (r->kind == PARLOR__RECORD_KIND__RECORD_ROOM_RENAMED)
		room->renamed = true;
	if (told->state == PARLOR__ROOM_STATE__ROOM_DISSOLVED)
		room->dissolved = true;
}

/* The room as created, renamed, closed. Its counters begin anew when it is
 * created: they may stand higher after the mark was moved back by hand. */
static enum parlor_err write_changed(struct db *db, const struct fold *fold, bool created)
{
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO room (ent_id, uuid, group_name, state, history_open, created_at) "
		  "VALUES ",
		  "(?, ?, ?, ?, ?, ?)",
		  created ? " ON DUPLICATE KEY UPDATE group_name = VALUES(group_name), "
			    "state = VALUES(state), history_open = VALUES(history_open), "
			    "created_at = VALUES(created_at), counted = 0, last_seq = 0"
			  : " ON DUPLICATE KEY UPDATE group_name = VALUES(group_name), "
			    "state = VALUES(state), history_open = VALUES(history_open)");
	for (const struct fold_room *r = fold->rooms; r; r = r->hh.next)
		if (r->changed && r->created == created)
			rows_add(&rows, sql_t(r->tenant), sql_t(r->room), sql_t(r->name),
				 sql_u((uint64_t)r->state), sql_u(r->history_open),
				 sql_time(created ? r->created_us : r->time_us));
	return rows_finish(&rows);
}

/* 0 stands for "not told": a counter never returns to 0. */
static enum parlor_err write_counters(struct db *db, const struct fold *fold,
				      const struct mark *mark)
{
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO room (ent_id, uuid, counted, last_seq, members, broker_id, part, "
		  "position, updated_at) VALUES ",
		  "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE "
		  "counted = IF(VALUES(counted) = 0, counted, VALUES(counted)), "
		  "last_seq = IF(VALUES(last_seq) = 0, last_seq, VALUES(last_seq)), "
		  "members = IF(VALUES(members) = 0, members, VALUES(members)), "
		  "broker_id = VALUES(broker_id), part = VALUES(part), "
		  "position = VALUES(position), updated_at = VALUES(updated_at)");
	for (const struct fold_room *r = fold->rooms; r; r = r->hh.next)
		rows_add(&rows, sql_t(r->tenant), sql_t(r->room), sql_u(r->counted),
			 sql_u(r->last_seq), sql_u(r->members), sql_u(mark->broker_id),
			 sql_u(mark->partition), sql_u(r->position), sql_time(r->time_us));
	return rows_finish(&rows);
}

static enum parlor_err room_write(struct db *db, const struct fold *fold, void *state,
				  const struct mark *mark)
{
	(void)state;
	enum parlor_err err = write_changed(db, fold, true);
	if (!err)
		err = write_changed(db, fold, false);
	if (!err)
		err = write_counters(db, fold, mark);
	return err;
}

#define CHANGE(KIND)                                                                             \
	{                                                                                        \
		PARLOR__RECORD_KIND__RECORD_##KIND, PARLOR__EVENT__KIND_ROOM_CHANGED, add_change \
	}
static const struct fold_kind kinds[] = {
	CHANGE(ROOM_CREATED),
	CHANGE(ROOM_RENAMED),
	CHANGE(ROOM_STATE),
};
static const struct table tables[] = {{.name = "room", .migration = 1, .key = {"ent_id", "uuid"}}};
const struct noun room_noun = {NOUN_LIST(tables), NOUN_LIST(kinds), .write = room_write};
