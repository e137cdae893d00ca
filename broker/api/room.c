#include "api/request.h"
#include "core/room_members.h"

#include "base/random.h"

#include <string.h>

static struct core_notice notice_of(const Parlor__Notice *n)
{
	struct core_notice notice = {{"", 0}, {"", 0}};
	if (n) {
		notice.body = SPAN_TEXT(n->body);
		notice.sender = SPAN_TEXT(n->sender);
	}
	return notice;
}

static enum parlor_err answer_room(struct ask *a, const struct core_room_view *view)
{
	Parlor__RoomInfo *info = &a->room;
	parlor__room_info__init(info);
	info->room = ask_text(a, view->id);
	info->name = ask_text(a, view->name);
	if (!info->room || !info->name)
		return PARLOR_E_NO_MEMORY;
	info->state = (Parlor__RoomState)view->state;
	info->history_open = view->open;
	info->members = view->members;
	info->last_seq = view->last_seq;
	info->counted = view->counted;
	info->created_us = view->created_us;
	info->active_us = view->active_us;
	info->position = view->position;
	a->reply.result_case = PARLOR__REPLY__RESULT_ROOM;
	a->reply.room = info;
	return PARLOR_E_OK;
}

static enum parlor_err read_specs(struct ask *a, Parlor__MemberSpec **in, size_t n,
				  struct core_member_spec **out)
{
	if (n > a->broker->settings.request_members)
		return PARLOR_E_TOO_MANY;
	*out = ask_memory(a, n * sizeof **out + 1);
	if (!*out)
		return PARLOR_E_TOO_MANY;
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

enum parlor_err op_room_create(struct ask *a)
{
	const Parlor__RoomCreate *q = a->request->room_create;
	struct core_call call = ask_call(a);
	struct core_member_spec *specs;
	struct core_room_view view;
	enum parlor_err err = read_specs(a, q->members, q->n_members, &specs);
	if (!err && !*q->room)
		err = random_bytes(call.random, sizeof call.random);
	if (err)
		return err;
	struct core_room_create create = {.id = SPAN_TEXT(q->room),
					  .name = SPAN_TEXT(q->name),
					  .open = q->history_open,
					  .members = specs,
					  .members_len = q->n_members,
					  .notice = notice_of(q->notice)};
	err = core_room_create(a->broker->core, &call, &create, &view);
	return err ? err : answer_room(a, &view);
}

enum parlor_err op_room_rename(struct ask *a)
{
	const Parlor__RoomRename *q = a->request->room_rename;
	struct core_call call = ask_call(a);
	struct core_notice notice = notice_of(q->notice);
	struct core_room_view view;
	enum parlor_err err = core_room_rename(a->broker->core, &call, SPAN_TEXT(q->room),
					       SPAN_TEXT(q->name), &notice, &view);
	return err ? err : answer_room(a, &view);
}

static enum parlor_err set_state(struct ask *a, const char *room, enum room_state state,
				 const Parlor__Notice *n)
{
	struct core_call call = ask_call(a);
	struct core_notice notice = notice_of(n);
	struct core_room_view view;
	enum parlor_err err = core_room_set_state(a->broker->core, &call, SPAN_TEXT(room),
						  (uint8_t)state, &notice, &view);
	return err ? err : answer_room(a, &view);
}

enum parlor_err op_room_close(struct ask *a)
{
	const Parlor__RoomClose *q = a->request->room_close;
	return set_state(a, q->room, ROOM_STATE_CLOSED, q->notice);
}

enum parlor_err op_room_reopen(struct ask *a)
{
	const Parlor__RoomReopen *q = a->request->room_reopen;
	return set_state(a, q->room, ROOM_STATE_OPEN, q->notice);
}

enum parlor_err op_room_dissolve(struct ask *a)
{
	const Parlor__RoomDissolve *q = a->request->room_dissolve;
	return set_state(a, q->room, ROOM_STATE_DISSOLVED, q->notice);
}

enum parlor_err op_room_show(struct ask *a)
{
	struct core_call call = ask_call(a);
	struct core_room_view view;
	enum parlor_err err = core_room_show(a->broker->core, &call,
					     SPAN_TEXT(a->request->room_show->room), &view);
	view.position = 0;
	return err ? err : answer_room(a, &view);
}

/* ---- members ----------------------------------------------------------------------------- */

enum parlor_err op_members_add(struct ask *a)
{
	const Parlor__MembersAdd *q = a->request->members_add;
	struct core_call call = ask_call(a);
	struct core_notice notice = notice_of(q->notice);
	struct core_member_spec *specs;
	struct core_room_view view;
	enum parlor_err err = read_specs(a, q->members, q->n_members, &specs);
	if (!err)
		err = core_members_add(a->broker->core, &call, SPAN_TEXT(q->room), specs,
				       q->n_members, &notice, &view);
	return err ? err : answer_room(a, &view);
}

enum parlor_err op_members_remove(struct ask *a)
{
	const Parlor__MembersRemove *q = a->request->members_remove;
	struct core_call call = ask_call(a);
	struct core_notice notice = notice_of(q->notice);
	struct core_room_view view;
	if (q->n_members > a->broker->settings.request_members)
		return PARLOR_E_TOO_MANY;
	struct span *ids = ask_memory(a, q->n_members * sizeof *ids + 1);
	if (!ids)
		return PARLOR_E_TOO_MANY;
	for (size_t i = 0; i < q->n_members; i++)
		ids[i] = SPAN_TEXT(q->members[i]);
	enum parlor_err err = core_members_remove(a->broker->core, &call, SPAN_TEXT(q->room), ids,
						  q->n_members, &notice, &view);
	return err ? err : answer_room(a, &view);
}

enum parlor_err op_members_change(struct ask *a)
{
	const Parlor__MembersChange *q = a->request->members_change;
	struct core_call call = ask_call(a);
	struct core_notice notice = notice_of(q->notice);
	struct core_room_view view;
	if (q->n_members > a->broker->settings.request_members)
		return PARLOR_E_TOO_MANY;
	struct core_member_change *changes = ask_memory(a, q->n_members * sizeof *changes + 1);
	if (!changes)
		return PARLOR_E_TOO_MANY;
	for (size_t i = 0; i < q->n_members; i++) {
		const Parlor__MemberChange *m = q->members[i];
		if (m->type < 0 || m->type > UINT8_MAX)
			return PARLOR_E_VALUE;
		changes[i] = (struct core_member_change){.id = SPAN_TEXT(m->member),
							 .type = (uint8_t)m->type,
							 .set_name = m->set_name,
							 .set_avatar = m->set_avatar,
							 .name = SPAN_TEXT(m->name),
							 .avatar = SPAN_TEXT(m->avatar)};
	}
	enum parlor_err err = core_members_change(a->broker->core, &call, SPAN_TEXT(q->room),
						  changes, q->n_members, &notice, &view);
	return err ? err : answer_room(a, &view);
}

struct member_page {
	struct ask *ask;
	Parlor__MemberInfo **items;
	size_t len;
	bool full; /* the reply's memory is used up */
};

static void add_member(void *ctx, const struct core_member_view *view)
{
	struct member_page *page = ctx;
	if (page->full)
		return;
	Parlor__MemberInfo *m = ask_memory(page->ask, sizeof *m);
	char *id = ask_text(page->ask, view->id);
	char *name = ask_text(page->ask, view->name);
	char *avatar = ask_text(page->ask, view->avatar);
	if (!m || !id || !name || !avatar) {
		page->full = true;
		return;
	}
	parlor__member_info__init(m);
	m->member = id;
	m->name = name;
	m->avatar = avatar;
	m->type = (Parlor__MemberType)view->type;
	m->read_seq = view->read_seq;
	m->unread = view->unread;
	m->joined_us = view->joined_us;
	m->joined_seq = view->joined_seq;
	page->items[page->len++] = m;
}

enum parlor_err op_members_list(struct ask *a)
{
	const Parlor__MembersList *q = a->request->members_list;
	struct core_call call = ask_call(a);
	size_t limit = ask_limit(a, q->limit);
	bool more;
	struct member_page page = {.ask = a, .items = ask_memory(a, limit * sizeof *page.items)};
	if (!page.items)
		return PARLOR_E_NO_MEMORY;
	enum parlor_err err =
		core_members_list(a->broker->core, &call, SPAN_TEXT(q->room), SPAN_TEXT(q->after),
				  limit, add_member, &page, &more);
	if (err)
		return err;
	parlor__members_page__init(&a->members);
	a->members.members = page.items;
	a->members.n_members = page.len;
	a->members.more = more || page.full;
	a->reply.result_case = PARLOR__REPLY__RESULT_MEMBERS;
	a->reply.members = &a->members;
	return PARLOR_E_OK;
}
