#include "core/room.h"

#include "core/decide.h"
#include "core/membership_row.h"
#include "core/name.h"
#include "core/room_row.h"
#include "core/tenant.h"
#include "core/tenant_row.h"

#include <stdio.h>

enum { CREATED, RENAMED, STATE, KINDS };
static const struct record_kind kinds[KINDS];

void room_view(const struct room *r, uint64_t position, struct core_room_view *view)
{
	*view = (struct core_room_view){
		.no = r->no,
		.id = r->row.id,
		.name = r->row.name,
		.labels = r->row.labels,
		.state = r->row.state,
		.open = r->row.open,
		.members = r->row.members,
		.last_seq = r->row.last_seq,
		.counted = r->row.counted,
		.created_us = r->row.created_us,
		.active_us = r->row.active_us,
		.position = position,
	};
}

static uint64_t content_of(struct core *c, const struct core_room_create *q)
{
	buf_clear(&c->scratch);
	buf_put_span(&c->scratch, q->name);
	buf_put_u8(&c->scratch, q->open);
	for (size_t i = 0; i < q->members_len; i++) {
		buf_put_span(&c->scratch, q->members[i].id);
		buf_put_u8(&c->scratch, q->members[i].type);
		buf_put_span(&c->scratch, q->members[i].name);
		buf_put_span(&c->scratch, q->members[i].avatar);
	}
	return hash64(c->scratch.data, c->scratch.len);
}

static enum parlor_err check_create(struct core *c, const struct core_room_create *q)
{
	if (q->id.len > ROW_ID_MAX || q->name.len > c->limits.name_bytes)
		return PARLOR_E_TOO_LONG;
	if (q->members_len > c->limits.room_members)
		return PARLOR_E_TOO_MANY;
	enum parlor_err err = message_check_notice(c, &q->notice);
	if (!err)
		err = membership_check_specs(c, q->members, q->members_len);
	return err;
}

enum parlor_err room_emit_created(struct core *c, const struct tenant *t,
				  const struct core_room_made *made, struct room **room)
{
	struct record r = {
		.tenant = t->no,
		.room = c->state.rooms + 1,
		.room_id = made->id,
		.room_is = {.name = made->name,
			    .content = made->content,
			    .state = ROOM_STATE_OPEN,
			    .open = made->open},
	};
	core_emit(c, &kinds[CREATED], &r);
	enum parlor_err err = c->broken ? c->broken : room_find_no(c, r.room, room);
	if (!err)
		(*room)->members_next = UINT64_MAX;
	return err;
}

/* What is told of a room is all of it, whatever changed. */
static void emit_room(struct core *c, const struct record_kind *kind, const struct room *room,
		      struct span name, uint8_t state)
{
	struct record r = {.tenant = room->row.tenant,
			   .room = room->no,
			   .room_id = room->row.id,
			   .room_is = {.name = name, .state = state, .open = room->row.open}};
	core_emit(c, kind, &r);
}

void room_emit_state(struct core *c, const struct room *room, uint8_t state)
{
	emit_room(c, &kinds[STATE], room, room->row.name, state);
}

enum parlor_err core_room_create(struct core *c, const struct core_call *call,
				 const struct core_room_create *q, struct core_room_view *view)
{
	struct tenant *t = NULL;
	struct room *room = NULL;
	core_clock(c, call);
	enum parlor_err err = check_create(c, q);
	if (!err)
		err = decide_id(call->tenant);
	if (!err)
		err = tenant_find(c, call->tenant, &t);
	if (!err && t && q->id.len)
		err = room_find(c, t->no, q->id, &room);
	if (err)
		return err;

	uint64_t content = content_of(c, q);
	if (room) {
		room_view(room, 0, view);
		if (room->row.state == ROOM_STATE_DISSOLVED)
			return PARLOR_E_ROOM_DISSOLVED;
		/* 0: imported; what was asked when it was made is not known. */
		return !room->row.content || room->row.content == content ? PARLOR_E_OK
									  : PARLOR_E_ROOM_CONFLICT;
	}
	err = member_capacity(c, t, q->members, q->members_len);
	if (!err)
		err = tenant_capacity(c, t, 1, 0);
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (err)
		return err;

	char made[33];
	snprintf(made, sizeof made, "%016llx%016llx", (unsigned long long)call->random[0],
		 (unsigned long long)call->random[1]);
	const struct core_room_made making = {.id = q->id.len ? q->id : (struct span){made, 32},
					      .name = q->name,
					      .open = q->open,
					      .content = content};
	err = room_emit_created(c, t, &making, &room);
	if (!err)
		err = membership_emit_joins(c, t, room, q->members, q->members_len);
	if (err)
		return err;
	message_emit_notice(c, room, &q->notice);
	room_view(room, c->state.position, view);
	return PARLOR_E_OK;
}

enum parlor_err core_room_rename(struct core *c, const struct core_call *call, struct span id,
				 struct span name, const struct core_notice *notice,
				 struct core_room_view *view)
{
	struct room *room;
	core_clock(c, call);
	enum parlor_err err = message_check_notice(c, notice);
	if (!err && name.len > c->limits.name_bytes)
		err = PARLOR_E_TOO_LONG;
	if (!err)
		err = decide_living_room(c, call, id, &room);
	if (err)
		return err;
	bool same = span_equal(room->row.name, name);
	if (!same) {
		emit_room(c, &kinds[RENAMED], room, name, room->row.state);
		message_emit_notice(c, room, notice);
	}
	room_view(room, same ? 0 : c->state.position, view);
	return PARLOR_E_OK;
}

enum parlor_err core_room_set_state(struct core *c, const struct core_call *call, struct span id,
				    uint8_t state, const struct core_notice *notice,
				    struct core_room_view *view)
{
	struct room *room;
	core_clock(c, call);
	enum parlor_err err = message_check_notice(c, notice);
	if (!err && (state < ROOM_STATE_OPEN || state > ROOM_STATE_DISSOLVED))
		err = PARLOR_E_VALUE;
	if (!err)
		err = state == ROOM_STATE_DISSOLVED ? decide_room(c, call, id, &room)
						    : decide_living_room(c, call, id, &room);
	/* Its members must be at hand when the record is applied; that may take pieces. */
	if (!err && state == ROOM_STATE_DISSOLVED)
		err = membership_load_all(c, room);
	if (err)
		return err;
	bool same = room->row.state == state;
	if (!same) {
		/* Sent first: a dissolved room has no subscribers. */
		if (state == ROOM_STATE_DISSOLVED)
			message_emit_notice(c, room, notice);
		emit_room(c, &kinds[STATE], room, room->row.name, state);
		if (state != ROOM_STATE_DISSOLVED)
			message_emit_notice(c, room, notice);
	}
	room_view(room, same ? 0 : c->state.position, view);
	return PARLOR_E_OK;
}

enum parlor_err core_room_show(struct core *c, const struct core_call *call, struct span id,
			       struct core_room_view *view)
{
	struct room *room;
	enum parlor_err err = decide_room(c, call, id, &room);
	if (!err)
		room_view(room, 0, view);
	return err;
}

enum parlor_err core_room_names(struct core *c, uint64_t no, struct core_room_view *view)
{
	struct room *room;
	enum parlor_err err = room_find_no(c, no, &room);
	if (!err && !room)
		err = PARLOR_E_NOT_FOUND;
	if (!err)
		room_view(room, 0, view);
	return err;
}

enum parlor_err core_room_check(struct core *c, const struct core_call *call, struct span id,
				struct span member, uint64_t *no)
{
	struct room *room;
	struct membership *ms;
	enum parlor_err err = decide_living_room(c, call, id, &room);
	if (!err)
		err = decide_membership(c, call, room, member, &ms);
	if (!err)
		*no = room->no;
	return err;
}

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err apply_room_created(struct core *c, const struct record *r)
{
	struct room *room;
	enum parlor_err err = room_find_no(c, r->room, &room);
	if (err)
		return err;
	if (c->state.rooms < r->room)
		c->state.rooms = r->room;
	err = tenant_apply(c, r, true);
	if (err || room)
		return err;
	struct row_room row = {.as_of = r->position,
			       .tenant = r->tenant,
			       .state = ROOM_STATE_OPEN,
			       .open = r->room_is.open,
			       .created_us = r->time_us,
			       .active_us = r->time_us,
			       .active_pos = r->position,
			       .content = r->room_is.content,
			       .id = r->room_id,
			       .name = r->room_is.name};
	room = room_add(c, r->room, &row);
	row_touch(&c->engine, &room->base);
	name_add(c, 'R', r->tenant, r->room_id, r->room);
	activity_add(&c->activity, room->no);
	return PARLOR_E_OK;
}

static enum parlor_err apply_room_renamed(struct core *c, const struct record *r)
{
	struct room *room;
	bool is_new;
	enum parlor_err err = apply_room_row(c, r, &room, &is_new);
	if (!err && is_new)
		room_set_name(c, room, r->room_is.name);
	return err;
}

static enum parlor_err apply_room_state(struct core *c, const struct record *r)
{
	struct room *room;
	bool is_new;
	enum parlor_err err = apply_room_row(c, r, &room, &is_new);
	if (!err && is_new) {
		room->row.state = r->room_is.state;
		if (r->room_is.state == ROOM_STATE_DISSOLVED)
			room->row.members = 0;
	}
	if (!err && r->room_is.state == ROOM_STATE_DISSOLVED)
		err = membership_remove_all(c, room, r->position);
	return err;
}

static bool is_dissolved(const struct record *r)
{
	return r->room_is.state == ROOM_STATE_DISSOLVED;
}

static const struct record_kind kinds[KINDS] = {
	[CREATED] = {.no = RECORD_ROOM_CREATED,
		     .name = "room created",
		     .fields = FIELDS(RECORD_FIELD(room), RECORD_FIELD_OF_HASH(room_is.content),
				      RECORD_FIELD(room_is.open), RECORD_FIELD(room_id),
				      RECORD_FIELD(room_is.name)),
		     .apply = apply_room_created,
		     RECORD_OF_ROOM,
		     .moves = MOVES_NOBODY},
	[RENAMED] = {.no = RECORD_ROOM_RENAMED,
		     .name = "room renamed",
		     .fields = FIELDS(RECORD_FIELD(room), RECORD_FIELD(room_is.name)),
		     .apply = apply_room_renamed,
		     RECORD_OF_ROOM,
		     .moves = MOVES_NOBODY},
	[STATE] = {.no = RECORD_ROOM_STATE,
		   .name = "room state",
		   .fields = FIELDS(RECORD_FIELD(room), RECORD_FIELD(room_is.state)),
		   .apply = apply_room_state,
		   RECORD_OF_ROOM,
		   .moves = MOVES_ALL_OUT,
		   .moves_if = is_dissolved},
};
const struct record_noun room_records = RECORD_NOUN(kinds);
