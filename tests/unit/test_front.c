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
	assert_int_equal(auth_open(&w->auth, w->ctx, NULL, why, sizeof why), PARLOR_E_OK);
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

static void *peer_open(struct world *w, int type, const char *routing)
{
	int linger = 0;
	void *socket = zmq_socket(w->ctx, type);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), 0);
	if (routing)
		assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing, strlen(routing)),
				 0);
	assert_int_equal(zmq_connect(socket, front_endpoint(w->front)), 0);
	return socket;
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
	void *peer = peer_open(w, ZMQ_DEALER, NULL);
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
	void *peer = peer_open(w, ZMQ_DEALER, NULL);
	void *other = peer_open(w, ZMQ_DEALER, NULL);
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
	void *peer = peer_open(w, ZMQ_REQ, NULL);
	say(peer, "with an empty frame in front", 0);
	expect(w, PARLOR_E_FRAME, "");
	zmq_close(peer);
}

static void test_a_peer_does_not_choose_its_routing_id(void **state)
{
	struct world *w = *state;
	void *peer = peer_open(w, ZMQ_DEALER, "mine!");
	say(peer, "hello", 0);
	expect(w, PARLOR_E_FRAME, "");
	answer(w, "refused");
	await_readable(peer);
	zmq_close(peer);
}

static void test_too_large_a_frame_costs_the_connection(void **state)
{
	struct world *w = *state;
	struct front_counts counts;
	char large[FRAME_MAX + 1];
	memset(large, 'x', sizeof large);
	void *fine = peer_open(w, ZMQ_DEALER, NULL);
	void *bad = peer_open(w, ZMQ_DEALER, NULL);
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
		IN_A_WORLD(test_a_peer_does_not_choose_its_routing_id),
		IN_A_WORLD(test_too_large_a_frame_costs_the_connection),
		cmocka_unit_test(test_loopback_is_recognized),
		IN_A_WORLD(test_without_keys_only_loopback_is_bound),
		IN_A_WORLD(test_an_address_that_cannot_be_bound_is_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
