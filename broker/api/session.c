#include "api/request.h"
#include "core/presence.h"
#include "core/room.h"

#include "api/lifecycle.h"
#include "fanout/live.h"
#include "turn/presence.h"

#include <parlor/version.h>

#include <string.h>

static void fill_limits(const struct settings *s, Parlor__Limits *l)
{
	parlor__limits__init(l);
	l->id_bytes = ROW_ID_MAX;
	l->name_bytes = (uint32_t)s->name_bytes;
	l->avatar_bytes = (uint32_t)s->avatar_bytes;
	l->body_bytes = (uint32_t)s->body_bytes;
	l->frame_bytes = (uint32_t)s->frame_bytes;
	l->frame_requests = (uint32_t)s->frame_requests;
	l->room_members = (uint32_t)s->room_members;
	l->request_members = (uint32_t)s->request_members;
	l->mentions = (uint32_t)s->mentions;
	l->page = (uint32_t)s->page;
	l->session_members = (uint32_t)s->session_members;
	l->session_waiting = (uint32_t)s->session_waiting;
	l->credit = (uint32_t)s->credit;
	l->client_id_bytes = (uint32_t)s->client_id_bytes;
}

static void fill_attached(struct ask *a)
{
	parlor__attach_info__init(&a->attached);
	a->attached.attached = (uint32_t)session_member_count(a->session);
}

enum parlor_err op_hello(struct ask *a)
{
	static char server[] = "parlord " PARLOR_VERSION;
	struct broker *b = a->broker;
	bool reset;
	if (a->session)
		return PARLOR_E_SESSION_EXISTS;
	struct lifecycle_hello q = {.routing = a->routing,
				    .user = a->user,
				    .fd = a->frame ? front_fd(a->frame) : a->fd,
				    .hello = a->request->hello};
	enum parlor_err err = lifecycle_begin(b, &q, &a->session, &reset);
	if (err)
		return err;

	fill_limits(&b->settings, &a->limits);
	fill_attached(a);
	parlor__welcome__init(&a->welcome);
	a->welcome.version = PARLOR_PROTOCOL_VERSION;
	a->welcome.journal = store_journal_id(b->store);
	a->welcome.position =
		a->session->state == SESSION_LIVE ? core_position(b->core) : a->session->floor;
	a->welcome.reset = reset;
	a->welcome.limits = &a->limits;
	a->welcome.heartbeat_ms = (uint32_t)b->settings.heartbeat_ms;
	a->welcome.timeout_ms = (uint32_t)b->settings.timeout_ms;
	a->welcome.server = server;
	a->welcome.attached = &a->attached;
	a->reply.result_case = PARLOR__REPLY__RESULT_WELCOME;
	a->reply.welcome = &a->welcome;
	return PARLOR_E_OK;
}

enum parlor_err op_goodbye(struct ask *a)
{
	ask_done(a, 0);
	reply_put(a->broker, a->session, &a->reply);
	lifecycle_end(a->broker, a->session, PARLOR_E_OK);
	a->done = a->ended = true;
	return PARLOR_E_OK;
}

enum parlor_err op_ping(struct ask *a)
{
	ask_done(a, 0);
	return PARLOR_E_OK;
}

enum parlor_err op_credit(struct ask *a)
{
	session_credit_add(a->session, a->request->credit->events,
			   (uint32_t)a->broker->settings.credit);
	return op_ping(a);
}

static enum parlor_err answer_attached(struct ask *a)
{
	fill_attached(a);
	a->reply.result_case = PARLOR__REPLY__RESULT_ATTACHED;
	a->reply.attached = &a->attached;
	return PARLOR_E_OK;
}

enum parlor_err op_attach(struct ask *a)
{
	const Parlor__Attach *q = a->request->attach;
	enum parlor_err err =
		lifecycle_attach(a->broker, a->session, q->members, q->n_members, a->full);
	return err ? err : answer_attached(a);
}

enum parlor_err op_detach(struct ask *a)
{
	const Parlor__Detach *q = a->request->detach;
	enum parlor_err err = lifecycle_detach(a->broker, a->session, q->members, q->n_members);
	return err ? err : answer_attached(a);
}

enum parlor_err op_presence_set(struct ask *a)
{
	const Parlor__PresenceSet *q = a->request->presence_set;
	struct broker *b = a->broker;
	struct core_call call = ask_call(a);
	uint64_t member, before = core_position(b->core);
	if (q->presence != PARLOR__PRESENCE__PRESENCE_ONLINE &&
	    q->presence != PARLOR__PRESENCE__PRESENCE_BUSY)
		return PARLOR_E_VALUE;
	if (!*q->member)
		return PARLOR_E_EMPTY;
	enum parlor_err err = core_member_find(b->core, &call, SPAN_TEXT(q->member), &member);
	if (!err && (!member || !session_member_find(a->session, member)))
		err = PARLOR_E_NOT_ATTACHED;
	if (!err)
		err = core_presence_set(b->core, &call, member, (uint8_t)q->presence);
	if (err)
		return err;
	presence_settled(&b->commit, member);
	uint64_t after = core_position(b->core);
	ask_done(a, after == before ? 0 : after);
	return PARLOR_E_OK;
}

enum parlor_err op_presence_get(struct ask *a)
{
	const Parlor__PresenceGet *q = a->request->presence_get;
	struct core_call call = ask_call(a);
	if (q->n_members > a->broker->settings.request_members)
		return PARLOR_E_TOO_MANY;
	size_t n = q->n_members;
	Parlor__MemberPresence *items = ask_memory(a, n * sizeof *items + 1);
	Parlor__MemberPresence **list = ask_memory(a, n * sizeof *list + 1);
	if (!items || !list)
		return PARLOR_E_TOO_MANY;
	for (size_t i = 0; i < n; i++) {
		uint8_t presence;
		uint64_t last_seen_us;
		enum parlor_err err = core_presence_get(
			a->broker->core, &call, SPAN_TEXT(q->members[i]), &presence, &last_seen_us);
		if (err)
			return err;
		parlor__member_presence__init(&items[i]);
		items[i].member = q->members[i];
		items[i].presence = (Parlor__Presence)presence;
		items[i].last_seen_us = last_seen_us;
		list[i] = &items[i];
	}
	parlor__presence_page__init(&a->presence);
	a->presence.n_members = n;
	a->presence.members = list;
	a->reply.result_case = PARLOR__REPLY__RESULT_PRESENCE;
	a->reply.presence = &a->presence;
	return PARLOR_E_OK;
}

enum parlor_err op_typing(struct ask *a)
{
	const Parlor__Typing *q = a->request->typing;
	struct core_call call = ask_call(a);
	struct span room = SPAN_TEXT(q->room), member = SPAN_TEXT(q->member);
	uint64_t no;
	enum parlor_err err = core_room_check(a->broker->core, &call, room, member, &no);
	if (err)
		return err;
	live_typing(&a->broker->fanout, &a->broker->commit.turn.replies, no, room, member);
	ask_done(a, 0);
	return PARLOR_E_OK;
}
