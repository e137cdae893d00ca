#include "client/session.h"

#include "base/clock.h"
#include "client/ending.h"
#include "client/hello.h"
#include "client/options.h"
#include "client/request.h"
#include "client/sending.h"

#include <limits.h>
#include <stdlib.h>

#define HELLO_TIMEOUT_US 5000000
#define PROBE_US 300000 /* until something unanswered is followed by a ping */
#define FRAMES_A_TURN 64

/* ---- what comes ---- */

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
			attached_add(&s->attached, request->attach->members[i]);
	else if (request->op_case == PARLOR__REQUEST__OP_DETACH)
		for (size_t i = 0; i < request->detach->n_members; i++)
			attached_remove(&s->attached, request->detach->members[i]);
	else if (request->op_case == PARLOR__REQUEST__OP_PRESENCE_SET)
		attached_set_presence(&s->attached, request->presence_set->member,
				      request->presence_set->presence);
	parlor__to_broker__free_unpacked(sent, NULL);
}

static void take_reply(void *arg, const Parlor__Reply *reply)
{
	struct session *s = arg;
	struct pending_request *r;

	if (s->state == SESSION_HELLO && reply->id == s->hello_id) {
		if (reply->code)
			session_give_way(s, (int)reply->code, reply->retry, reply->text);
		else if (reply->result_case == PARLOR__REPLY__RESULT_WELCOME)
			session_begin(s, reply->welcome);
		else
			session_refuse(s, PARLOR_E_FRAME, "hello was answered without a welcome");
		return;
	}
	/* A frame may bring many of these; the first has ended the session. */
	if (reply->code == PARLOR_E_NO_SESSION || reply->id == 0) {
		if (s->state == SESSION_UP && reply->code)
			session_give_way(s, (int)reply->code, reply->retry, reply->text);
		return;
	}
	r = pending_take(&s->pending, reply->id);
	if (!r)
		return;
	if (!reply->code)
		remember(s, r);
	session_answer(s, r, (int)reply->code, reply);
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
			session_lose(s, parlor_err_retryable(code) ? code : PARLOR_E_DISCONNECTED,
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
			session_refuse(s, err, "the broker sent what is not of the protocol");
	}
}

/* ---- time ---- */

/* A broker that was killed and came back knows the session no more, and says so
 * only when it is spoken to: silence where an answer is due is met soon. */
static uint64_t ping_at_us(const struct session *s)
{
	uint64_t pause = session_us(s->welcome->heartbeat_ms);

	if (s->unheard_us && pause > PROBE_US)
		pause = PROBE_US;
	return s->sent_at_us + pause;
}

static void tick(struct session *s)
{
	uint64_t now = clock_mono_us();
	enum parlor_err err;

	if (s->state == SESSION_AWAY && now >= s->retry_at_us) {
		err = session_start(s);
		if (err)
			session_give_way(s, err, false, NULL);
	} else if (s->state == SESSION_HELLO && now - s->hello_at_us >= HELLO_TIMEOUT_US) {
		session_lose(s, PARLOR_E_DISCONNECTED, "no welcome from the broker");
	} else if (s->state == SESSION_UP && s->unheard_us && s->welcome->timeout_ms &&
		   now - s->unheard_us >= session_us(s->welcome->timeout_ms)) {
		session_lose(s, PARLOR_E_DISCONNECTED, "nothing was heard from the broker");
	} else if (s->state == SESSION_UP && !s->blocked && s->welcome->heartbeat_ms &&
		   now >= ping_at_us(s)) {
		session_ping(s);
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
		    s->unheard_us + session_us(s->welcome->timeout_ms) < at)
			at = s->unheard_us + session_us(s->welcome->timeout_ms);
		return at;
	case SESSION_REFUSED:
		break;
	}
	return at;
}

static bool can_send(const struct session *s)
{
	return s->state == SESSION_UP && !s->blocked &&
	       (s->pending.unsent || session_credit_due(s));
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
	session_flush(s);
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
		timeout_ms < 0 ? UINT64_MAX : clock_mono_us() + session_us((uint32_t)timeout_ms);
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
	r = pending_add(&s->pending, ++s->last_id, buf_span(&s->out));
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
		attached_add(&s->attached, options->members[i]);
	backoff_init(&s->backoff, s->options.retry_ms_min, s->options.retry_ms_max);
	s->known = options->resume;
	s->journal = options->journal;
	s->position = options->position;
	session_set_trouble(s, PARLOR_E_DISCONNECTED, NULL);
	return session_start(s);
}

void session_fini(struct session *s)
{
	session_say_goodbye(s);
	session_disconnect(s, 0);
	s->state = SESSION_REFUSED;
	s->refused_code = PARLOR_E_CLOSED;
	while (s->pending.first)
		session_answer(s, pending_take(&s->pending, s->pending.first->id), PARLOR_E_CLOSED,
			       NULL);
	pending_fini(&s->pending);
	attached_fini(&s->attached);
	inbox_fini(&s->inbox);
	link_fini(&s->link);
	waker_fini(&s->waker);
	buf_fini(&s->out);
	options_fini(&s->options);
}
