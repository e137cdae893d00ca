#include "api/dispatch.h"

#include "api/message.h"
#include "api/request.h"
#include "core/prefetch.h"
#include "turn/commit.h"
#include "wire.h"

#include "base/die.h"
#include "base/mem.h"
#include "base/text.h"

#include <parlor/fields.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_TAG (PB_TO_BROKER_REQUESTS << 3 | 2)
/* What was held back may take this part of a turn: the rest is for who comes now. */
#define BACKLOG_SHARE 2

/* To whoever said no hello, or to the session when there is one. */
static void refuse(struct broker *b, struct session *s, struct span routing, uint64_t id, int code)
{
	if (s)
		reply_refuse(b, s, id, code, NULL);
	else
		reply_refuse_stranger(b, routing, id, code);
}

/* ---- one request ---------------------------------------------------------------------- */

/* What the records of a request take, against its own bytes. */
#define RECORDS_PER_NAME 10

static size_t cost(const struct request *a)
{
	if (!(a->kind->needs & NAMES_MANY))
		return a->bytes;
	return a->bytes + RECORDS_PER_NAME * protobuf_c_message_get_packed_size(&a->request->base);
}

static enum parlor_err check(struct request *a)
{
	unsigned needs = a->kind->needs;
	if ((needs & NEEDS_SESSION) && !a->session)
		return PARLOR_E_NO_SESSION;
	enum parlor_err err = PARLOR_E_OK;
	if (needs & NEEDS_SETTLED)
		err = commit_settle(&a->broker->commit);
	if (!err && (needs & (NEEDS_SPACE | ASKS_SPACE)))
		err = commit_reserve(&a->broker->commit, cost(a));
	a->full = err == PARLOR_E_STORE_FULL;
	return a->full && (needs & ASKS_SPACE) ? PARLOR_E_OK : err;
}

static void dispatch_request(struct broker *b, struct request *a)
{
	b->counts.requests++;
	ask_begin(a);
	a->kind = request_kind(&b->kinds, (unsigned)a->request->op_case);
	a->later = a->done = a->ended = false;

	enum parlor_err err = a->kind ? check(a) : PARLOR_E_OP;
	if (!err)
		err = a->kind->handle(a);
	if (!err && (a->kind->needs & SHOWS_STATE))
		a->reply.as_of = core_position(b->core);
	die_at("request_decided");
	b->commit.failed |= core_broken(b->core) != PARLOR_E_OK;
	if (b->commit.failed)
		return;
	if (err)
		refuse(b, a->session, a->routing, a->request->id, err);
	else if (!a->later && !a->done)
		reply_put(b, a->session, &a->reply);
	if (a->ended)
		a->session = NULL;
}

/* ---- held back ----------------------------------------------------------------------- */

void dispatch_count(struct broker *b)
{
	price_set(&b->price, PRICE_RECORDS, b->commit.turn.len);
	price_set(&b->price, PRICE_RECORD_BYTES, b->commit.turn.bytes.len);
	price_set(&b->price, PRICE_STEPS, b->meter.steps);
	price_set(&b->price, PRICE_BYTES_OUT, replies_bytes(&b->commit.turn.replies));
}

/* Whether the next request is carried out in this turn: the turn has budget for it,
 * and there is room for its reply. Strangers' replies are dropped rather. */
static bool goes_on(struct broker *b, const struct request *a)
{
	dispatch_count(b);
	return !a->session ||
	       (!price_splits(&b->price) && outbox_may_reply(b->outbox, a->session->out));
}

/* For another turn. Who sends more than can be held does not read: it is let go. */
static void hold_back(struct broker *b, struct session *s, const struct backlog_rest *rest)
{
	if (!backlog_add(&b->backlog, &s->backlog, rest, session_count(b->fanout.sessions)))
		session_end_soon(b->fanout.sessions, s, PARLOR_E_BUSY);
}

/* ---- a frame ---------------------------------------------------------------------------- */

/* The id of a request that cannot be decoded, as far as it can be seen. */
static uint64_t request_id(struct span bytes)
{
	struct reader in;
	reader_init(&in, bytes.data, bytes.len);
	if (reader_varint(&in) != PB_REQUEST_ID << 3)
		return 0;
	uint64_t id = reader_varint(&in);
	return in.bad ? 0 : id;
}

/* Passes over a field that is not known, of a frame known to be good. */
static void skip(struct reader *in, uint64_t tag)
{
	enum { VARINT = 0, FIXED64 = 1, BYTES = 2 };
	if ((tag & 7) == VARINT)
		(void)reader_varint(in);
	else if ((tag & 7) == FIXED64)
		(void)reader_u64(in);
	else if ((tag & 7) == BYTES)
		(void)reader_span(in);
	else
		(void)reader_u32(in);
}

/* The requests of a frame one by one, as long as the turn goes on; true at the end. Of
 * a frame that does not decode as a whole (err) the good ones are served, each bad one
 * is refused under its own id. */
static bool dispatch_each(struct broker *b, struct request *a, struct backlog_rest *rest)
{
	struct reader in;
	reader_init(&in, rest->bytes.data, rest->bytes.len);
	while (reader_left(&in)) {
		rest->bytes = (struct span){in.at, reader_left(&in)};
		if (!goes_on(b, a))
			return false;
		uint64_t tag = reader_varint(&in);
		if (tag != REQUESTS_TAG && !rest->err) {
			skip(&in, tag);
			continue;
		}
		struct span bytes = reader_span(&in);
		if (in.bad || tag != REQUESTS_TAG) {
			refuse(b, a->session, a->routing, 0, rest->err);
			return true;
		}
		ProtobufCMessage *request;
		arena_clear(&b->request_arena);
		enum parlor_err err = wire_decode(&parlor__request__descriptor, &b->request_arena,
						  bytes.data, bytes.len, &request);
		if (err) {
			refuse(b, a->session, a->routing, request_id(bytes), err);
			continue;
		}
		a->request = (const Parlor__Request *)request;
		a->bytes = bytes.len;
		dispatch_request(b, a);
		if (b->commit.failed)
			return true;
	}
	return true;
}

/* The posts among requests that come next. */
static void expect(struct request *a, Parlor__Request *const *requests, size_t n)
{
	struct core_prefetched posts[CORE_PREFETCH_MAX];
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		if (requests[i]->op_case == PARLOR__REQUEST__OP_POST)
			posts[len++] =
				(struct core_prefetched){SPAN_TEXT(requests[i]->post->room),
							 SPAN_TEXT(requests[i]->post->sender)};
	if (len > 1)
		core_prefetch(a->broker->core, request_call(a).tenant, posts, len);
}

/* From the request of that number on, of a frame known to be good. */
static struct span frame_from(struct span payload, size_t request)
{
	struct reader in;
	reader_init(&in, payload.data, payload.len);
	for (;;) {
		struct span rest = {in.at, reader_left(&in)};
		uint64_t tag = reader_varint(&in);
		if (in.bad || (tag == REQUESTS_TAG && request-- == 0))
			return rest;
		skip(&in, tag);
	}
}

/* True at the frame's end; else the rest is left. */
static bool dispatch_rest(struct broker *b, struct request *a, struct backlog_rest *rest)
{
	ProtobufCMessage *decoded;
	struct span payload = rest->bytes;
	if (rest->begun)
		return dispatch_each(b, a, rest);
	rest->begun = true;
	size_t requests_max = b->settings.frame_requests;
	/* Before anything is decoded: millions of them fit into a frame. */
	if (wire_count(payload, PB_TO_BROKER_REQUESTS, requests_max) > requests_max) {
		b->counts.frames_bad++;
		refuse(b, a->session, a->routing, 0, PARLOR_E_TOO_MANY);
		return true;
	}
	arena_clear(&b->request_arena);
	rest->err = wire_decode(&parlor__to_broker__descriptor, &b->request_arena, payload.data,
				payload.len, &decoded);
	if (rest->err) {
		b->counts.frames_bad++;
		return dispatch_each(b, a, rest);
	}
	const Parlor__ToBroker *frame = (const Parlor__ToBroker *)decoded;
	for (size_t i = 0; i < frame->n_requests && !b->commit.failed; i++) {
		size_t left = frame->n_requests - i;
		if (!goes_on(b, a)) {
			rest->bytes = frame_from(payload, i);
			return false;
		}
		if (i % CORE_PREFETCH_MAX == 0 && left > 1 && a->session)
			expect(a, frame->requests + i,
			       left < CORE_PREFETCH_MAX ? left : CORE_PREFETCH_MAX);
		/* What the turn reserves adds up: the whole frame is counted once. */
		a->bytes = i == 0 ? payload.len : 0;
		a->request = frame->requests[i];
		dispatch_request(b, a);
	}
	return true;
}

void dispatch_frame(struct broker *b, const struct front_frame *f)
{
	struct request a = {
		.broker = b,
		.session = session_find(b->fanout.sessions, front_routing(f), front_user(f)),
		.routing = front_routing(f),
		.user = front_user(f),
		.frame = f};
	if (a.session && a.session->ending)
		return;
	if (a.session)
		session_heard(b->fanout.sessions, a.session, b->listened_us);
	if (f->err) {
		b->counts.frames_bad++;
		refuse(b, a.session, a.routing, 0, f->err);
		return;
	}
	/* In order: behind what is held back. */
	struct backlog_rest rest = {.bytes = front_payload(f)};
	bool waits = a.session && a.session->backlog.frames;
	if (waits || !dispatch_rest(b, &a, &rest))
		hold_back(b, a.session, &rest);
}

/* True when the session could go on in another turn. */
static bool dispatch_held_back(struct broker *b, struct session *s)
{
	/* Of its own: a frame may end the session, and begin another behind that. */
	uint8_t routing[SESSION_ROUTING_BYTES];
	char *user = s->user ? mem_text(s->user, strlen(s->user)) : NULL;
	memcpy(routing, session_routing(s).data, sizeof routing);
	struct request a = {.broker = b,
			    .session = s,
			    .routing = {routing, sizeof routing},
			    .user = user,
			    .fd = s->connection.fd};
	while (a.session == s && !b->commit.failed && goes_on(b, &a)) {
		struct backlog_frame *f = backlog_take(&b->backlog, &s->backlog);
		if (!f)
			break;
		if (dispatch_rest(b, &a, &f->rest))
			free(f);
		else
			backlog_put_back(&b->backlog, &a.session->backlog, f);
	}
	free(user);
	return a.session && a.session->backlog.frames &&
	       outbox_may_reply(b->outbox, a.session->out);
}

bool dispatch_backlog(struct broker *b)
{
	bool more = false;
	dispatch_count(b);
	price_share(&b->price, BACKLOG_SHARE);
	for (size_t n = b->backlog.queues_len; n && !b->commit.failed && !price_is_spent(&b->price);
	     n--) {
		struct session *s = backlog_next(&b->backlog)->owner;
		if (!s->ending)
			more |= dispatch_held_back(b, s);
	}
	more |= price_is_spent(&b->price);
	price_end(&b->price);
	price_share(&b->price, 1);
	return more;
}

/* ---- answers that come later ---------------------------------------------------------------- */

static void answer_done(struct broker *b, const struct waiting_request *w)
{
	Parlor__Done done = PARLOR__DONE__INIT;
	Parlor__Reply reply = PARLOR__REPLY__INIT;
	done.position = w->position;
	reply.id = w->request_id;
	reply.result_case = PARLOR__REPLY__RESULT_DONE;
	reply.done = &done;
	reply_put(b, w->session, &reply);
}

/* What a database says of itself is for who may see all tenants. */
static void answer_refused(struct broker *b, const struct waiting_request *w,
			   const struct sync_answer *answer)
{
	char text[256] = "";
	if (auth_tenant_allowed(b->auth, w->session->user, SPAN_TEXT("*"))) {
		size_t len = text_cut(answer->text.data, answer->text.len, sizeof text - 1);
		memcpy(text, answer->text.data ? answer->text.data : "", len);
	}
	reply_refuse(b, w->session, w->request_id, answer->code, text);
}

void dispatch_answer(void *broker, const struct sync_answer *answer)
{
	struct broker *b = broker;
	struct waiting_request *w = waiting_find(b->waiting, answer->cookie.request);
	if (!w)
		return;
	if (answer->code) {
		/* What a database says of itself is for who may see all tenants. */
		answer_refused(b, w, answer);
	} else if (answer->kind == SYNC_STORED) {
		reply_put_posted(b, w->session, w->request_id, w->seq, w->position, w->time_us);
		die_at("stored_answered");
	} else if (answer->kind == SYNC_ARCHIVE && !outbox_may_reply(b->outbox, w->session->out)) {
		reply_refuse(b, w->session, w->request_id, PARLOR_E_BUSY,
			     "the session has more to read than may be queued for it");
	} else if (answer->kind == SYNC_ARCHIVE) {
		history_put_archive(b, w, answer->page);
	} else {
		answer_done(b, w);
	}
	waiting_remove(b->waiting, w);
}
