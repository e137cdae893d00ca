/* Deciding about rooms: create, rename, close, reopen, dissolve, show. */
#include "core/decide.h"

#include <stdio.h>
#include <string.h>

void core_view_room(const struct room *r, struct core_room_view *view)
{
	*view = (struct core_room_view){
		.no = r->no,
		.id = r->row.id,
		.name = r->row.name,
		.state = r->row.state,
		.open = r->row.open,
		.members = r->row.members,
		.last_seq = r->row.last_seq,
		.counted = r->row.counted,
		.created_us = r->row.created_us,
		.active_us = r->row.active_us,
	};
}

void core_emit_notice(struct core *c, struct room *room, const struct core_notice *n)
{
	if (!n->body.len)
		return;
	struct message_draft draft = {
		.room = room, .type = MESSAGE_TYPE_NOTICE, .body = n->body, .sender_id = n->sender};
	if (n->sender.len) {
		struct member *m = NULL;
		enum parlor_err err = tables_member(c, room->row.tenant, n->sender, &m);
		if (!err && m)
			err = tables_membership(c, room, m, &draft.sender);
		draft.sender_no = !err && draft.sender ? m->no : 0;
		if (err)
			core_break(c, err);
	}
	struct core_posted posted;
	core_emit_message(c, &draft, &posted);
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
	enum parlor_err err = decide_notice(c, &q->notice);
	if (!err)
		err = decide_specs(c, q->members, q->members_len);
	return err;
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
		err = tables_tenant(c, call->tenant, &t);
	if (!err && t && q->id.len)
		err = tables_room(c, t->no, q->id, &room);
	if (err)
		return err;

	uint64_t content = content_of(c, q);
	if (room) {
		core_view_room(room, view);
		if (room->row.state == ROOM_STATE_DISSOLVED)
			return PARLOR_E_ROOM_DISSOLVED;
		/* 0: told, not asked for; what was asked then is not known. */
		return !room->row.content || room->row.content == content ? PARLOR_E_OK
									  : PARLOR_E_ROOM_CONFLICT;
	}
	err = decide_capacity(c, t, q->members, q->members_len);
	if (!err && c->state.rooms >= c->limits.rooms)
		err = PARLOR_E_TENANT_FULL;
	if (!err)
		err = decide_tenant(c, call, &t);
	if (err)
		return err;

	char made[33];
	snprintf(made, sizeof made, "%016llx%016llx", (unsigned long long)call->random[0],
		 (unsigned long long)call->random[1]);
	struct record r = {.kind = RECORD_ROOM_CREATED,
			   .tenant = t->no,
			   .room = c->state.rooms + 1,
			   .content = content,
			   .open = q->open,
			   .type = ROOM_STATE_OPEN,
			   .room_id = q->id.len ? q->id : (struct span){made, 32},
			   .room_name = q->name};
	core_emit(c, &r);
	err = c->broken ? c->broken : tables_room_no(c, r.room, &room);
	if (!err) {
		room->all_members = true;
		err = core_emit_joins(c, t, room, q->members, q->members_len);
	}
	if (err)
		return err;
	core_emit_notice(c, room, &q->notice);
	core_view_room(room, view);
	view->position = c->state.position;
	return PARLOR_E_OK;
}

enum parlor_err core_room_rename(struct core *c, const struct core_call *call, struct span id,
				 struct span name, const struct core_notice *notice,
				 struct core_room_view *view)
{
	struct room *room;
	core_clock(c, call);
	enum parlor_err err = decide_notice(c, notice);
	if (!err && name.len > c->limits.name_bytes)
		err = PARLOR_E_TOO_LONG;
	if (!err)
		err = decide_living_room(c, call, id, &room);
	if (err)
		return err;
	bool same = span_equal(room->row.name, name);
	if (!same) {
		struct record r = {.kind = RECORD_ROOM_RENAMED,
				   .tenant = room->row.tenant,
				   .room = room->no,
				   .room_id = room->row.id,
				   .open = room->row.open,
				   .type = room->row.state,
				   .room_name = name};
		core_emit(c, &r);
		core_emit_notice(c, room, notice);
	}
	core_view_room(room, view);
	view->position = same ? 0 : c->state.position;
	return PARLOR_E_OK;
}

enum parlor_err core_room_set_state(struct core *c, const struct core_call *call, struct span id,
				    uint8_t state, const struct core_notice *notice,
				    struct core_room_view *view)
{
	struct room *room;
	core_clock(c, call);
	enum parlor_err err = decide_notice(c, notice);
	if (!err && (state < ROOM_STATE_OPEN || state > ROOM_STATE_DISSOLVED))
		err = PARLOR_E_VALUE;
	if (!err)
		err = state == ROOM_STATE_DISSOLVED ? decide_room(c, call, id, &room)
						    : decide_living_room(c, call, id, &room);
	/* Its members must be at hand when the record is applied. */
	if (!err && state == ROOM_STATE_DISSOLVED)
		err = tables_load_members(c, room);
	if (err)
		return err;
	bool same = room->row.state == state;
	if (!same) {
		struct record r = {.kind = RECORD_ROOM_STATE,
				   .tenant = room->row.tenant,
				   .room = room->no,
				   .room_id = room->row.id,
				   .room_name = room->row.name,
				   .open = room->row.open,
				   .type = state};
		/* Behind its end nobody would hear of it. */
		if (state == ROOM_STATE_DISSOLVED)
			core_emit_notice(c, room, notice);
		core_emit(c, &r);
		if (state != ROOM_STATE_DISSOLVED)
			core_emit_notice(c, room, notice);
	}
	core_view_room(room, view);
	view->position = same ? 0 : c->state.position;
	return PARLOR_E_OK;
}

enum parlor_err core_room_show(struct core *c, const struct core_call *call, struct span id,
			       struct core_room_view *view)
{
	struct room *room;
	enum parlor_err err = decide_room(c, call, id, &room);
	if (!err)
		core_view_room(room, view);
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
