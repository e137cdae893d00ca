#include "dealer.h"

#include "fail.h"

#include "base/clock.h"
#include "base/endpoint.h"

#include <parlor/error.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define PATIENCE_US 120000000
#define POLL_MS 100

enum {
	HELLO_VERSION = 1,
	HELLO_TENANT = 2,
	HELLO_CLIENT = 3,
	HELLO_MEMBERS = 4,
	HELLO_RESUME = 5,
	HELLO_JOURNAL = 6,
	HELLO_POSITION = 7
};
enum { WELCOME_JOURNAL = 2, WELCOME_POSITION = 3, WELCOME_RESET = 4 };
enum { STATS_COUNTERS = 1, COUNTER_NAME = 1, COUNTER_VALUE = 2 };

void dealer_connect(struct dealer *d, void *zmq, const char *endpoint)
{
	int zero = 0, ipv6 = endpoint_is_ipv6(endpoint);
	*d = (struct dealer){.socket = zmq_socket(zmq, ZMQ_DEALER)};
	check(d->socket, "zmq_socket: %s", zmq_strerror(errno));
	zmq_setsockopt(d->socket, ZMQ_IPV6, &ipv6, sizeof ipv6);
	zmq_setsockopt(d->socket, ZMQ_LINGER, &zero, sizeof zero);
	zmq_setsockopt(d->socket, ZMQ_RCVHWM, &zero, sizeof zero);
	zmq_setsockopt(d->socket, ZMQ_SNDHWM, &zero, sizeof zero);
	check(zmq_connect(d->socket, endpoint) == 0, "%s: %s", endpoint, zmq_strerror(errno));
}

void dealer_close(struct dealer *d)
{
	if (d->socket)
		zmq_close(d->socket);
	d->socket = NULL;
	buf_fini(&d->frame);
	buf_fini(&d->reply);
}

void hello_put(struct buf *body, const struct hello *h)
{
	put_number(body, HELLO_VERSION, 1);
	put_text(body, HELLO_TENANT, h->tenant ? h->tenant : BENCH_TENANT);
	put_text(body, HELLO_CLIENT, "bench");
	for (size_t i = 0; i < h->members_len; i++)
		put_text(body, HELLO_MEMBERS, h->members[i]);
	put_number(body, HELLO_RESUME, h->resume);
	put_number(body, HELLO_JOURNAL, h->journal);
	put_number(body, HELLO_POSITION, h->position);
}

void dealer_open(struct dealer *d, void *zmq, const char *endpoint, const struct hello *h)
{
	struct buf body = {0};
	dealer_connect(d, zmq, endpoint);
	hello_put(&body, h);
	struct span welcome = dealer_ask(d, OP_HELLO, &body);
	d->journal = frame_number(welcome, WELCOME_JOURNAL);
	d->position = frame_number(welcome, WELCOME_POSITION);
	check(!frame_number(welcome, WELCOME_RESET) || !h->resume, "a session was reset");
	buf_fini(&body);
}

static void send_frame(struct dealer *d)
{
	int n = zmq_send(d->socket, d->frame.data, d->frame.len, 0);
	check(n >= 0, "zmq_send: %s", zmq_strerror(errno));
	buf_clear(&d->frame);
}

/* ---- one or many questions ----------------------------------------------------------------- */

struct answers {
	struct dealer *dealer;
	const struct bulk *bulk;
	uint64_t first; /* id of request 0 */
	size_t answered;
};

static void take_event(struct dealer *d, const struct frame_item *item)
{
	check(item->kind != EVENT_END, "the broker ended a session");
	if (!item->position)
		return;
	check(item->position > d->event_position, "event %llu after %llu",
	      (unsigned long long)item->position, (unsigned long long)d->event_position);
	d->event_position = item->position;
	d->events++;
}

static void take_item(struct answers *a, const struct frame_item *item)
{
	if (item->event) {
		take_event(a->dealer, item);
		return;
	}
	check(item->code == 0, "refused: %s: %.*s", parlor_err_name((int)item->code),
	      (int)item->text.len, (const char *)item->text.data);
	uint64_t i = item->id - a->first;
	check(item->id >= a->first && i < a->bulk->n, "a reply to no request: %llu",
	      (unsigned long long)item->id);
	a->answered++;
	if (a->bulk->reply)
		a->bulk->reply(a->bulk->ctx, (size_t)i, item->body);
}

static bool take_frame(struct answers *a)
{
	zmq_msg_t msg;
	struct reader in;
	struct frame_item item;
	zmq_msg_init(&msg);
	int n = zmq_msg_recv(&msg, a->dealer->socket, ZMQ_DONTWAIT);
	if (n >= 0) {
		reader_init(&in, zmq_msg_data(&msg), zmq_msg_size(&msg));
		while (frame_next(&in, &item))
			take_item(a, &item);
		check(!in.bad, "the broker sent a malformed frame");
	}
	zmq_msg_close(&msg);
	return n >= 0;
}

static void await_frames(struct answers *a)
{
	uint64_t until = clock_mono_us() + PATIENCE_US;
	size_t before = a->answered;
	while (a->answered == before) {
		zmq_pollitem_t poll = {.socket = a->dealer->socket, .events = ZMQ_POLLIN};
		fail_if_interrupted();
		check(clock_mono_us() < until, "no answer in %d s", PATIENCE_US / 1000000);
		if (zmq_poll(&poll, 1, POLL_MS) > 0)
			while (take_frame(a))
				;
	}
}

void dealer_bulk(struct dealer *d, const struct bulk *bulk)
{
	struct answers a = {.dealer = d, .bulk = bulk, .first = d->last_id + 1};
	size_t per_frame = bulk->frame_requests ? bulk->frame_requests : 200;
	size_t ahead = (bulk->frames_ahead ? bulk->frames_ahead : 4) * per_frame;
	struct buf body = {0};
	size_t sent = 0;
	while (a.answered < bulk->n) {
		while (sent < bulk->n && sent - a.answered + per_frame <= ahead + per_frame - 1) {
			size_t end = sent + per_frame < bulk->n ? sent + per_frame : bulk->n;
			for (; sent < end; sent++) {
				buf_clear(&body);
				enum frame_op op = bulk->put(bulk->ctx, sent, &body);
				frame_put(&d->frame, a.first + sent, op, buf_span(&body));
			}
			send_frame(d);
		}
		await_frames(&a);
	}
	d->last_id += bulk->n;
	buf_fini(&body);
}

struct question {
	struct dealer *dealer;
	enum frame_op op;
	const struct buf *body;
};

static enum frame_op put_question(void *ctx, size_t i, struct buf *body)
{
	const struct question *q = ctx;
	(void)i;
	buf_put(body, q->body->data, q->body->len);
	return q->op;
}

static void keep_answer(void *ctx, size_t i, struct span result)
{
	const struct question *q = ctx;
	(void)i;
	buf_clear(&q->dealer->reply);
	buf_put(&q->dealer->reply, result.data, result.len);
}

struct span dealer_ask(struct dealer *d, enum frame_op op, const struct buf *body)
{
	struct question q = {.dealer = d, .op = op, .body = body};
	struct bulk one = {.n = 1, .ctx = &q, .put = put_question, .reply = keep_answer};
	dealer_bulk(d, &one);
	return buf_span(&d->reply);
}

uint64_t dealer_stat(struct dealer *d, const char *name)
{
	struct buf nothing = {0};
	struct reader in;
	struct span all = dealer_ask(d, OP_STATS, &nothing);
	reader_init(&in, all.data, all.len);
	while (reader_left(&in)) {
		uint64_t tag = reader_varint(&in);
		struct span counter = reader_span(&in);
		struct span is = frame_bytes(counter, COUNTER_NAME);
		check(tag == (STATS_COUNTERS << 3 | 2) && !in.bad, "stats are malformed");
		if (span_equal(is, SPAN_TEXT(name)))
			return frame_number(counter, COUNTER_VALUE);
	}
	fail("the broker has no counter %s", name);
}
