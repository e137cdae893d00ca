/* What a turn sends, over a real ROUTER and real DEALERs on TCP: order,
 * sharing, splitting, and the account of what is queued. */
#include "front/outbox.h"

#include "base/clock.h"
#include "base/mem.h"
#include "front/front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEALERS 4
#define WAIT_MS 10000
#define MIB (1u << 20)

static const struct outbox_limits limits = {
	.frame_bytes_max = 64 * 1024, .peer_bytes_max = 2 * MIB, .total_bytes_max = 256 * MIB};

struct dealer {
	void *socket;
	struct outbox_peer *peer;
	uint8_t routing[5];
};

struct world {
	void *ctx;
	struct auth *auth;
	struct front *front;
	struct outbox *outbox;
	struct dealer dealers[DEALERS];
};

static void await_readable(void *socket)
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

static struct world *world_open(const struct outbox_limits *with)
{
	char why[256];
	struct world *w = mem_new(sizeof *w);
	w->ctx = zmq_ctx_new();
	assert_int_equal(auth_open(&w->auth, w->ctx, NULL, why, sizeof why), PARLOR_E_OK);
	struct front_options options = {
		.endpoint = "tcp://127.0.0.1:*", .auth = w->auth, .frame_bytes_max = MIB};
	assert_int_equal(front_open(&w->front, w->ctx, &options, why, sizeof why), PARLOR_E_OK);
	w->outbox = outbox_new(front_socket(w->front), with);
	assert_non_null(w->outbox);
	for (int i = 0; i < DEALERS; i++)
		dealer_open(w, &w->dealers[i]);
	return w;
}

static void dealer_close(struct world *w, struct dealer *d)
{
	if (d->peer)
		outbox_close(w->outbox, d->peer);
	if (d->socket)
		zmq_close(d->socket);
	*d = (struct dealer){0};
}

static void world_close(struct world *w)
{
	for (int i = 0; i < DEALERS; i++)
		dealer_close(w, &w->dealers[i]);
	front_close(w->front);
	auth_close(w->auth);
	zmq_ctx_term(w->ctx);
	outbox_free(w->outbox);
	free(w);
}

static int setup(void **state)
{
	*state = world_open(&limits);
	return 0;
}

static int teardown(void **state)
{
	world_close(*state);
	return 0;
}

static struct outbox_part put(struct world *w, const char *text)
{
	return outbox_put(w->outbox, SPAN_TEXT(text));
}

static void add(struct world *w, int dealer, struct outbox_part part)
{
	outbox_add(w->outbox, w->dealers[dealer].peer, part);
}

/* The next frame is this, whole. */
static void expect(struct world *w, int dealer, const char *text)
{
	char frame[256];
	await_readable(w->dealers[dealer].socket);
	int n = zmq_recv(w->dealers[dealer].socket, frame, sizeof frame, 0);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(frame, text, strlen(text));
}

/* Until ZeroMQ holds nothing any more. */
static void await_empty(struct world *w)
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

static void test_equal_frames_are_shared(void **state)
{
	struct world *w = *state;
	struct outbox_counts counts;
	struct outbox_part reply = put(w, "reply ");
	add(w, 0, reply);
	struct outbox_part first = put(w, "first ");
	struct outbox_part second = put(w, "second");
	for (int i = 0; i < 3; i++)
		add(w, i, first);
	for (int i = 0; i < 3; i++)
		add(w, i, second);
	add(w, 3, second);
	assert_int_equal(outbox_room(w->outbox, w->dealers[0].peer), limits.peer_bytes_max - 18);
	assert_int_equal(outbox_put_down(w->outbox), 18);
	outbox_flush(w->outbox);
	expect(w, 0, "reply first second");
	expect(w, 1, "first second");
	expect(w, 2, "first second");
	expect(w, 3, "second");
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.frames, 4);
	assert_int_equal(counts.shared, 1);
	assert_int_equal(counts.parts, 3);
	assert_int_equal(counts.frame_bytes, 18 + 12 + 12 + 6);
	assert_null(outbox_failed(w->outbox));

	/* The next turn begins with nothing. */
	assert_int_equal(outbox_put_down(w->outbox), 0);
	add(w, 1, put(w, "later"));
	outbox_flush(w->outbox);
	expect(w, 1, "later");
	await_empty(w);
	for (int i = 0; i < DEALERS; i++)
		assert_int_equal(outbox_queued(w->dealers[i].peer), 0);
}

static void test_a_part_is_encoded_in_place(void **state)
{
	struct world *w = *state;
	struct outbox_part before = put(w, "<");
	buf_put(outbox_begin(w->outbox), "in", 2);
	struct outbox_part part = outbox_end(w->outbox);
	add(w, 0, before);
	add(w, 0, part);
	add(w, 0, part);
	outbox_flush(w->outbox);
	expect(w, 0, "<inin");
}

/* Next frame's length; its bytes all equal `byte`, or -1. */
static int frame_of(void *socket, uint8_t byte)
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

static void test_large_frames_are_split_between_parts(void **state)
{
	struct world *w = *state;
	uint8_t *bytes = mem_new(100 * 1024);
	memset(bytes, 'x', 100 * 1024);
	static const size_t sizes[] = {30 * 1024, 30 * 1024, 30 * 1024, 100 * 1024, 1, 2};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct outbox_part part = outbox_put(w->outbox, (struct span){bytes, sizes[i]});
		add(w, 0, part);
		add(w, 1, part);
	}
	outbox_flush(w->outbox);
	for (int d = 0; d < 2; d++) {
		assert_int_equal(frame_of(w->dealers[d].socket, 'x'), 60 * 1024);
		assert_int_equal(frame_of(w->dealers[d].socket, 'x'), 30 * 1024);
		assert_int_equal(frame_of(w->dealers[d].socket, 'x'), 100 * 1024);
		assert_int_equal(frame_of(w->dealers[d].socket, 'x'), 3);
	}
	struct outbox_counts counts;
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.shared, 4);
	free(bytes);
}

/* Sends one part of that many bytes; the room left before it. */
static size_t send_bytes(struct world *w, int dealer, size_t len)
{
	size_t room = outbox_room(w->outbox, w->dealers[dealer].peer);
	uint8_t *bytes = mem_new(len);
	memset(bytes, 'b', len);
	add(w, dealer, outbox_put(w->outbox, (struct span){bytes, len}));
	free(bytes);
	outbox_flush(w->outbox);
	return room;
}

static void test_a_peer_that_does_not_read_is_told_apart(void **state)
{
	struct world *w = *state;
	struct outbox_counts counts;
	size_t sent = 0;
	assert_int_equal(outbox_room(w->outbox, w->dealers[0].peer), limits.peer_bytes_max);
	/* The kernel's buffers fill, then the account of that peer. */
	while (outbox_room(w->outbox, w->dealers[0].peer) > 0) {
		(void)send_bytes(w, 0, 60 * 1024);
		sent += 60 * 1024;
		assert_true(sent < 64u * MIB);
	}
	assert_true(outbox_queued(w->dealers[0].peer) >= limits.peer_bytes_max);
	assert_null(outbox_failed(w->outbox));
	assert_true(outbox_room(w->outbox, w->dealers[1].peer) == limits.peer_bytes_max);
	add(w, 1, put(w, "others go on"));
	outbox_flush(w->outbox);
	expect(w, 1, "others go on");

	/* Replies still go to it, up to four times as much. */
	void *failed;
	size_t replies = 0;
	while (!(failed = outbox_failed(w->outbox))) {
		(void)send_bytes(w, 0, 60 * 1024);
		replies++;
		assert_true(replies < 1000);
	}
	assert_ptr_equal(failed, &w->dealers[0]);
	assert_true(outbox_queued(w->dealers[0].peer) > 3 * limits.peer_bytes_max);
	assert_true(outbox_queued(w->dealers[0].peer) <=
		    4 * limits.peer_bytes_max + 2 * limits.frame_bytes_max);
	(void)send_bytes(w, 0, 10);
	assert_null(outbox_failed(w->outbox));
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(counts.dropped, 2);

	/* A new session on the same connection inherits the full queue. */
	struct span routing = {w->dealers[0].routing, sizeof w->dealers[0].routing};
	size_t queued = outbox_queued(w->dealers[0].peer);
	outbox_close(w->outbox, w->dealers[0].peer);
	w->dealers[0].peer = outbox_open(w->outbox, routing, &w->dealers[0], NULL);
	assert_int_equal(outbox_queued(w->dealers[0].peer), queued);
	assert_int_equal(outbox_room(w->outbox, w->dealers[0].peer), 0);

	/* What it held is given back once it is gone, though its owner is too. */
	dealer_close(w, &w->dealers[0]);
	await_empty(w);
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.peers, DEALERS - 1);
}

/* Another peer for the same dealer: what is open counts, and nothing is sent. */
static struct outbox_peer *reopen(struct world *w, int dealer, struct outbox_share *share)
{
	struct span routing = {w->dealers[dealer].routing, sizeof w->dealers[dealer].routing};
	outbox_close(w->outbox, w->dealers[dealer].peer);
	return w->dealers[dealer].peer =
		       outbox_open(w->outbox, routing, &w->dealers[dealer], share);
}

static void test_beyond_half_of_all_each_tenant_has_the_same_part(void **state)
{
	static const struct outbox_limits tight = {.frame_bytes_max = 64 * 1024,
						   .peer_bytes_max = 2 * MIB,
						   .total_bytes_max = 4 * MIB};
	(void)state;
	struct world *w = world_open(&tight);
	struct outbox_share many = {0}, few = {0};
	size_t half = tight.total_bytes_max / 2;
	for (int d = 0; d < DEALERS - 1; d++)
		(void)reopen(w, d, &many);
	struct outbox_peer *greedy = w->dealers[0].peer;
	struct outbox_peer *other = reopen(w, DEALERS - 1, &few);
	assert_int_equal(outbox_room(w->outbox, other), tight.peer_bytes_max);
	outbox_hold(greedy, half + 1);
	assert_int_equal(outbox_room(w->outbox, greedy), 0);
	assert_int_equal(outbox_room(w->outbox, w->dealers[1].peer), half / 2 / (DEALERS - 1));
	assert_int_equal(outbox_room(w->outbox, other), half / 2);
	/* A tenant that has gone has no part. */
	for (int d = 1; d < DEALERS - 1; d++)
		(void)reopen(w, d, &few);
	assert_int_equal(outbox_room(w->outbox, other), half / 2 / (DEALERS - 1));
	(void)reopen(w, DEALERS - 1, NULL);
	outbox_let_go(greedy, half + 1);
	for (int d = 0; d < DEALERS; d++)
		(void)reopen(w, d, NULL);
	assert_int_equal(many.peers + few.peers, 0);
	world_close(w);
}

static void test_replies_are_made_while_there_is_room_or_nothing_is_queued(void **state)
{
	struct world *w = *state;
	struct outbox_peer *peer = w->dealers[0].peer;
	uint8_t *bytes = mem_new(limits.peer_bytes_max + 1);
	assert_true(outbox_may_reply(w->outbox, peer));
	size_t len = limits.peer_bytes_max - OUTBOX_REPLY_ROOM;
	add(w, 0, outbox_put(w->outbox, (struct span){bytes, len}));
	assert_true(outbox_may_reply(w->outbox, peer));
	add(w, 0, outbox_put(w->outbox, (struct span){bytes, 1}));
	assert_false(outbox_may_reply(w->outbox, peer));
	assert_true(outbox_may_reply(w->outbox, w->dealers[1].peer));
	outbox_flush(w->outbox);
	for (size_t got = 0; got < len + 1;)
		got += (size_t)frame_of(w->dealers[0].socket, 0);
	await_empty(w);
	assert_true(outbox_may_reply(w->outbox, peer));
	free(bytes);
}

/* What is held for it counts as if it were put down, and outlives its owner. */
static void test_what_is_held_for_a_peer_counts_and_is_sent_after_its_close(void **state)
{
	struct world *w = *state;
	struct outbox_peer *peer = w->dealers[0].peer;
	static const char text[] = "referred to";
	outbox_hold(peer, limits.peer_bytes_max);
	outbox_hold(peer, 100);
	assert_int_equal(outbox_room(w->outbox, peer), 0);
	assert_false(outbox_may_reply(w->outbox, peer));
	outbox_close(w->outbox, peer);
	w->dealers[0].peer = NULL;
	outbox_let_go(peer, limits.peer_bytes_max);
	outbox_add(w->outbox, peer, outbox_refer(w->outbox, SPAN_TEXT(text)));
	outbox_let_go(peer, 100);
	outbox_flush(w->outbox);
	expect(w, 0, text);
}

static void test_a_burst_for_a_peer_with_nothing_queued_is_bounded_as_well(void **state)
{
	struct world *w = *state;
	uint8_t *bytes = mem_new(MIB);
	/* One part goes whatever its size, as a large message must. */
	struct outbox_part large = outbox_put(w->outbox, (struct span){bytes, MIB});
	for (size_t sent = 0; sent <= 5 * limits.peer_bytes_max; sent += MIB)
		add(w, 0, large);
	outbox_flush(w->outbox);
	assert_ptr_equal(outbox_failed(w->outbox), &w->dealers[0]);
	assert_int_equal(outbox_queued(w->dealers[0].peer), 0);
	free(bytes);
}

static void test_reading_makes_room_again(void **state)
{
	struct world *w = *state;
	size_t frames = 1;
	while (send_bytes(w, 2, 60 * 1024) > 0)
		frames++;
	for (size_t i = 0; i < frames; i++)
		assert_int_equal(frame_of(w->dealers[2].socket, 'b'), 60 * 1024);
	await_empty(w);
	assert_int_equal(outbox_room(w->outbox, w->dealers[2].peer), limits.peer_bytes_max);
}

static void test_a_peer_that_vanished_is_reported_once(void **state)
{
	struct world *w = *state;
	zmq_close(w->dealers[1].socket);
	w->dealers[1].socket = NULL;
	uint64_t until = clock_mono_us() + WAIT_MS * 1000u;
	void *failed;
	do {
		/* The socket hears of the peer's end while it is polled. */
		zmq_pollitem_t item = {.socket = front_socket(w->front), .events = ZMQ_POLLIN};
		assert_true(zmq_poll(&item, 1, 1) >= 0);
		add(w, 0, put(w, "still here"));
		add(w, 1, put(w, "anyone?"));
		outbox_flush(w->outbox);
		expect(w, 0, "still here");
		failed = outbox_failed(w->outbox);
		assert_true(failed || clock_mono_us() < until);
	} while (!failed);
	assert_ptr_equal(failed, &w->dealers[1]);
	assert_int_equal(outbox_room(w->outbox, w->dealers[1].peer), 0);
	assert_null(outbox_failed(w->outbox));
	await_empty(w);
}

static void test_a_farewell_is_sent_after_the_close(void **state)
{
	struct world *w = *state;
	struct outbox_part bye = put(w, "goodbye");
	add(w, 0, bye);
	outbox_close(w->outbox, w->dealers[0].peer);
	w->dealers[0].peer = NULL;
	outbox_flush(w->outbox);
	expect(w, 0, "goodbye");

	/* Closed within a turn that is never flushed: nothing is left behind. */
	add(w, 1, put(w, "never"));
	outbox_close(w->outbox, w->dealers[1].peer);
	w->dealers[1].peer = NULL;
}

/* Answers to a stranger until one is dropped; how many were taken. */
static size_t answer_stranger(struct world *w, struct span routing)
{
	static const uint8_t refusal[100];
	size_t sent = 0;
	while (outbox_send(w->outbox, routing, (struct span){refusal, sizeof refusal})) {
		outbox_flush(w->outbox);
		assert_true(++sent < 100000);
	}
	return sent;
}

static void test_a_stranger_who_does_not_read_silences_no_other(void **state)
{
	struct world *w = *state;
	struct span mute = {w->dealers[0].routing, sizeof w->dealers[0].routing};
	struct span other = {w->dealers[1].routing, sizeof w->dealers[1].routing};
	struct outbox_counts counts;
	outbox_close(w->outbox, w->dealers[0].peer);
	outbox_close(w->outbox, w->dealers[1].peer);
	w->dealers[0].peer = w->dealers[1].peer = NULL;
	/* Its queue inside ZeroMQ first: then what it does not read adds up. */
	(void)answer_stranger(w, mute);
	outbox_counts(w->outbox, &counts);
	assert_true(counts.queued_bytes <= 4096);
	assert_true(counts.dropped > 0);
	assert_true(outbox_send(w->outbox, other, SPAN_TEXT("who are you?")));
	outbox_flush(w->outbox);
	expect(w, 1, "who are you?");
}

static void test_strangers_together_get_no_more_than_their_part(void **state)
{
	(void)state;
	struct outbox_limits small = limits;
	small.total_bytes_max = 4 * MIB;
	struct world *w = world_open(&small);
	struct outbox_counts counts;
	char routing[] = "\0nnnn";
	size_t taken = 0;
	for (uint32_t n = 0; n < 1000; n++) {
		memcpy(routing + 1, &n, sizeof n);
		taken += outbox_send(w->outbox, (struct span){routing, 5}, SPAN_TEXT("x"));
	}
	assert_int_equal(taken, small.total_bytes_max / 64 / OUTBOX_STRANGER_BYTES);
	/* They are gone, which is no failure of a session. */
	outbox_flush(w->outbox);
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.dropped, 1000);
	assert_int_equal(counts.failed, 0);
	assert_int_equal(counts.queued_bytes, 0);
	assert_true(outbox_send(w->outbox, (struct span){routing, 5}, SPAN_TEXT("x")));
	world_close(w);
}

static void test_when_all_is_full_each_has_its_fair_part(void **state)
{
	(void)state;
	struct outbox_limits tight = limits;
	tight.peer_bytes_max = 8 * MIB;
	tight.total_bytes_max = 8 * MIB;
	size_t fair = tight.total_bytes_max / 2 / DEALERS;
	struct world *w = world_open(&tight);
	size_t rooms[2] = {1, 1};
	struct outbox_counts counts;
	/* Two that do not read take half of the memory; then they get no more. */
	for (int d = 0; rooms[0] || rooms[1]; d = !d)
		if (rooms[d])
			rooms[d] = send_bytes(w, d, 60 * 1024);
	outbox_counts(w->outbox, &counts);
	assert_true(counts.queued_bytes > tight.total_bytes_max / 2);
	assert_true(counts.queued_bytes < tight.total_bytes_max);
	assert_int_equal(outbox_room(w->outbox, w->dealers[0].peer), 0);
	assert_int_equal(outbox_room(w->outbox, w->dealers[2].peer), fair);
	add(w, 2, put(w, "live as ever"));
	outbox_flush(w->outbox);
	expect(w, 2, "live as ever");
	assert_null(outbox_failed(w->outbox));

	/* Replies beyond the total cost the one that does not read them. */
	void *failed;
	while (!(failed = outbox_failed(w->outbox)))
		(void)send_bytes(w, 0, 60 * 1024);
	assert_ptr_equal(failed, &w->dealers[0]);
	outbox_counts(w->outbox, &counts);
	assert_true(counts.queued_bytes < tight.total_bytes_max + MIB);
	world_close(w);
}

/* One random turn: each part to a random set of peers, noted for each. */
static void random_turn(struct world *w, struct buf expected[DEALERS])
{
	int parts = 1 + rand() % 12;
	for (int p = 0; p < parts; p++) {
		uint8_t bytes[300];
		size_t len = 1 + (size_t)rand() % sizeof bytes;
		memset(bytes, 'a' + rand() % 26, len);
		struct outbox_part part = outbox_put(w->outbox, (struct span){bytes, len});
		int who = rand() % 2 ? rand() % (1 << DEALERS) : (1 << DEALERS) - 1;
		for (int d = 0; d < DEALERS; d++)
			if (who & 1 << d) {
				add(w, d, part);
				buf_put(&expected[d], bytes, len);
			}
	}
	outbox_flush(w->outbox);
}

static void receive_all(void *socket, const struct buf *expected)
{
	size_t at = 0;
	while (at < expected->len) {
		zmq_msg_t msg;
		await_readable(socket);
		(void)zmq_msg_init(&msg);
		assert_true(zmq_msg_recv(&msg, socket, 0) > 0);
		assert_true(at + zmq_msg_size(&msg) <= expected->len);
		assert_memory_equal(zmq_msg_data(&msg), expected->data + at, zmq_msg_size(&msg));
		at += zmq_msg_size(&msg);
		(void)zmq_msg_close(&msg);
	}
}

static void test_random_turns_arrive_whole_and_in_order(void **state)
{
	(void)state;
	struct outbox_limits small = limits;
	small.frame_bytes_max = 700;
	struct world *w = world_open(&small);
	struct buf expected[DEALERS] = {0};
	srand(17);
	for (int round = 0; round < 200; round++) {
		for (int turn = rand() % 10; turn >= 0; turn--)
			random_turn(w, expected);
		for (int d = 0; d < DEALERS; d++) {
			receive_all(w->dealers[d].socket, &expected[d]);
			buf_clear(&expected[d]);
		}
	}
	await_empty(w);
	assert_null(outbox_failed(w->outbox));
	for (int d = 0; d < DEALERS; d++)
		buf_fini(&expected[d]);
	world_close(w);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_equal_frames_are_shared),
		IN_A_WORLD(test_a_part_is_encoded_in_place),
		IN_A_WORLD(test_large_frames_are_split_between_parts),
		IN_A_WORLD(test_a_peer_that_does_not_read_is_told_apart),
		cmocka_unit_test(test_beyond_half_of_all_each_tenant_has_the_same_part),
		IN_A_WORLD(test_replies_are_made_while_there_is_room_or_nothing_is_queued),
		IN_A_WORLD(test_what_is_held_for_a_peer_counts_and_is_sent_after_its_close),
		IN_A_WORLD(test_a_burst_for_a_peer_with_nothing_queued_is_bounded_as_well),
		IN_A_WORLD(test_reading_makes_room_again),
		IN_A_WORLD(test_a_peer_that_vanished_is_reported_once),
		IN_A_WORLD(test_a_farewell_is_sent_after_the_close),
		IN_A_WORLD(test_a_stranger_who_does_not_read_silences_no_other),
		cmocka_unit_test(test_strangers_together_get_no_more_than_their_part),
		cmocka_unit_test(test_when_all_is_full_each_has_its_fair_part),
		cmocka_unit_test(test_random_turns_arrive_whole_and_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
