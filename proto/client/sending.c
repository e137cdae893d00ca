#include "client/sending.h"

#include "base/clock.h"
#include "client/ending.h"
#include "client/request.h"

/* While the broker has not said its own. */
#define FRAME_REQUESTS 256
#define FRAME_BYTES ((size_t)256 << 10)

bool session_transmit(struct session *s)
{
	enum parlor_err err = link_send(&s->link, buf_span(&s->out));
	uint64_t now = clock_mono_us();

	if (err == PARLOR_E_BUSY)
		s->blocked = true;
	else if (err)
		session_lose(s, err, NULL);
	if (err)
		return false;
	s->sent_at_us = now;
	if (!s->unheard_us)
		s->unheard_us = now;
	return true;
}

void session_put_own(struct session *s, Parlor__Request *r)
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

bool session_credit_due(const struct session *s)
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
	session_put_own(s, &request);
}

static size_t frame_bytes(const struct session *s)
{
	const Parlor__Limits *limits = s->welcome->limits;

	return limits && limits->frame_bytes ? limits->frame_bytes : FRAME_BYTES;
}

uint32_t session_frame_requests(const struct session *s)
{
	const Parlor__Limits *limits = s->welcome->limits;

	return limits && limits->frame_requests ? limits->frame_requests : FRAME_REQUESTS;
}

/* Fills the frame with waiting requests; returns the first that is left. */
static struct pending_request *gather(struct session *s)
{
	uint32_t count = session_frame_requests(s);
	struct pending_request *r = s->pending.unsent;

	if (s->out.len)
		count--;
	for (; r && count && s->out.len + r->len <= frame_bytes(s); r = r->next, count--)
		buf_put(&s->out, r->bytes, r->len);
	return r;
}

static bool flush_frame(struct session *s)
{
	uint32_t granted = session_credit_due(s) ? s->taken : 0;
	struct pending_request *left;

	while (s->pending.unsent && s->pending.unsent->len > frame_bytes(s))
		session_answer_here(s, pending_take(&s->pending, s->pending.unsent->id),
				    PARLOR_E_TOO_LONG, "the request is larger than a frame may be");
	buf_clear(&s->out);
	if (granted)
		put_credit(s, granted);
	left = gather(s);
	if (!s->out.len || !session_transmit(s))
		return false;
	s->taken -= granted;
	pending_sent(&s->pending, left);
	return true;
}

void session_flush(struct session *s)
{
	s->blocked = false;
	while (s->state == SESSION_UP && flush_frame(s))
		;
}

void session_ping(struct session *s)
{
	Parlor__Ping body = PARLOR__PING__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	request.op_case = PARLOR__REQUEST__OP_PING;
	request.ping = &body;
	buf_clear(&s->out);
	session_put_own(s, &request);
	session_transmit(s);
}
