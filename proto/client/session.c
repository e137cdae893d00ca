#include "client/session.h"

#include "base/clock.h"
#include "base/random.h"
#include "client/options.h"
#include "client/request.h"

#include <parlor/version.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_TIMEOUT_US 5000000
#define PROBE_US 300000 /* until something unanswered is followed by a ping */
#define GOODBYE_LINGER_MS 200
#define FRAMES_A_TURN 64

/* While the broker has not said its own. */
#define FRAME_REQUESTS 256
#define FRAME_BYTES ((size_t)256 << 10)

static uint64_t us(uint32_t ms)
{
	return (uint64_t)ms * 1000;
}

/* ---- going ---- */

static void set_trouble(struct session *s, int code, const char *text)
{
	if (!text || !*text)
		text = parlor_err_text(code);
	snprintf(s->trouble, sizeof s->trouble, "%s", text);
}

static void disconnect(struct session *s, int linger_ms)
{
	waker_watch(&s->waker, -1);
	link_drop(&s->link, linger_ms);
	if (s->welcome)
		parlor__welcome__free_unpacked(s->welcome, NULL);
	s->welcome = NULL;
	s->blocked = false;
	s->unheard_us = 0;
}

static void tell_lost(struct session *s, int code)
{
	if (!s->options.on_lost)
		return;
	s->calling = true;
	s->options.on_lost(s->options.arg, code, s->trouble);
	s->calling = false;
	s->did = true;
}

/* Back to the start, after a wait; what is unanswered will be sent again. */
static void lose(struct session *s, int code, const char *text)
{
	bool was_up = s->state == SESSION_UP;
	uint64_t now = clock_mono_us();
	uint64_t random;

	if (random_bytes(&random, sizeof random))
		random = now; /* poor, but better than in step with the others */
	if (was_up && now - s->up_at_us > us(s->options.retry_ms_max))
		backoff_reset(&s->backoff);
	disconnect(s, 0);
	pending_rewind(&s->pending);
	s->state = SESSION_AWAY;
	s->retry_at_us = now + us(backoff_next(&s->backoff, random));
	set_trouble(s, code, text);
	if (was_up)
		tell_lost(s, code);
}

static void answer(struct session *s, struct pending_request *r, int code,
		   const Parlor__Reply *reply)
{
	if (r->fn) {
		s->calling = true;
		r->fn(r->arg, code, reply);
		s->calling = false;
		s->did = true;
	}
	free(r);
}

/* An answer of the library's own, in place of the broker's. */
static void answer_here(struct session *s, struct pending_request *r, int code, const char *text)
{
	Parlor__Reply reply = PARLOR__REPLY__INIT;

	reply.id = r->id;
	reply.code = (uint32_t)code;
	reply.text = (char *)(uintptr_t)text;
	reply.retry = parlor_err_retryable(code);
	answer(s, r, code, &reply);
}

static void refuse_for_good(struct session *s, int code, const char *text)
{
	disconnect(s, 0);
	s->state = SESSION_REFUSED;
	s->refused_code = code;
	set_trouble(s, code, text);
	while (s->pending.first)
		answer_here(s, pending_take(&s->pending, s->pending.first->id), code, s->trouble);
	tell_lost(s, code);
}

/* The broker does not want this session, now or for good. */
static void give_way(struct session *s, int code, bool retry, const char *text)
{
	if (retry || parlor_err_retryable(code))
		lose(s, code, text);
	else
		refuse_for_good(s, code, text);
}

/* ---- sending ---- */

static bool transmit(struct session *s)
{
	enum parlor_err err = link_send(&s->link, (struct span){s->out.data, s->out.len});
	uint64_t now = clock_mono_us();

	if (err == PARLOR_E_BUSY)
		s->blocked = true;
	else if (err)
		lose(s, err, NULL);
	if (err)
		return false;
	s->sent_at_us = now;
	if (!s->unheard_us)
		s->unheard_us = now;
	return true;
}

/* A request of the library's own, whose reply nobody waits for. Its texts have
 * been checked when they came in. */
static void put_own(struct session *s, Parlor__Request *r)
{
	if (request_put(&s->out, r, ++s->last_id))
		buf_clear(&s->out);
}

/* Events after which credit is given back: half of what the broker grants. */
static uint32_t credit_step(const struct session *s)
{
	uint32_t credit = s->options.credit;
	const Parlor__Limits *limits = s->welcome->limits;

	if (limits && limits->credit && limits->credit < credit)
		credit = limits->credit;
	return credit > 1 ? credit / 2 : 1;
}

static bool credit_due(const struct session *s)
{
	return s->state == SESSION_UP && s->taken >= credit_step(s);
}

static void put_credit(struct session *s, uint32_t events)
{
	Parlor__Credit credit = PARLOR__CREDIT__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	credit.events = events;
	request.op_case = PARLOR__REQUEST__OP_CREDIT;
	request.credit = &credit;
	put_own(s, &request);
}

static size_t frame_bytes(const struct session *s)
{
	const Parlor__Limits *limits = s->welcome->limits;

	return limits && limits->frame_bytes ? limits->frame_bytes : FRAME_BYTES;
}

static uint32_t frame_requests(const struct session *s)
{
	const Parlor__Limits *limits = s->welcome->limits;

	return limits && limits->frame_requests ? limits->frame_requests : FRAME_REQUESTS;
}

/* Fills the frame with waiting requests; returns the first that is left. */
static struct pending_request *gather(struct session *s)
{
	uint32_t count = frame_requests(s);
	struct pending_request *r = s->pending.unsent;

	if (s->out.len)
		count--;
	for (; r && count && s->out.len + r->len <= frame_bytes(s); r = r->next, count--)
		buf_put(&s->out, r->bytes, r->len);
	return r;
}

static bool flush_frame(struct session *s)
{
	uint32_t granted = credit_due(s) ? s->taken : 0;
	struct pending_request *left;

	while (s->pending.unsent && s->pending.unsent->len > frame_bytes(s))
		answer_here(s, pending_take(&s->pending, s->pending.unsent->id), PARLOR_E_TOO_LONG,
			    "the request is larger than a frame may be");
	buf_clear(&s->out);
	if (granted)
		put_credit(s, granted);
	left = gather(s);
	if (!s->out.len || !transmit(s))
		return false;
	s->taken -= granted;
	pending_sent(&s->pending, left);
	return true;
}

static void flush(struct session *s)
{
	s->blocked = false;
	while (s->state == SESSION_UP && flush_frame(s))
		;
}

static void ping(struct session *s)
{
	Parlor__Ping body = PARLOR__PING__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	request.op_case = PARLOR__REQUEST__OP_PING;
	request.ping = &body;
	buf_clear(&s->out);
	put_own(s, &request);
	transmit(s);
}

/* ---- coming ---- */

static void say_hello(struct session *s)
{
	Parlor__Hello hello = PARLOR__HELLO__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	hello.version = PARLOR_PROTOCOL_VERSION;
	hello.tenant = (char *)(uintptr_t)s->options.tenant;
	hello.client = (char *)(uintptr_t)s->options.name;
	hello.members = roster_ids(&s->roster, &hello.n_members);
	hello.resume = s->known && s->options.on_event;
	hello.journal = hello.resume ? s->journal : 0;
	hello.position = hello.resume ? s->position : 0;
	hello.credit = s->options.credit;
	hello.presence = s->options.presence;
	request.op_case = PARLOR__REQUEST__OP_HELLO;
	request.hello = &hello;
	buf_clear(&s->out);
	put_own(s, &request);
	s->hello_id = s->last_id;
	free(hello.members);
}

static enum parlor_err start(struct session *s)
{
	const struct link_setup setup = {
		.endpoint = s->options.endpoint,
		.server_key = s->options.server_key,
		.public_key = s->options.public_key,
		.secret_key = s->options.secret_key,
		.reconnect_ms_min = (int)s->options.retry_ms_min,
		.reconnect_ms_max = (int)s->options.retry_ms_max,
	};
	enum parlor_err err = link_open(&s->link, &setup);

	if (err)
		return err;
	waker_watch(&s->waker, link_fd(&s->link));
	s->state = SESSION_HELLO;
	s->hello_at_us = clock_mono_us();
	say_hello(s);
	transmit(s);
	return PARLOR_E_OK;
}

/* A new session takes its members for online: say who was set otherwise, ahead
 * of any change that is still unanswered. */
static void restore_presence(struct session *s)
{
	uint32_t room = frame_requests(s);

	buf_clear(&s->out);
	for (struct roster_member *m = s->roster.members; m; m = m->hh.next) {
		Parlor__PresenceSet set = PARLOR__PRESENCE_SET__INIT;
		Parlor__Request request = PARLOR__REQUEST__INIT;

		if (m->presence != PARLOR__PRESENCE__PRESENCE_BUSY)
			continue;
		set.member = m->id;
		set.presence = m->presence;
		request.op_case = PARLOR__REQUEST__OP_PRESENCE_SET;
		request.presence_set = &set;
		put_own(s, &request);
		if (--room == 0) {
			if (!transmit(s))
				return;
			buf_clear(&s->out);
			room = frame_requests(s);
		}
	}
	if (s->out.len)
		transmit(s);
}

static void *copy_of(const ProtobufCMessage *message)
{
	struct buf bytes = {0};
	void *copy;

	buf_reserve(&bytes, protobuf_c_message_get_packed_size(message));
	bytes.len = protobuf_c_message_pack(message, bytes.data);
	copy = protobuf_c_message_unpack(message->descriptor, NULL, bytes.len, bytes.data);
	buf_fini(&bytes);
	return copy;
}

static void begin(struct session *s, const Parlor__Welcome *welcome)
{
	bool resumed = s->known && s->options.on_event && !welcome->reset;

	s->welcome = copy_of(&welcome->base);
	if (!s->welcome) {
		lose(s, PARLOR_E_NO_MEMORY, NULL);
		return;
	}
	if (!resumed)
		s->position = welcome->position;
	s->journal = welcome->journal;
	s->known = s->begun = true;
	s->state = SESSION_UP;
	s->up_at_us = clock_mono_us();
	s->taken = 0;
	s->trouble[0] = '\0';
	restore_presence(s);
	if (s->state != SESSION_UP || !s->options.on_session)
		return;
	s->calling = true;
	s->options.on_session(s->options.arg, s->welcome, s->welcome->reset);
	s->calling = false;
	s->did = true;
}

/* What the broker agreed to is part of every later hello. */
static void remember(struct session *s, const struct pending_request *r)
{
	Parlor__ToBroker *sent;
	const Parlor__Request *request;

	if (r->op != PARLOR__REQUEST__OP_ATTACH && r->op != PARLOR__REQUEST__OP_DETACH &&
	    r->op != PARLOR__REQUEST__OP_PRESENCE_SET)
		return;
	sent = parlor__to_broker__unpack(NULL, r->len, r->bytes);
	if (!sent)
		return;
	request = sent->requests[0];
	if (request->op_case == PARLOR__REQUEST__OP_ATTACH)
		for (size_t i = 0; i < request->attach->n_members; i++)
			roster_add(&s->roster, request->attach->members[i]);
	else if (request->op_case == PARLOR__REQUEST__OP_DETACH)
		for (size_t i = 0; i < request->detach->n_members; i++)
			roster_remove(&s->roster, request->detach->members[i]);
	else if (request->op_case == PARLOR__REQUEST__OP_PRESENCE_SET)
		roster_set_presence(&s->roster, request->presence_set->member,
				    request->presence_set->presence);
	parlor__to_broker__free_unpacked(sent, NULL);
}

static void take_reply(void *arg, const Parlor__Reply *reply)
{
	struct session *s = arg;
	struct pending_request *r;

	if (s->state == SESSION_HELLO && reply->id == s->hello_id) {
		if (reply->code)
			give_way(s, (int)reply->code, reply->retry, reply->text);
		else if (reply->result_case == PARLOR__REPLY__RESULT_WELCOME)
			begin(s, reply->welcome);
		else
			refuse_for_good(s, PARLOR_E_FRAME, "hello was answered without a welcome");
		return;
	}
	/* A frame may bring many of these; the first has ended the session. */
	if (reply->code == PARLOR_E_NO_SESSION || reply->id == 0) {
		if (s->state == SESSION_UP && reply->code)
			give_way(s, (int)reply->code, reply->retry, reply->text);
		return;
	}
	r = pending_take(&s->pending, reply->id);
	if (!r)
		return;
	if (!reply->code)
		remember(s, r);
	answer(s, r, (int)reply->code, reply);
}

static void take_event(void *arg, const Parlor__Event *event)
{
	struct session *s = arg;

	/* What the broker takes credit for: typing it does not, nor the end. */
	s->taken += event->kind_case != PARLOR__EVENT__KIND_TYPING &&
		    event->kind_case != PARLOR__EVENT__KIND_END;
	if (event->kind_case == PARLOR__EVENT__KIND_END) {
		int code = (int)event->end->code;

		if (s->state == SESSION_UP)
			lose(s, parlor_err_retryable(code) ? code : PARLOR_E_DISCONNECTED,
			     event->end->text);
		return;
	}
	if (event->position && event->position <= s->position)
		return;
	if (event->position)
		s->position = event->position;
	if (!s->options.on_event)
		return;
	s->calling = true;
	s->options.on_event(s->options.arg, event);
	s->calling = false;
	s->did = true;
}

static void receive(struct session *s)
{
	const struct inbox_sink sink = {take_reply, take_event, s};
	struct span frame;

	for (int i = 0; i < FRAMES_A_TURN && link_receive(&s->link, &frame); i++) {
		s->unheard_us = 0;
		enum parlor_err err = inbox_read(&s->inbox, frame, &sink);

		if (err && s->state != SESSION_REFUSED)
			refuse_for_good(s, err, "the broker sent what is not of the protocol");
	}
}

/* ---- time ---- */

/* A broker that was killed and came back knows the session no more, and says so
 * only when it is spoken to: silence where an answer is due is met soon. */
static uint64_t ping_at_us(const struct session *s)
{
	uint64_t pause = us(s->welcome->heartbeat_ms);

	if (s->unheard_us && pause > PROBE_US)
		pause = PROBE_US;
	return s->sent_at_us + pause;
}

static void tick(struct session *s)
{
	uint64_t now = clock_mono_us();
	enum parlor_err err;

	if (s->state == SESSION_AWAY && now >= s->retry_at_us) {
		err = start(s);
		if (err)
			give_way(s, err, false, NULL);
	} else if (s->state == SESSION_HELLO && now - s->hello_at_us >= HELLO_TIMEOUT_US) {
		lose(s, PARLOR_E_DISCONNECTED, "no welcome from the broker");
	} else if (s->state == SESSION_UP && s->unheard_us && s->welcome->timeout_ms &&
		   now - s->unheard_us >= us(s->welcome->timeout_ms)) {
		lose(s, PARLOR_E_DISCONNECTED, "nothing was heard from the broker");
	} else if (s->state == SESSION_UP && !s->blocked && s->welcome->heartbeat_ms &&
		   now >= ping_at_us(s)) {
		ping(s);
	}
}

/* When tick has something to do next. */
static uint64_t next_tick_us(const struct session *s)
{
	uint64_t at = UINT64_MAX;

	switch (s->state) {
	case SESSION_AWAY:
		return s->retry_at_us;
	case SESSION_HELLO:
		return s->hello_at_us + HELLO_TIMEOUT_US;
	case SESSION_UP:
		if (!s->blocked && s->welcome->heartbeat_ms)
			at = ping_at_us(s);
		if (s->unheard_us && s->welcome->timeout_ms &&
		    s->unheard_us + us(s->welcome->timeout_ms) < at)
			at = s->unheard_us + us(s->welcome->timeout_ms);
		return at;
	case SESSION_REFUSED:
		break;
	}
	return at;
}

static bool can_send(const struct session *s)
{
	return s->state == SESSION_UP && !s->blocked && (s->pending.unsent || credit_due(s));
}

static void set_waker(struct session *s)
{
	waker_set(&s->waker, can_send(s) ? clock_mono_us() : next_tick_us(s));
}

/* Receiving comes last: reading the socket's state is what arms its
 * descriptor for the next edge. */
static void turn(struct session *s)
{
	receive(s);
	tick(s);
	flush(s);
	receive(s);
}

static int wait_ms(const struct session *s, uint64_t deadline_us)
{
	uint64_t now = clock_mono_us();
	uint64_t until = next_tick_us(s);

	if (deadline_us < until)
		until = deadline_us;
	if (until <= now)
		return 0;
	if (until - now > (uint64_t)INT_MAX)
		return INT_MAX / 1000;
	return (int)((until - now + 999) / 1000);
}

enum parlor_err session_poll(struct session *s, int timeout_ms, bool *interrupted)
{
	uint64_t deadline =
		timeout_ms < 0 ? UINT64_MAX : clock_mono_us() + us((uint32_t)timeout_ms);
	bool signalled = false;

	s->did = false;
	for (;;) {
		turn(s);
		if (s->did || s->state == SESSION_REFUSED || signalled ||
		    clock_mono_us() >= deadline)
			break;
		if (!can_send(s))
			signalled = !link_wait(&s->link, wait_ms(s, deadline), s->blocked);
	}
	set_waker(s);
	if (interrupted)
		*interrupted = signalled;
	return s->state == SESSION_REFUSED ? (enum parlor_err)s->refused_code : PARLOR_E_OK;
}

/* ---- the rest ---- */

enum parlor_err session_send(struct session *s, Parlor__Request *request, parlor_reply_fn *fn,
			     void *arg, uint64_t *id)
{
	struct pending_request *r;
	enum parlor_err err;

	if (s->state == SESSION_REFUSED)
		return (enum parlor_err)s->refused_code;
	if (s->pending.count >= s->options.pending_max)
		return PARLOR_E_BUSY;
	buf_clear(&s->out);
	err = request_put(&s->out, request, s->last_id + 1);
	if (err)
		return err;
	r = pending_add(&s->pending, ++s->last_id, (struct span){s->out.data, s->out.len});
	r->op = request->op_case;
	r->fn = fn;
	r->arg = arg;
	if (id)
		*id = r->id;
	set_waker(s);
	return PARLOR_E_OK;
}

void session_forget(struct session *s, uint64_t id)
{
	free(pending_take(&s->pending, id));
}

int session_fd(struct session *s)
{
	if (s->waker.fd < 0 && waker_start(&s->waker)) {
		waker_watch(&s->waker, link_fd(&s->link));
		set_waker(s);
	}
	return s->waker.fd;
}

enum parlor_err session_init(struct session *s, const struct parlor_client_options *options)
{
	enum parlor_err err;

	*s = (struct session){0};
	waker_init(&s->waker);
	err = options_copy(&s->options, options);
	if (!err)
		err = link_init(&s->link);
	if (err)
		return err;
	for (size_t i = 0; i < options->members_len; i++)
		roster_add(&s->roster, options->members[i]);
	backoff_init(&s->backoff, s->options.retry_ms_min, s->options.retry_ms_max);
	s->known = options->resume;
	s->journal = options->journal;
	s->position = options->position;
	set_trouble(s, PARLOR_E_DISCONNECTED, NULL);
	return start(s);
}

static void say_goodbye(struct session *s)
{
	Parlor__Goodbye goodbye = PARLOR__GOODBYE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	if (s->state != SESSION_UP)
		return;
	request.op_case = PARLOR__REQUEST__OP_GOODBYE;
	request.goodbye = &goodbye;
	buf_clear(&s->out);
	put_own(s, &request);
	if (transmit(s))
		disconnect(s, GOODBYE_LINGER_MS);
}

void session_fini(struct session *s)
{
	say_goodbye(s);
	disconnect(s, 0);
	s->state = SESSION_REFUSED;
	s->refused_code = PARLOR_E_CLOSED;
	while (s->pending.first)
		answer(s, pending_take(&s->pending, s->pending.first->id), PARLOR_E_CLOSED, NULL);
	pending_fini(&s->pending);
	roster_fini(&s->roster);
	inbox_fini(&s->inbox);
	link_fini(&s->link);
	waker_fini(&s->waker);
	buf_fini(&s->out);
	options_fini(&s->options);
}
