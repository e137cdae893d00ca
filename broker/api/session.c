#include "api/request.h"

#include "api/attach.h"
#include "api/lifecycle.h"
#include "core/label.h"

#include <parlor/version.h>

#include <assert.h>

static void fill_limits(const struct settings *s, Parlor__Limits *l)
{
	parlor__limits__init(l);
	l->id_bytes = ROW_ID_MAX;
	l->name_bytes = (uint32_t)s->core.name_bytes;
	l->avatar_bytes = (uint32_t)s->core.avatar_bytes;
	l->body_bytes = (uint32_t)s->core.body_bytes;
	l->frame_bytes = (uint32_t)s->frame_bytes;
	l->frame_requests = (uint32_t)s->frame_requests;
	l->room_members = (uint32_t)s->core.room_members;
	l->request_members = (uint32_t)s->core.request_members;
	l->mentions = (uint32_t)s->core.mentions;
	l->page = (uint32_t)s->core.page;
	l->session_members = (uint32_t)s->session_members;
	l->session_waiting = (uint32_t)s->session_waiting;
	l->credit = (uint32_t)s->credit;
	l->client_id_bytes = (uint32_t)s->core.client_id_bytes;
	l->labels = LABELS_MAX;
	l->label_bytes = LABEL_BYTES_MAX;
}

static void fill_attached(const struct request *a, Parlor__AttachInfo *info)
{
	info->attached = (uint32_t)session_member_count(a->session);
}

/* What was sent behind it is not lost with the session. */
static void end_session(struct request *a)
{
	assert(!a->behind.first || !a->session->backlog.frames);
	if (!a->behind.first)
		a->behind = backlog_take_all(&a->broker->backlog, &a->session->backlog);
	lifecycle_end(a->broker, a->session, PARLOR_E_OK);
	a->session = NULL;
}

static enum parlor_err op_hello(struct request *a)
{
	static char server[] = "parlord " PARLOR_VERSION;
	struct broker *b = a->broker;
	bool reset;
	Parlor__Limits *limits = request_memory(a, sizeof *limits);
	Parlor__AttachInfo *attached = request_memory(a, sizeof *attached);
	if (a->session && !a->session->begins)
		return PARLOR_E_SESSION_EXISTS;
	if (!limits || !attached)
		return PARLOR_E_NO_MEMORY;
	struct lifecycle_hello q = {.routing = a->routing,
				    .user = a->user,
				    .fd = a->frame ? front_fd(a->frame) : a->fd,
				    .hello = a->request->hello};
	enum parlor_err err = lifecycle_begin(b, &q, &a->session, &reset);
	a->full = q.full;
	if (err && err != PARLOR_E_BUSY && a->session)
		end_session(a);
	if (err)
		return err;

	Parlor__Welcome *welcome = request_result(a);
	parlor__attach_info__init(attached);
	fill_attached(a, attached);
	fill_limits(&b->settings, limits);
	welcome->version = PARLOR_PROTOCOL_VERSION;
	welcome->journal = store_journal_id(b->store);
	welcome->position =
		a->session->state == SESSION_LIVE ? core_position(b->core) : a->session->floor;
	welcome->reset = reset;
	welcome->limits = limits;
	welcome->heartbeat_ms = (uint32_t)b->settings.heartbeat_ms;
	welcome->timeout_ms = (uint32_t)b->settings.timeout_ms;
	welcome->server = server;
	welcome->attached = attached;
	return PARLOR_E_OK;
}

static enum parlor_err op_goodbye(struct request *a)
{
	request_done(a, 0);
	reply_put(a->broker, a->session, &a->reply);
	end_session(a);
	a->done = true;
	return PARLOR_E_OK;
}

static enum parlor_err op_ping(struct request *a)
{
	request_done(a, 0);
	return PARLOR_E_OK;
}

static enum parlor_err op_credit(struct request *a)
{
	session_credit_add(a->session, a->request->credit->events,
			   (uint32_t)a->broker->settings.credit);
	return op_ping(a);
}

static enum parlor_err answer_attached(struct request *a)
{
	fill_attached(a, request_result(a));
	return PARLOR_E_OK;
}

static enum parlor_err op_attach(struct request *a)
{
	const Parlor__Attach *named = a->request->attach;
	struct attach_request q = {
		.members = named->members, .n = named->n_members, .full = a->full};
	enum parlor_err err = attach_add(a->broker, a->session, &q);
	return err ? err : answer_attached(a);
}

static enum parlor_err op_detach(struct request *a)
{
	const Parlor__Detach *q = a->request->detach;
	enum parlor_err err = attach_remove(a->broker, a->session, q->members, q->n_members);
	return err ? err : answer_attached(a);
}

static const struct request_kind kinds[] = {
	REQUEST(HELLO, GOES_ON, op_hello, WELCOME),
	REQUEST(GOODBYE, NEEDS_SESSION, op_goodbye, DONE),
	REQUEST(PING, NEEDS_SESSION, op_ping, DONE),
	REQUEST(CREDIT, NEEDS_SESSION, op_credit, DONE),
	REQUEST(ATTACH, NEEDS_SESSION | TRIES_SPACE | NAMES_MANY | SHOWS_STATE | GOES_ON, op_attach,
		ATTACHED),
	REQUEST(DETACH, NEEDS_SESSION | SHOWS_STATE | GOES_ON, op_detach, ATTACHED),
};
const struct request_noun session_requests = REQUEST_NOUN(kinds);
