#include "api/dispatch.h"

#include "api/request.h"
#include "core/prefetch.h"
#include "turn/commit.h"
#include "wire.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <parlor/fields.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* The turn's cost is looked at before each request, the clock before each of so many, and
 * behind a dear one: one that has cost more than a post does. */
#define LOOKS_PER_CLOCK 8
#define DEAR_COST (PRICE_TURN / 1024)
/* A turn is not ended by a commit before it has served for so long. */
#define SERVE_US_MIN 250
/* Of what a commit may hold, a sixteenth is had by those who have spent their part, while
 * there is more than one tenant. */
#define COMPANY_PARTS 16
/* Requests decoded at once of a frame that goes on. */
#define DECODED_MAX 64

/* To the session, or to whoever said no hello: when that one does not read what it is
 * told, nothing more is done for it. */
static void refuse(struct request *a, uint64_t id, int code)
{
	if (a->session)
		reply_refuse(a->broker, a->session, id, code, NULL);
	else
		a->unheard |= !reply_refuse_stranger(a->broker, a->routing, id, code,
						     a->named ? FRONT_NAMED : NULL);
}

/* ---- one request ---------------------------------------------------------------------- */

static enum parlor_err check(struct request *a)
{
	unsigned needs = a->kind->needs;
	if (a->named)
		return PARLOR_E_FRAME;
	if (needs & GOES_ON)
		a->broker->meter.steps_end = a->broker->meter.steps + REQUEST_STEPS;
	if ((needs & NEEDS_SESSION) && !a->session)
		return PARLOR_E_NO_SESSION;
	enum parlor_err err = PARLOR_E_OK;
	if (needs & (NEEDS_SPACE | TRIES_SPACE | SETTLES))
		err = commit_reserve(&a->broker->commit, request_cost(a));
	a->full = err == PARLOR_E_STORE_FULL;
	return a->full && (needs & TRIES_SPACE) ? PARLOR_E_OK : err;
}

static void dispatch_request(struct broker *b, struct request *a)
{
	price_add(&b->price, PRICE_REQUESTS, 1);
	request_begin(a);
	a->kind = request_kind(&b->kinds, (unsigned)a->request->op_case);
	a->later = a->done = false;
	if (a->session)
		a->call = broker_call(b, a->session);

	enum parlor_err err = a->kind ? check(a) : PARLOR_E_OP;
	if (!err)
		err = a->kind->handle(a);
	a->unfinished = err == PARLOR_E_BUSY && (a->kind->needs & GOES_ON);
	if (!err && (a->kind->needs & SHOWS_STATE))
		a->reply.as_of = core_position(b->core);
	request_settle(b);
	die_at("request_decided");
	b->commit.failed |= core_broken(b->core) != PARLOR_E_OK;
	if (b->commit.failed || a->unfinished)
		return;
	if (a->session)
		a->session->progress = (struct session_progress){0};
	b->counts.requests++;
	if (err)
		refuse(a, a->request->id, err);
	else if (!a->later && !a->done)
		reply_put(b, a->session, &a->reply);
}

/* ---- held back ----------------------------------------------------------------------- */

/* A turn that has done something ends when the commit before it is on disk: who waits for
 * that is answered, and what was decided meanwhile follows at once. */
static void look_at_clock(struct broker *b)
{
	uint64_t us = clock_mono_us() - b->serving_us;
	price_see(&b->price, PRICE_US, us);
	if (us >= SERVE_US_MIN && commit_waits(&b->commit))
		price_see(&b->price, PRICE_LANDED, 1);
}

/* but: see commit_deliveries. */
static void count(struct broker *b, size_t but)
{
	price_see(&b->price, PRICE_RECORDS, b->commit.turn.len);
	price_see(&b->price, PRICE_RECORD_BYTES, b->commit.turn.bytes.len);
	price_see(&b->price, PRICE_BYTES_OUT, replies_bytes(&b->commit.turn.replies));
	price_see(&b->price, PRICE_DELIVERIES, commit_deliveries(&b->commit, but));
	price_see(&b->price, PRICE_STEPS, b->meter.steps);
	price_see(&b->price, PRICE_ROWS, b->meter.rows);
	if (b->looks++ % LOOKS_PER_CLOCK == 0)
		look_at_clock(b);
}

void dispatch_count(struct broker *b)
{
	count(b, 0);
}

void dispatch_begin(struct broker *b)
{
	drr_turn(&b->backlog.drr);
	b->serving_us = clock_mono_us();
	/* What was decided behind a commit under way is this turn's still, and paid for. */
	dispatch_count(b);
	(void)price_charge(&b->price);
	turn_count(&b->commit.turn, false);
}

/* Who asks had spent its part before: what it sent was held back, or comes behind that. */
static bool is_beyond(struct broker *b, const struct request *a)
{
	return a->session && (!a->frame || !drr_may(&b->backlog.drr, &a->session->backlog.flow));
}

/* What was done since the last time is charged to who asked for it. Strangers are
 * bounded by what they read. */
static void charge(struct broker *b, const struct request *a, size_t but)
{
	count(b, but);
	uint64_t cost = price_charge(&b->price);
	if (cost > DEAR_COST)
		look_at_clock(b);
	turn_count(&b->commit.turn, is_beyond(b, a));
	if (a->session)
		drr_charge(&b->backlog.drr, &a->session->backlog.flow, cost);
}

/* Behind a commit under way so much of the next one is left to who need not wait: what
 * is held back would fill it, and nobody be served until the disk is done. Beside other
 * tenants it is still less, for what a commit carries all wait for whose records leave
 * with it: the flush, and the rows that are written back in step with records. */
static bool leaves_the_rest(const struct broker *b)
{
	const struct turn_size *beyond = &b->commit.turn.beyond;
	return b->commit.flying &&
	       (price_commit_is_full(&b->price, 2) ||
		(drr_has_company(&b->backlog.drr) &&
		 (price_is_part(&b->price, PRICE_RECORDS, beyond->records, COMPANY_PARTS) ||
		  price_is_part(&b->price, PRICE_RECORD_BYTES, beyond->bytes, COMPANY_PARTS) ||
		  price_is_part(&b->price, PRICE_DELIVERIES, beyond->deliveries, COMPANY_PARTS))));
}

/* What comes behind a hello waits when the tenant has had its part, as a frame does that comes
 * later. */
static bool may_go_on(struct broker *b, struct request *a)
{
	bool begins = a->stranger;
	struct drr_flow *flow = &a->session->backlog.flow;
	a->stranger = false;
	return begins ? drr_may(&b->backlog.drr, flow) : drr_may_go_on(&b->backlog.drr, flow);
}

/* Whether the next request is carried out in this turn: the turn has budget for it, the
 * session some of its part, or nobody else waits, and there is space for its reply. */
static bool goes_on(struct broker *b, struct request *a)
{
	charge(b, a, LIVE_PREFETCH_STEPS);
	a->stranger |= !a->session;
	return !a->session || (!price_splits(&b->price) && may_go_on(b, a) &&
			       !(is_beyond(b, a) && leaves_the_rest(b)) &&
			       outbox_may_reply(b->outbox, a->session->out));
}

/* Sessions that what may be held back is shared among, for this one: each tenant has
 * the same part, and each of its sessions the same of that. */
static size_t sharers(const struct broker *b, const struct session *s)
{
	return session_tenant_count(b->fanout.sessions) * s->tenant->sessions;
}

/* For another turn. Who sends more than can be held does not read: it is let go. */
static void hold_back(struct broker *b, struct session *s, const struct backlog_rest *rest)
{
	if (!backlog_add(&b->backlog, &s->backlog, rest, sharers(b, s)))
		session_end_soon(b->fanout.sessions, s, PARLOR_E_BUSY);
}

/* ---- a frame ---------------------------------------------------------------------------- */

/* The id of a request that cannot be decoded, as far as it can be seen. */
static uint64_t request_id(struct span bytes)
{
	struct wire_field f;
	return wire_next(&bytes, &f) && f.no == PB_REQUEST_ID ? f.number : 0;
}

/* The requests of a frame one by one, as long as the turn goes on; true at the end. Of
 * a frame that does not decode as a whole (err) the good ones are served, each bad one
 * is refused under its own id. */
static bool dispatch_each(struct broker *b, struct request *a, struct backlog_rest *rest)
{
	while (rest->bytes.len && !a->unheard) {
		struct wire_field f;
		struct span behind = rest->bytes;
		if (!goes_on(b, a))
			return false;
		if (!wire_next(&behind, &f) || !wire_is_bytes(&f, PB_TO_BROKER_REQUESTS)) {
			refuse(a, 0, rest->err);
			return true;
		}
		ProtobufCMessage *request;
		arena_clear(&b->request_arena);
		enum parlor_err err = wire_decode(&parlor__request__descriptor, &b->request_arena,
						  f.value.data, f.value.len, &request);
		if (err) {
			refuse(a, request_id(f.value), err);
			rest->bytes = behind;
			continue;
		}
		a->request = (const Parlor__Request *)request;
		a->bytes = f.value.len;
		dispatch_request(b, a);
		if (b->commit.failed)
			return true;
		if (a->unfinished)
			return false;
		rest->bytes = behind;
	}
	return true;
}

/* The posts among requests that come next. */
static void prefetch_posts(struct request *a, Parlor__Request *const *requests, size_t n)
{
	struct core_prefetched posts[CORE_PREFETCH_MAX];
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		if (requests[i]->op_case == PARLOR__REQUEST__OP_POST)
			posts[len++] =
				(struct core_prefetched){SPAN_TEXT(requests[i]->post->room),
							 SPAN_TEXT(requests[i]->post->sender)};
	if (len > 1)
		core_prefetch(a->broker->core, a->session->tenant->id, posts, len);
}

/* A frame of which nothing is carried out: one bad byte stands for it, which is refused
 * where the frame would be carried out. */
static struct backlog_rest bad_frame(struct broker *b, enum parlor_err err)
{
	static const uint8_t bad = 0;
	b->counts.frames_bad++;
	return (struct backlog_rest){.bytes = {&bad, sizeof bad}, .begun = true, .err = err};
}

/* From the request of that number on, of a frame known to be good; empty at its end. */
static struct span frame_from(struct span payload, size_t request)
{
	struct wire_field f;
	struct span rest;
	do
		rest = payload;
	while (wire_next(&payload, &f) &&
	       (!wire_is_bytes(&f, PB_TO_BROKER_REQUESTS) || request-- > 0));
	return rest;
}

/* As many of a frame as the turn goes on for: how many. */
static size_t dispatch_decoded(struct broker *b, struct request *a, const Parlor__ToBroker *frame)
{
	size_t i = 0;
	for (; i < frame->n_requests && !b->commit.failed && !a->unheard && goes_on(b, a); i++) {
		size_t left = frame->n_requests - i;
		if (i % CORE_PREFETCH_MAX == 0 && left > 1 && a->session)
			prefetch_posts(a, frame->requests + i,
				       left < CORE_PREFETCH_MAX ? left : CORE_PREFETCH_MAX);
		a->request = frame->requests[i];
		dispatch_request(b, a);
		if (a->unfinished)
			break;
		a->bytes = 0;
	}
	return i;
}

/* The same of a frame that was begun, and is known to be good. */
static bool dispatch_on(struct broker *b, struct request *a, struct backlog_rest *rest)
{
	size_t done = DECODED_MAX;
	while (rest->bytes.len && done == DECODED_MAX) {
		struct span behind = frame_from(rest->bytes, DECODED_MAX);
		ProtobufCMessage *decoded;
		a->bytes = rest->bytes.len - behind.len;
		arena_clear(&b->request_arena);
		enum parlor_err err = wire_decode(&parlor__to_broker__descriptor, &b->request_arena,
						  rest->bytes.data, a->bytes, &decoded);
		assert(!err);
		const Parlor__ToBroker *frame = (const Parlor__ToBroker *)decoded;
		done = dispatch_decoded(b, a, frame);
		if (done == frame->n_requests)
			rest->bytes = behind;
		else
			rest->bytes = frame_from(rest->bytes, done);
	}
	return !rest->bytes.len || b->commit.failed || a->unheard;
}

/* True at the frame's end; else the rest is left. */
static bool dispatch_rest(struct broker *b, struct request *a, struct backlog_rest *rest)
{
	ProtobufCMessage *decoded;
	struct span payload = rest->bytes;
	if (rest->begun)
		return rest->err ? dispatch_each(b, a, rest) : dispatch_on(b, a, rest);
	rest->begun = true;
	size_t requests_max = b->settings.frame_requests;
	/* Before anything is decoded: millions of them fit into a frame. */
	if (wire_count(payload, PB_TO_BROKER_REQUESTS, requests_max) > requests_max) {
		*rest = bad_frame(b, PARLOR_E_TOO_MANY);
		return dispatch_each(b, a, rest);
	}
	arena_clear(&b->request_arena);
	rest->err = wire_decode(&parlor__to_broker__descriptor, &b->request_arena, payload.data,
				payload.len, &decoded);
	if (rest->err) {
		b->counts.frames_bad++;
		return dispatch_each(b, a, rest);
	}
	const Parlor__ToBroker *frame = (const Parlor__ToBroker *)decoded;
	/* What the turn reserves adds up: the whole frame is counted once. */
	a->bytes = payload.len;
	size_t done = dispatch_decoded(b, a, frame);
	if (done == frame->n_requests || b->commit.failed || a->unheard)
		return true;
	rest->bytes = frame_from(payload, done);
	return false;
}

/* Says hello, as far as it can be seen. */
static bool begins_with_hello(struct span payload)
{
	struct wire_field f;
	if (!wire_next(&payload, &f) || !wire_is_bytes(&f, PB_TO_BROKER_REQUESTS))
		return false;
	struct span request = f.value;
	bool any = wire_next(&request, &f);
	if (any && f.no == PB_REQUEST_ID)
		any = wire_next(&request, &f);
	return any && wire_is_bytes(&f, PB_REQUEST_HELLO);
}

void dispatch_frame(struct broker *b, const struct front_frame *f)
{
	struct request a = {
		.broker = b, .routing = front_routing(f), .user = front_user(f), .frame = f};
	a.session = session_find(b->fanout.sessions, a.routing, a.user);
	if (a.session && a.session->ending)
		return;
	if (a.session)
		session_heard(b->fanout.sessions, a.session, b->listened_us);
	/* Nothing but a hello could change that it has no session. */
	if (!a.session && !outbox_may_send(b->outbox, a.routing) &&
	    !begins_with_hello(front_payload(f))) {
		b->counts.frames_ignored++;
		return;
	}
	a.named = !a.session && front_named(f);
	b->counts.frames_named += a.named;
	/* In order behind what is held back, and behind who has something left of its part. */
	struct backlog_rest rest = {.bytes = front_payload(f)};
	if (f->err)
		rest = bad_frame(b, f->err);
	bool waits = a.session && (a.session->backlog.frames ||
				   !drr_may(&b->backlog.drr, &a.session->backlog.flow));
	if (waits || !dispatch_rest(b, &a, &rest))
		hold_back(b, a.session, &rest);
	charge(b, &a, 0);
}

/* A goodbye ended the session, and its peer has sent more: as if it came now. */
static void dispatch_behind(struct broker *b, struct request *a)
{
	struct backlog_frame *f;
	while (!a->session && (f = backlog_first_of(&a->behind)) != NULL) {
		a->unheard = false;
		if (!dispatch_rest(b, a, &f->rest))
			hold_back(b, a->session, &f->rest);
		free(f);
	}
	if (a->session)
		backlog_append(&b->backlog, &a->session->backlog, &a->behind);
}

/* The session's oldest frame, as far as it goes. */
static void dispatch_held_back(struct broker *b, struct session *s)
{
	/* Of its own: a frame may end the session, and begin another behind that. */
	uint8_t routing[FRONT_ROUTING_BYTES];
	char *user = s->user ? mem_text(s->user, strlen(s->user)) : NULL;
	memcpy(routing, s->routing, sizeof routing);
	struct request a = {.broker = b,
			    .session = s,
			    .routing = {routing, sizeof routing},
			    .user = user,
			    .fd = s->connection.fd};
	struct backlog_frame *f = backlog_take(&b->backlog, &s->backlog);
	if (dispatch_rest(b, &a, &f->rest)) {
		free(f);
	} else {
		backlog_put_back(&b->backlog, &a.session->backlog, f);
		/* In this turn there will be no more space, and nobody attaches any more. */
		if (a.unfinished && (a.full || commit_settles_later(&b->commit)))
			backlog_block(&b->backlog, &a.session->backlog);
	}
	dispatch_behind(b, &a);
	charge(b, &a, 0);
	free(user);
}

bool dispatch_backlog(struct broker *b)
{
	struct backlog_queue *q;
	backlog_unblock(&b->backlog);
	dispatch_count(b);
	while (!b->commit.failed && !price_is_spent(&b->price) && !leaves_the_rest(b) &&
	       (q = backlog_next(&b->backlog)) != NULL) {
		struct session *s = q->owner;
		if (s->ending || !outbox_may_reply(b->outbox, s->out))
			backlog_block(&b->backlog, q);
		else
			dispatch_held_back(b, s);
	}
	return b->backlog.drr.waiting > 0 && !leaves_the_rest(b);
}

/* ---- answers that come later ---------------------------------------------------------------- */

static void answer_done(struct broker *b, const struct pending_asker *to)
{
	Parlor__Done done = PARLOR__DONE__INIT;
	Parlor__Reply reply = PARLOR__REPLY__INIT;
	done.position = to->position;
	reply.id = to->request_id;
	reply.result_case = PARLOR__REPLY__RESULT_DONE;
	reply.done = &done;
	reply_put(b, to->session, &reply);
}

/* What a database says of itself is for who may see all tenants. */
static void answer_refused(struct broker *b, const struct pending_asker *to,
			   const struct sync_answer *answer)
{
	struct session *s = to->session;
	char text[256] = "";
	if (auth_tenant_allowed(b->auth, s->user, SPAN_TEXT("*"))) {
		size_t len = text_cut(answer->text.data, answer->text.len, sizeof text - 1);
		memcpy(text, answer->text.data ? answer->text.data : "", len);
	}
	reply_refuse(b, s, to->request_id, answer->code, text);
}

void dispatch_answer(void *broker, const struct sync_answer *answer)
{
	struct broker *b = broker;
	const struct pending_asker *to = &answer->to->asker;
	struct session *s = to->session;
	enum pending_kind kind = answer->to->kind;
	if (answer->code) {
		answer_refused(b, to, answer);
	} else if (kind == PENDING_STORED) {
		reply_put_posted(b, s, to->request_id, to->seq, to->position, to->time_us);
		die_at("stored_answered");
	} else if (kind == PENDING_ARCHIVE && !outbox_may_reply(b->outbox, s->out)) {
		reply_refuse(b, s, to->request_id, PARLOR_E_BUSY,
			     "the session has more to read than may be queued for it");
	} else if (kind == PENDING_ARCHIVE) {
		reply_put_archive(b, to, answer->page);
	} else {
		answer_done(b, to);
	}
}
