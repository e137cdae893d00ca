#include "outbox_world.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct outbox_limits world_limits = {
	.frame_bytes_max = 64 * 1024, .peer_bytes_max = 2 * MIB, .total_bytes_max = 256 * MIB};

void await_readable(void *socket)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	assert_int_equal(zmq_poll(&item, 1, WAIT_MS), 1);
}

/* Connects; the ROUTER learns of it, and so do we. */
static void dealer_open(struct world *w, struct dealer *d)
{
	int few = 1, small = 16 * 1024, linger = 0;
	d->socket = zmq_socket(w->ctx, ZMQ_DEALER);
	assert_int_equal(zmq_setsockopt(d->socket, ZMQ_RCVHWM, &few, sizeof few), 0);
	assert_int_equal(zmq_setsockopt(d->socket, ZMQ_RCVBUF, &small, sizeof small), 0);
	assert_int_equal(zmq_setsockopt(d->socket, ZMQ_LINGER, &linger, sizeof linger), 0);
	assert_int_equal(zmq_connect(d->socket, front_endpoint(w->front)), 0);
	assert_int_equal(zmq_send(d->socket, "hello", 5, 0), 5);
	await_readable(front_socket(w->front));
	struct front_frame frame;
	front_frame_init(&frame);
	assert_true(front_recv(w->front, &frame));
	assert_int_equal(frame.err, PARLOR_E_OK);
	assert_int_equal(front_routing(&frame).len, sizeof d->routing);
	memcpy(d->routing, front_routing(&frame).data, sizeof d->routing);
	d->peer = outbox_open(w->outbox, front_routing(&frame), d, NULL);
	front_frame_close(&frame);
}

struct world *world_open(const struct outbox_limits *with)
{
	char why[256];
	struct world *w = mem_new(sizeof *w);
	w->ctx = zmq_ctx_new();
	assert_int_equal(auth_open(&w->auth, w->ctx, NULL, 500, why, sizeof why), PARLOR_E_OK);
	struct front_options options = {
		.endpoint = "tcp://127.0.0.1:*", .auth = w->auth, .frame_bytes_max = MIB};
	assert_int_equal(front_open(&w->front, w->ctx, &options, why, sizeof why), PARLOR_E_OK);
	w->outbox = outbox_new(front_socket(w->front), with);
	assert_non_null(w->outbox);
	for (int i = 0; i < DEALERS; i++)
		dealer_open(w, &w->dealers[i]);
	return w;
}

void dealer_close(struct world *w, struct dealer *d)
{
	if (d->peer)
		outbox_close(w->outbox, d->peer);
	if (d->socket)
		zmq_close(d->socket);
	*d = (struct dealer){0};
}

void world_close(struct world *w)
{
	for (int i = 0; i < DEALERS; i++)
		dealer_close(w, &w->dealers[i]);
	front_close(w->front);
	auth_close(w->auth);
	zmq_ctx_term(w->ctx);
	outbox_free(w->outbox);
	free(w);
}

int setup(void **state)
{
	*state = world_open(&world_limits);
	return 0;
}

int teardown(void **state)
{
	world_close(*state);
	return 0;
}

struct outbox_part put(struct world *w, const char *text)
{
	return outbox_put(w->outbox, SPAN_TEXT(text));
}

void add(struct world *w, int dealer, struct outbox_part part)
{
	outbox_add(w->outbox, w->dealers[dealer].peer, part);
}

void expect(struct world *w, int dealer, const char *text)
{
	char frame[256];
	await_readable(w->dealers[dealer].socket);
	int n = zmq_recv(w->dealers[dealer].socket, frame, sizeof frame, 0);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(frame, text, strlen(text));
}

int frame_of(void *socket, uint8_t byte)
{
	await_readable(socket);
	zmq_msg_t msg;
	(void)zmq_msg_init(&msg);
	int len = zmq_msg_recv(&msg, socket, 0);
	const uint8_t *bytes = zmq_msg_data(&msg);
	for (int i = 0; i < len; i++)
		if (byte && bytes[i] != byte)
			len = -1;
	(void)zmq_msg_close(&msg);
	return len;
}

void await_empty(struct world *w)
{
	struct outbox_counts counts;
	for (;;) {
		outbox_collect(w->outbox);
		outbox_counts(w->outbox, &counts);
		if (!counts.queued_bytes)
			return;
		if (!outbox_arm(w->outbox))
			continue;
		/* The ROUTER drops what was for a peer that left while it is polled. */
		zmq_pollitem_t items[] = {{.fd = outbox_fd(w->outbox), .events = ZMQ_POLLIN},
					  {.socket = front_socket(w->front), .events = ZMQ_POLLIN}};
		assert_true(zmq_poll(items, 2, WAIT_MS) > 0);
	}
}
