#include "api/room.h"

#include "core/desk/room_side.h"
#include "core/room_members.h"

_Static_assert((int)MEMBER_TYPE_MANAGER == (int)PARLOR__MEMBER_TYPE__MEMBER_MANAGER &&
		       (int)MEMBER_TYPE_MEMBER == (int)PARLOR__MEMBER_TYPE__MEMBER_MEMBER,
	       "one is cast to the other");

static enum parlor_err op_members_add(struct request *a)
{
	const Parlor__MembersAdd *q = a->request->members_add;
	struct core_notice notice = request_notice(q->notice);
	struct core_member_spec *specs;
	struct core_room_view view;
	enum parlor_err err = request_specs(a, q->members, q->n_members, &specs);
	if (!err)
		err = core_members_add(a->broker->core, &a->call, SPAN_TEXT(q->room), specs,
				       q->n_members, &notice, &view);
	return err ? err : request_answer_room(a, &view);
}

/* The record of who is changed or leaves holds what is known of the member, twice. */
static enum parlor_err reserve_known(struct request *a, size_t members)
{
	const struct core_limits *limits = &a->broker->settings.core;
	return commit_reserve(&a->broker->commit,
			      members * 2 * (limits->name_bytes + limits->avatar_bytes));
}

static enum parlor_err op_members_remove(struct request *a)
{
	const Parlor__MembersRemove *q = a->request->members_remove;
	struct core_notice notice = request_notice(q->notice);
	struct core_room_view view;
	struct span *ids;
	enum parlor_err err = request_spans(a, q->members, q->n_members,
					    a->broker->settings.core.request_members, &ids);
	if (!err)
		err = core_desk_may_leave(a->broker->core, &a->call, SPAN_TEXT(q->room), ids,
					  q->n_members);
	if (!err)
		err = reserve_known(a, q->n_members);
	if (!err)
		err = core_members_remove(a->broker->core, &a->call, SPAN_TEXT(q->room), ids,
					  q->n_members, &notice, &view);
	return err ? err : request_answer_room(a, &view);
}

static enum parlor_err op_members_change(struct request *a)
{
	const Parlor__MembersChange *q = a->request->members_change;
	struct core_notice notice = request_notice(q->notice);
	struct core_room_view view;
	if (q->n_members > a->broker->settings.core.request_members)
		return PARLOR_E_TOO_MANY;
	struct core_member_change *changes = request_memory(a, q->n_members * sizeof *changes + 1);
	if (!changes)
		return PARLOR_E_NO_MEMORY;
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
	enum parlor_err err = reserve_known(a, q->n_members);
	if (!err)
		err = core_members_change(a->broker->core, &a->call, SPAN_TEXT(q->room), changes,
					  q->n_members, &notice, &view);
	return err ? err : request_answer_room(a, &view);
}

struct member_page {
	struct request *request;
	Parlor__MemberInfo **items;
	size_t len;
	bool full; /* the reply's memory is used up */
};

static void add_member(void *ctx, const struct core_member_view *view)
{
	struct member_page *page = ctx;
	if (page->full)
		return;
	Parlor__MemberInfo *m = request_memory(page->request, sizeof *m);
	char *id = request_text(page->request, view->id);
	char *name = request_text(page->request, view->name);
	char *avatar = request_text(page->request, view->avatar);
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

static enum parlor_err op_members_list(struct request *a)
{
	const Parlor__MembersList *q = a->request->members_list;
	struct core_members_page listed = {.room = SPAN_TEXT(q->room),
					   .after = SPAN_TEXT(q->after),
					   .limit = request_limit(a, q->limit),
					   .passed = a->session->progress.at,
					   .as_of = a->session->progress.as_of};
	struct member_page page = {.request = a,
				   .items = request_memory(a, listed.limit * sizeof *page.items)};
	if (!page.items)
		return PARLOR_E_NO_MEMORY;
	enum parlor_err err =
		core_members_list(a->broker->core, &a->call, &listed, add_member, &page);
	a->session->progress = (struct session_progress){listed.passed, listed.as_of};
	if (err)
		return err;
	Parlor__MembersPage *result = request_result(a);
	result->members = page.items;
	result->n_members = page.len;
	result->more = listed.more || page.full;
	return PARLOR_E_OK;
}

static const struct request_kind kinds[] = {
	REQUEST(MEMBERS_ADD, NEEDS_SESSION | NEEDS_SPACE | NAMES_MANY | SHOWS_STATE, op_members_add,
		ROOM),
	REQUEST(MEMBERS_REMOVE, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_members_remove, ROOM),
	REQUEST(MEMBERS_CHANGE, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_members_change, ROOM),
	REQUEST(MEMBERS_LIST, NEEDS_SESSION | SHOWS_STATE | GOES_ON, op_members_list, MEMBERS),
};
const struct request_noun members_requests = REQUEST_NOUN(kinds);
