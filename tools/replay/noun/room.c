#include "core/room.h"
#include "noun/noun.h"
#include "rebuild_lmdb.h"
#include "verify_mysql_rooms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[] = {"", "open", "closed", "dissolved", NULL};

static const char *change_of(const struct record *r)
{
	if (r->kind == RECORD_ROOM_CREATED)
		return "created";
	if (r->kind == RECORD_ROOM_RENAMED)
		return "renamed";
	if (r->room_is.state == ROOM_STATE_OPEN)
		return "reopened";
	return r->room_is.state == ROOM_STATE_CLOSED ? "closed" : "dissolved";
}

static void what_changed(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "room %s: \"%s\"", change_of(r), e->room_changed->name);
}

static void draft_created(struct draft *d, const Parlor__Event *e)
{
	d->body = e->room_changed->name;
	if (e->room_changed->history_open)
		json_object_set_new(d->more, "open", json_true());
}

static void draft_renamed(struct draft *d, const Parlor__Event *e)
{
	d->body = e->room_changed->name;
}

static void draft_state(struct draft *d, const Parlor__Event *e)
{
	d->body = kind_word(states, (int)e->room_changed->state);
}

/* ---- requests ------------------------------------------------------------------- */

static enum parlor_err send_create(struct operation *d, operation_send_fn *fn)
{
	Parlor__Notice notice;
	size_t len;
	Parlor__MemberSpec **members = operation_members(d, NULL, &len);
	enum parlor_err err =
		OPERATION_SEND(d, fn, ROOM_CREATE, room_create, RoomCreate, .room = d->place->id,
			       .name = d->guessed ? d->place->id : operation_text(d->event.body),
			       .history_open = d->guessed || d->event.open, .members = members,
			       .n_members = len, .notice = operation_notice(d, &notice));
	free(members);
	return err;
}

/* Whether the room was made by this request, or an equal one that was lost. */
static bool is_new(const struct operation *d, const Parlor__RoomInfo *room)
{
	return room->last_seq == (d->notice != NULL) && room->members == d->joins_len;
}

static void created(const struct operation *d, const Parlor__Reply *reply, struct summary *s)
{
	s->rooms++;
	s->members += d->joins_len;
	if (reply->result_case != PARLOR__REPLY__RESULT_ROOM)
		return;
	if (is_new(d, reply->room))
		d->place->counted = !d->guessed;
	else if (d->guessed)
		d->place->counted = true; /* it goes on where it was */
	else
		d->place->foreign = true;
}

static bool was_there(const struct operation *d, int code)
{
	bool was =
		d->guessed && (code == PARLOR_E_ROOM_CONFLICT || code == PARLOR_E_MEMBER_CONFLICT);
	if (was)
		d->place->counted = true;
	else
		d->place->foreign = true;
	return was;
}

/* Alone since its answer says whether the room was there before. */
const struct operation_kind operation_create = {
	send_create, OPERATION_ALONE | OPERATION_TAKES_JOINS | OPERATION_TAKES_NOTICE,
	.done = created, .refused = was_there};

static enum parlor_err send_rename(struct operation *d, operation_send_fn *fn)
{
	Parlor__Notice notice;
	return OPERATION_SEND(d, fn, ROOM_RENAME, room_rename, RoomRename, .room = d->place->id,
			      .name = operation_text(d->event.body),
			      .notice = operation_notice(d, &notice));
}

static const struct operation_kind operation_rename = {send_rename,
						       OPERATION_ALONE | OPERATION_TAKES_NOTICE,
						       .counted = OPERATION_COUNTED(changes)};

static enum parlor_err send_state(struct operation *d, operation_send_fn *fn)
{
	char *room = d->place->id;
	Parlor__Notice body, *notice = operation_notice(d, &body);
	if (strcmp(d->event.body, states[ROOM_STATE_OPEN]) == 0)
		return OPERATION_SEND(d, fn, ROOM_REOPEN, room_reopen, RoomReopen, .room = room,
				      .notice = notice);
	if (strcmp(d->event.body, states[ROOM_STATE_CLOSED]) == 0)
		return OPERATION_SEND(d, fn, ROOM_CLOSE, room_close, RoomClose, .room = room,
				      .notice = notice);
	return OPERATION_SEND(d, fn, ROOM_DISSOLVE, room_dissolve, RoomDissolve, .room = room,
			      .notice = notice);
}

const struct operation_kind operation_state = {send_state, OPERATION_ALONE | OPERATION_TAKES_NOTICE,
					       .counted = OPERATION_COUNTED(changes)};

static const struct kind kinds[] = {
	{RECORD_ROOM_CREATED, PARLOR__EVENT__KIND_ROOM_CHANGED, what_changed, "create",
	 LINE_NEEDS_ROOM, draft_created, .operation = &operation_create},
	{RECORD_ROOM_RENAMED, PARLOR__EVENT__KIND_ROOM_CHANGED, what_changed, "rename",
	 LINE_NEEDS_ROOM, draft_renamed, .operation = &operation_rename},
	{RECORD_ROOM_STATE, PARLOR__EVENT__KIND_ROOM_CHANGED, what_changed, "state",
	 LINE_NEEDS_ROOM, draft_state, states, .operation = &operation_state},
};

/* ---- from the tables --------------------------------------------------------------- */

static enum parlor_err rebuild_beginning(struct rebuild *r, const struct history_row *f)
{
	const struct core_call call = rebuild_call(f);
	r->counts.rooms++;
	return import_room(builder_core(r->builder), &call,
			   &(struct imported_room){
				   .id = f->room, .name = f->name, .open = f->numbers[0] != 0});
}

static enum parlor_err rebuild_end(struct rebuild *r, const struct history_row *f)
{
	static const struct core_notice silent;
	struct core *core = builder_core(r->builder);
	uint64_t state = f->numbers[0], counted = f->numbers[1];
	struct core_room_view room;
	const struct core_call call = rebuild_call(f);
	enum parlor_err err = core_room_show(core, &call, f->room, &room);
	if (!err && (room.last_seq != f->seq || room.counted != counted))
		return rebuild_misfit(r, f,
				      "its row says %" PRIu64 " messages, %" PRIu64
				      " counted; there are %" PRIu64 ", %" PRIu64,
				      f->seq, counted, room.last_seq, room.counted);
	if (!err && state != ROOM_STATE_OPEN)
		err = core_room_set_state(core, &call, f->room, (uint8_t)state, &silent, &room);
	return err;
}

static const struct history_source history[] = {
	{HISTORY_BEGINS,
	 "room",
	 {"created_at", "ent_id", "uuid", NULL, NULL, "history_open", NULL, NULL, "group_name"},
	 rebuild_beginning},
	{HISTORY_ENDS,
	 "room",
	 {"updated_at", "ent_id", "uuid", "last_seq", NULL, "state", "counted"},
	 rebuild_end},
};

/* ---- against the tables ------------------------------------------------------------ */

static void check_room(struct mysql_rooms *p, const struct span *cells)
{
	const struct verify_mysql *v = p->v;
	struct mysql_room *room = p->room;
	uint64_t partition = db_cell_number(cells[7]);
	room->projected =
		partition < v->partitions && db_cell_number(cells[8]) <= v->projected[partition];
	mysql_check_text(p, "room.group_name", SPAN_TEXT(room->name), cells[1]);
	mysql_check_number(p, "room.state", room->row.state, cells[2]);
	mysql_check_number(p, "room.history_open", room->row.open, cells[3]);
	mysql_check_number(p, "room.last_seq", room->row.last_seq, cells[4]);
	mysql_check_number(p, "room.counted", room->row.counted, cells[5]);
	mysql_check_number(p, "room.broker_id", v->broker_id, cells[6]);
	mysql_check_number(p, "room.created_at", room->row.created_us, cells[9]);
}

static void end_room(struct mysql_rooms *p)
{
	if (!p->room->rows)
		mysql_check_words(p, "room: a row is missing", "a row", "no row");
}

static const struct mysql_table tables[] = {
	{"SELECT uuid, group_name, state, history_open, last_seq, counted, broker_id, part, "
	 "position, " MYSQL_US("created_at") " FROM room WHERE uuid",
	 check_room, end_room},
};

const struct replay_noun replay_room = {NOUN_LIST(kinds), NOUN_LIST(history), NOUN_LIST(tables)};
