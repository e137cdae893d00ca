#include "api/room.h"

#include "core/room_members.h"

#include "base/random.h"

_Static_assert((int)ROOM_STATE_OPEN == (int)PARLOR__ROOM_STATE__ROOM_OPEN &&
		       (int)ROOM_STATE_CLOSED == (int)PARLOR__ROOM_STATE__ROOM_CLOSED &&
		       (int)ROOM_STATE_DISSOLVED == (int)PARLOR__ROOM_STATE__ROOM_DISSOLVED,
	       "one is cast to the other");

struct core_notice request_notice(const Parlor__Notice *n)
{
	struct core_notice notice = {{"", 0}, {"", 0}};
	if (n) {
		notice.body = SPAN_TEXT(n->body);
		notice.sender = SPAN_TEXT(n->sender);
	}
	return notice;
}

enum parlor_err request_answer_room(struct request *a, const struct core_room_view *view)
{
	Parlor__RoomInfo *info = request_result(a);
	info->room = request_text(a, view->id);
	info->name = request_text(a, view->name);
	info->labels = request_texts(a, view->labels, &info->n_labels);
	if (!info->room || !info->name || !info->labels)
		return PARLOR_E_NO_MEMORY;
	info->state = (Parlor__RoomState)view->state;
	info->history_open = view->open;
	info->members = view->members;
	info->last_seq = view->last_seq;
	info->counted = view->counted;
	info->created_us = view->created_us;
	info->active_us = view->active_us;
	info->position = view->position;
	return PARLOR_E_OK;
}

enum parlor_err request_specs(struct request *a, Parlor__MemberSpec **in, size_t n,
			      struct core_member_spec **out)
{
	if (n > a->broker->settings.core.request_members)
		return PARLOR_E_TOO_MANY;
	*out = request_memory(a, n * sizeof **out + 1);
	if (!*out)
		return PARLOR_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		if (in[i]->type < 0 || in[i]->type > UINT8_MAX)
			return PARLOR_E_VALUE;
		(*out)[i] = (struct core_member_spec){.id = SPAN_TEXT(in[i]->member),
						      .type = (uint8_t)in[i]->type,
						      .name = SPAN_TEXT(in[i]->name),
						      .avatar = SPAN_TEXT(in[i]->avatar)};
	}
	return PARLOR_E_OK;
}

static enum parlor_err op_room_create(struct request *a)
{
	const Parlor__RoomCreate *q = a->request->room_create;
	struct core_member_spec *specs;
	struct core_room_view view;
	enum parlor_err err = request_specs(a, q->members, q->n_members, &specs);
	if (!err && !*q->room)
		err = random_bytes(a->call.random, sizeof a->call.random);
	if (err)
		return err;
	struct core_room_create create = {.id = SPAN_TEXT(q->room),
					  .name = SPAN_TEXT(q->name),
					  .open = q->history_open,
					  .members = specs,
					  .members_len = q->n_members,
					  .notice = request_notice(q->notice)};
	err = core_room_create(a->broker->core, &a->call, &create, &view);
	return err ? err : request_answer_room(a, &view);
}

static enum parlor_err op_room_rename(struct request *a)
{
	const Parlor__RoomRename *q = a->request->room_rename;
	struct core_notice notice = request_notice(q->notice);
	struct core_room_view view;
	enum parlor_err err = core_room_rename(a->broker->core, &a->call, SPAN_TEXT(q->room),
					       SPAN_TEXT(q->name), &notice, &view);
	return err ? err : request_answer_room(a, &view);
}

static enum parlor_err set_state(struct request *a, const char *room, enum room_state state,
				 const Parlor__Notice *n)
{
	struct core_notice notice = request_notice(n);
	struct core_room_view view;
	enum parlor_err err = core_room_set_state(a->broker->core, &a->call, SPAN_TEXT(room),
						  (uint8_t)state, &notice, &view);
	return err ? err : request_answer_room(a, &view);
}

static enum parlor_err op_room_close(struct request *a)
{
	const Parlor__RoomClose *q = a->request->room_close;
	return set_state(a, q->room, ROOM_STATE_CLOSED, q->notice);
}

static enum parlor_err op_room_reopen(struct request *a)
{
	const Parlor__RoomReopen *q = a->request->room_reopen;
	return set_state(a, q->room, ROOM_STATE_OPEN, q->notice);
}

static enum parlor_err op_room_dissolve(struct request *a)
{
	const Parlor__RoomDissolve *q = a->request->room_dissolve;
	return set_state(a, q->room, ROOM_STATE_DISSOLVED, q->notice);
}

static enum parlor_err op_room_show(struct request *a)
{
	struct core_room_view view;
	enum parlor_err err = core_room_show(a->broker->core, &a->call,
					     SPAN_TEXT(a->request->room_show->room), &view);
	return err ? err : request_answer_room(a, &view);
}

static const struct request_kind kinds[] = {
	REQUEST(ROOM_CREATE, NEEDS_SESSION | NEEDS_SPACE | NAMES_MANY | SHOWS_STATE, op_room_create,
		ROOM),
	REQUEST(ROOM_RENAME, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_room_rename, ROOM),
	REQUEST(ROOM_CLOSE, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_room_close, ROOM),
	REQUEST(ROOM_REOPEN, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_room_reopen, ROOM),
	REQUEST(ROOM_DISSOLVE, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE | GOES_ON,
		op_room_dissolve, ROOM),
	REQUEST(ROOM_SHOW, NEEDS_SESSION | SHOWS_STATE, op_room_show, ROOM),
};
const struct request_noun room_requests = REQUEST_NOUN(kinds);
