/* The broker's ROUTER: which addresses it binds and which messages it takes. */
#include "front/front.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAIT_MS 10000
#define FRAME_MAX 1000

struct world {
	void *ctx;
	struct auth *auth;
	struct front *front;
	struct front_frame frame;
};

static enum parlor_err try_open(struct world *w, const char *endpoint, struct front **front,
				char why[256])
{
	struct front_options options = {
		.endpoint = endpoint, .auth = w->auth, .frame_bytes_max = FRAME_MAX};
	return front_open(front, w->ctx, &options, why, 256);
}

static int setup(void **state)
{
	char why[256];
	struct world *w = mem_new(sizeof *w);
	w->ctx = zmq_ctx_new();
	assert_int_equal(auth_open(&w->auth, w->ctx, NULL, 500, why, sizeof why), PARLOR_E_OK);
	assert_int_equal(try_open(w, "tcp://127.0.0.1:*", &w->front, why), PARLOR_E_OK);
	front_frame_init(&w->frame);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	front_frame_close(&w->frame);
	front_close(w->front);
	auth_close(w->auth);
	zmq_ctx_term(w->ctx);
	free(w);
	return 0;
}

static void *peer_named(struct world *w, int type, struct span routing)
{
	int linger = 0;
	void *socket = zmq_socket(w->ctx, type);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), 0);
	if (routing.len)
		assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing.data, routing.len),
				 0);
	assert_int_equal(zmq_connect(socket, front_endpoint(w->front)), 0);
	return socket;
}

static void *peer_open(struct world *w, int type)
{
	return peer_named(w, type, (struct span){NULL, 0});
}

static void await_readable(void *socket)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	assert_int_equal(zmq_poll(&item, 1, WAIT_MS), 1);
}

static void say(void *socket, const char *text, int more)
{
	assert_int_equal(zmq_send(socket, text, strlen(text), more), strlen(text));
}

static void expect(struct world *w, enum parlor_err err, const char *payload)
{
	await_readable(front_socket(w->front));
	assert_true(front_recv(w->front, &w->frame));
	assert_int_equal(w->frame.err, err);
	assert_true(span_equal(front_payload(&w->frame), SPAN_TEXT(payload)));
	assert_true(front_routing(&w->frame).len > 0);
}

static void answer(struct world *w, const char *text)
{
	struct span routing = front_routing(&w->frame);
	assert_true(zmq_send(front_socket(w->front), routing.data, routing.len, ZMQ_SNDMORE) > 0);
	say(front_socket(w->front), text, 0);
}

static void test_one_payload_frame_is_a_message(void **state)
{
	struct world *w = *state;
	void *peer = peer_open(w, ZMQ_DEALER);
	assert_false(front_recv(w->front, &w->frame));
	say(peer, "one", 0);
	say(peer, "", 0);
	expect(w, PARLOR_E_OK, "one");
	assert_int_equal(front_routing(&w->frame).len, 5);
	assert_null(front_user(&w->frame));
	expect(w, PARLOR_E_OK, "");
	assert_false(front_recv(w->front, &w->frame));
	zmq_close(peer);
}

static void test_more_frames_are_drained_and_reported(void **state)
{
	struct world *w = *state;
	struct front_counts counts;
	void *peer = peer_open(w, ZMQ_DEALER);
	void *other = peer_open(w, ZMQ_DEALER);
	for (int i = 0; i < 100; i++)
		say(peer, "part", ZMQ_SNDMORE);
	say(peer, "last", 0);
	say(peer, "good", 0);
	expect(w, PARLOR_E_FRAME, "");
	answer(w, "refused");
	expect(w, PARLOR_E_OK, "good");
	say(other, "mine", 0);
	expect(w, PARLOR_E_OK, "mine");
	await_readable(peer);
	char text[16];
	assert_int_equal(zmq_recv(peer, text, sizeof text, 0), 7);
	front_counts(w->front, &counts);
	assert_int_equal(counts.frames, 2);
	assert_int_equal(counts.bytes, 8);
	assert_int_equal(counts.bad, 1);
	zmq_close(peer);
	zmq_close(other);
}

static void test_a_request_socket_is_told_too(void **state)
{
	struct world *w = *state;
	void *peer = peer_open(w, ZMQ_REQ);
	say(peer, "with an empty frame in front", 0);
	expect(w, PARLOR_E_FRAME, "");
	zmq_close(peer);
}

/* The number in the id that ROUTER gave who sent the last frame. */
static uint32_t number(struct world *w)
{
	struct span id = front_routing(&w->frame);
	const uint8_t *at = id.data;
	assert_int_equal(id.len, 5);
	assert_int_equal(at[0], 0);
	return (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
}

/* As ROUTER writes it. */
static struct span id_of(uint32_t n, uint8_t bytes[5])
{
	for (int i = 4; i > 0; i--, n >>= 8)
		bytes[i] = (uint8_t)n;
	bytes[0] = 0;
	return (struct span){bytes, 5};
}

/* Connects under a name, says hello, is answered; returns the number it was given. */
static uint32_t meet(struct world *w, struct span name, void **peer)
{
	char text[8];
	*peer = peer_named(w, ZMQ_DEALER, name);
	say(*peer, "hello", 0);
	expect(w, PARLOR_E_OK, "hello");
	answer(w, "yes");
	await_readable(*peer);
	assert_int_equal(zmq_recv(*peer, text, sizeof text, 0), 3);
	return number(w);
}

static void test_whatever_id_a_peer_names_it_gets_one_of_routers(void **state)
{
	struct world *w = *state;
	static const struct span names[] = {
		{NULL, 0}, {"mine!", 5}, {"x", 1}, {"\0five", 5}, {"\0", 1}};
	void *peers[8];
	size_t n = 0;
	uint32_t last = meet(w, (struct span){NULL, 0}, &peers[n++]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_int_equal(meet(w, names[i], &peers[n++]), ++last);
		/* What begins with a zero byte is ZeroMQ's own: libzmq shows it as none. */
		assert_int_equal(front_named(&w->frame), i == 1 || i == 2);
	}
	while (n--)
		zmq_close(peers[n]);
}

static void test_another_peers_id_cannot_be_taken(void **state)
{
	struct world *w = *state;
	uint8_t bytes[5];
	void *victim, *thief;
	uint32_t mine = meet(w, (struct span){NULL, 0}, &victim);
	/* While the peer is there, and when its connection is gone. */
	assert_int_equal(meet(w, id_of(mine, bytes), &thief), mine + 1);
	zmq_close(thief);
	zmq_close(victim);
	assert_int_equal(meet(w, id_of(mine, bytes), &thief), mine + 2);
	zmq_close(thief);
}

static void test_an_id_that_router_has_yet_to_give_cannot_be_taken(void **state)
{
	struct world *w = *state;
	uint8_t bytes[5];
	void *peers[10];
	uint32_t last = meet(w, (struct span){NULL, 0}, &peers[0]);
	for (uint32_t i = 1; i < 6; i++)
		assert_int_equal(meet(w, id_of(last + 5, bytes), &peers[i]), last + i);
	/* libzmq would end the process when it comes to a number that is taken. */
	for (uint32_t i = 6; i < 10; i++)
		assert_int_equal(meet(w, (struct span){NULL, 0}, &peers[i]), last + i);
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++)
		zmq_close(peers[i]);
}

static void test_the_first_number_cannot_be_foreseen(void **state)
{
	(void)state;
	uint32_t first[2];
	for (size_t i = 0; i < 2; i++) {
		void *world, *peer;
		/* As every process begins. */
		srand(1);
		assert_int_equal(setup(&world), 0);
		first[i] = meet(world, (struct span){NULL, 0}, &peer);
		zmq_close(peer);
		assert_int_equal(teardown(&world), 0);
	}
	assert_int_not_equal(first[0], first[1]);
}

/* Nobody reads: how many of the largest frames go in before no more do. */
static void test_what_waits_to_be_read_is_bounded_in_bytes(void **state)
{
	enum { LARGE = 4 << 20, BUDGET = 64 << 20, IN_FLIGHT = 6 };
	struct world *w = *state;
	char why[256];
	struct front *front;
	struct front_options options = {
		.endpoint = "tcp://127.0.0.1:*", .auth = w->auth, .frame_bytes_max = LARGE};
	assert_int_equal(front_open(&front, w->ctx, &options, why, sizeof why), PARLOR_E_OK);
	int linger = 0, one = 1;
	void *peer = zmq_socket(w->ctx, ZMQ_DEALER);
	assert_int_equal(zmq_setsockopt(peer, ZMQ_LINGER, &linger, sizeof linger), 0);
	assert_int_equal(zmq_setsockopt(peer, ZMQ_SNDHWM, &one, sizeof one), 0);
	assert_int_equal(zmq_connect(peer, front_endpoint(front)), 0);
	char *bytes = mem_new(LARGE);
	size_t taken = 0;
	zmq_pollitem_t item = {.socket = peer, .events = ZMQ_POLLOUT};
	while (taken < 100 && zmq_poll(&item, 1, 1000) == 1)
		taken += zmq_send(peer, bytes, LARGE, ZMQ_DONTWAIT) == LARGE;
	free(bytes);
	zmq_close(peer);
	front_close(front);
	assert_in_range(taken, BUDGET / LARGE, BUDGET / LARGE + IN_FLIGHT);
}

static void test_too_large_a_frame_costs_the_connection(void **state)
{
	struct world *w = *state;
	struct front_counts counts;
	char large[FRAME_MAX + 1];
	memset(large, 'x', sizeof large);
	void *fine = peer_open(w, ZMQ_DEALER);
	void *bad = peer_open(w, ZMQ_DEALER);
	say(bad, "before", 0);
	expect(w, PARLOR_E_OK, "before");

	assert_int_equal(zmq_socket_monitor(bad, "inproc://bad", ZMQ_EVENT_DISCONNECTED), 0);
	void *monitor = zmq_socket(w->ctx, ZMQ_PAIR);
	assert_int_equal(zmq_connect(monitor, "inproc://bad"), 0);
	assert_int_equal(zmq_send(bad, large, sizeof large, 0), sizeof large);
	await_readable(monitor);

	assert_int_equal(zmq_send(fine, large, FRAME_MAX, 0), FRAME_MAX);
	await_readable(front_socket(w->front));
	assert_true(front_recv(w->front, &w->frame));
	assert_int_equal(front_payload(&w->frame).len, FRAME_MAX);
	front_counts(w->front, &counts);
	assert_int_equal(counts.frames, 2);
	zmq_close(monitor);
	zmq_close(bad);
	zmq_close(fine);
}

static void test_loopback_is_recognized(void **state)
{
	(void)state;
	static const char *const here[] = {"tcp://127.0.0.1:5570", "tcp://127.1.2.3:*",
					   "tcp://[::1]:5570",     "tcp://localhost:5570",
					   "ipc:///run/parlor",    "inproc://x"};
	static const char *const elsewhere[] = {"tcp://0.0.0.0:5570",
						"tcp://*:5570",
						"tcp://[::]:5570",
						"tcp://192.168.1.2:1",
						"tcp://128.0.0.1:1",
						"tcp://localhost.evil.org:1",
						"tcp://127.0.0.1.x:1",
						"tcp://eth0:5570",
						"tcp://[::ffff:10.0.0.1]:1",
						"tcp://127.0.0.1",
						"udp://127.0.0.1:1",
						"",
						"tcp://",
						"tcp://:1",
						"tcp://127.0.0.1:",
						"pgm://127.0.0.1:5570",
						"tcp://1270.0.0.1:99",
						"tcp://[127.0.0.1:5"};
	for (size_t i = 0; i < sizeof here / sizeof *here; i++)
		assert_true(front_is_loopback(here[i]));
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		assert_false(front_is_loopback(elsewhere[i]));
}

static void test_without_keys_only_loopback_is_bound(void **state)
{
	char why[256] = "";
	struct front *front;
	static const char *const refused[] = {"tcp://0.0.0.0:*", "tcp://*:*", "tcp://[::]:*"};
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		assert_int_equal(try_open(*state, refused[i], &front, why), PARLOR_E_ADDRESS);
		assert_non_null(strstr(why, "no keys"));
		assert_null(front);
	}
	assert_int_equal(try_open(*state, "tcp://localhost:*", &front, why), PARLOR_E_OK);
	assert_memory_equal(front_endpoint(front), "tcp://127.0.0.1:", 16);
	assert_null(strchr(front_endpoint(front), '*'));
	front_close(front);
}

static void test_an_address_that_cannot_be_bound_is_explained(void **state)
{
	struct world *w = *state;
	char why[256] = "";
	struct front *front;
	assert_int_equal(try_open(w, front_endpoint(w->front), &front, why), PARLOR_E_ADDRESS);
	assert_non_null(strstr(why, front_endpoint(w->front)));
	assert_non_null(strstr(why, "in use"));
	static const char *const bad[] = {"tcp://127.0.0.1",       "tcp://127.0.0.1:http",
					  "tcp://127.0.0.1:55x",   "tcp://127.0.0.1:-1",
					  "tcp://127.0.0.1:99999", "ipc:///no/such/place/socket"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why[0] = '\0';
		assert_int_equal(try_open(w, bad[i], &front, why), PARLOR_E_ADDRESS);
		assert_non_null(strstr(why, bad[i]));
	}
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_one_payload_frame_is_a_message),
		IN_A_WORLD(test_more_frames_are_drained_and_reported),
		IN_A_WORLD(test_a_request_socket_is_told_too),
		IN_A_WORLD(test_whatever_id_a_peer_names_it_gets_one_of_routers),
		IN_A_WORLD(test_another_peers_id_cannot_be_taken),
		IN_A_WORLD(test_an_id_that_router_has_yet_to_give_cannot_be_taken),
		cmocka_unit_test(test_the_first_number_cannot_be_foreseen),
		IN_A_WORLD(test_what_waits_to_be_read_is_bounded_in_bytes),
		IN_A_WORLD(test_too_large_a_frame_costs_the_connection),
		cmocka_unit_test(test_loopback_is_recognized),
		IN_A_WORLD(test_without_keys_only_loopback_is_bound),
		IN_A_WORLD(test_an_address_that_cannot_be_bound_is_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
