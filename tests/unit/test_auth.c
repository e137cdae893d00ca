/* Keys: the file's rules, and CURVE connections that are let in or not. */
#include "front/auth.h"

#include "base/clock.h"
#include "base/mem.h"
#include "front/front.h"
#include "front/peer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000

struct keys {
	char public[41];
	char secret[41];
};

struct world {
	void *ctx;
	struct auth *auth;
	struct front *clients;
	struct front *workers;
	struct keys server, acme, any, worker, unknown;
	char path[64];
	struct front_frame frame; /* what came last */
};

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void temp_path(char path[64])
{
	(void)snprintf(path, 64, "/tmp/parlor-test-auth-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	(void)close(fd);
}

static struct front *open_front(struct world *w, const char *endpoint, enum auth_role role)
{
	char why[256];
	struct front *front;
	struct front_options options = {
		.endpoint = endpoint, .auth = w->auth, .role = role, .frame_bytes_max = 1000};
	assert_int_equal(front_open(&front, w->ctx, &options, why, sizeof why), PARLOR_E_OK);
	return front;
}

static int setup_with(void **state, uint64_t handshakes)
{
	struct world *w = mem_new(sizeof *w);
	struct keys *all[] = {&w->server, &w->acme, &w->any, &w->worker, &w->unknown};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		assert_int_equal(zmq_curve_keypair(all[i]->public, all[i]->secret), 0);
	char text[1024];
	char why[256] = "";
	(void)snprintf(text, sizeof text,
		       "# a comment\n\nserver %s\n  tenant acme %s\ntenant beta %s\n"
		       "tenant * %s\nworker\t%s\n",
		       w->server.secret, w->acme.public, w->acme.public, w->any.public,
		       w->worker.public);
	temp_path(w->path);
	write_file(w->path, text, 0600);
	w->ctx = zmq_ctx_new();
	front_frame_init(&w->frame);
	assert_int_equal(auth_open(&w->auth, w->ctx, w->path, handshakes, why, sizeof why),
			 PARLOR_E_OK);
	w->clients = open_front(w, "tcp://127.0.0.1:*", AUTH_CLIENT);
	w->workers = open_front(w, "tcp://127.0.0.1:*", AUTH_WORKER);
	*state = w;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, 500);
}

static int setup_one_a_second(void **state)
{
	return setup_with(state, 1);
}

static int teardown(void **state)
{
	struct world *w = *state;
	front_frame_close(&w->frame);
	front_close(w->clients);
	front_close(w->workers);
	auth_close(w->auth);
	zmq_ctx_term(w->ctx);
	assert_int_equal(unlink(w->path), 0);
	free(w);
	return 0;
}

/* keys NULL: no CURVE at all. */
static void *connect_with(struct world *w, struct front *front, const struct keys *keys,
			  const struct keys *server)
{
	int linger = 0;
	void *socket = zmq_socket(w->ctx, ZMQ_DEALER);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), 0);
	if (keys) {
		assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server->public, 41),
				 0);
		assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, 41), 0);
		assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, 41), 0);
	}
	assert_int_equal(zmq_connect(socket, front_endpoint(front)), 0);
	assert_int_equal(zmq_send(socket, "hello", 5, 0), 5);
	return socket;
}

/* Serves ZAP, as the loop does, until the peer's frame is there. */
static void await_frame(struct world *w, struct front *front)
{
	while (!front_recv(front, &w->frame)) {
		zmq_pollitem_t items[] = {{.socket = front_socket(front), .events = ZMQ_POLLIN},
					  {.socket = auth_socket(w->auth), .events = ZMQ_POLLIN}};
		assert_true(zmq_poll(items, 2, WAIT_MS) > 0);
		auth_serve(w->auth, clock_mono_us());
	}
}

/* Serves ZAP as of that time until libzmq has asked so often. */
static void serve_until_asked(struct world *w, uint64_t times, uint64_t now_us)
{
	struct auth_counts n;
	for (auth_counts(w->auth, &n); n.accepted + n.refused + n.put_off < times;
	     auth_counts(w->auth, &n)) {
		zmq_pollitem_t item = {.socket = auth_socket(w->auth), .events = ZMQ_POLLIN};
		assert_int_equal(zmq_poll(&item, 1, WAIT_MS), 1);
		auth_serve(w->auth, now_us);
	}
}

static void test_each_key_has_its_own_rate_and_unknown_ones_share_one(void **state)
{
	struct world *w = *state;
	struct auth_counts n;
	const struct keys *const order[] = {&w->acme, &w->acme, &w->any, &w->unknown, &w->worker};
	void *peers[6];
	/* A worker's key counts as unknown where clients connect. */
	for (size_t i = 0; i < 5; i++) {
		peers[i] = connect_with(w, w->clients, order[i], &w->server);
		serve_until_asked(w, i + 1, 5000000);
	}
	auth_counts(w->auth, &n);
	assert_int_equal(n.accepted, 2);
	assert_int_equal(n.refused, 1);
	assert_int_equal(n.put_off, 2);
	peers[5] = connect_with(w, w->clients, &w->acme, &w->server);
	serve_until_asked(w, 6, 6000000);
	auth_counts(w->auth, &n);
	assert_int_equal(n.accepted, 3);
	for (size_t i = 0; i < 6; i++)
		zmq_close(peers[i]);
}

static void test_a_listed_key_opens_its_tenants(void **state)
{
	struct world *w = *state;
	void *peer = connect_with(w, w->clients, &w->acme, &w->server);
	await_frame(w, w->clients);
	assert_int_equal(w->frame.err, PARLOR_E_OK);
	assert_true(auth_tenant_allowed(w->auth, front_user(&w->frame), SPAN_TEXT("acme")));
	assert_true(auth_tenant_allowed(w->auth, front_user(&w->frame), SPAN_TEXT("beta")));
	assert_false(auth_tenant_allowed(w->auth, front_user(&w->frame), SPAN_TEXT("gamma")));
	assert_false(auth_tenant_allowed(w->auth, front_user(&w->frame), SPAN_TEXT("acm")));
	assert_false(auth_tenant_allowed(w->auth, front_user(&w->frame), SPAN_TEXT("*")));
	zmq_close(peer);

	peer = connect_with(w, w->clients, &w->any, &w->server);
	await_frame(w, w->clients);
	assert_true(auth_tenant_allowed(w->auth, front_user(&w->frame), SPAN_TEXT("gamma")));
	zmq_close(peer);

	struct auth_counts counts;
	auth_counts(w->auth, &counts);
	assert_int_equal(counts.accepted, 2);
	assert_int_equal(counts.refused, 0);
}

static void test_a_worker_key_opens_the_workers_door(void **state)
{
	struct world *w = *state;
	void *peer = connect_with(w, w->workers, &w->worker, &w->server);
	await_frame(w, w->workers);
	assert_false(auth_tenant_allowed(w->auth, front_user(&w->frame), SPAN_TEXT("acme")));
	zmq_close(peer);
}

static void test_a_message_of_several_parts_is_its_keys_too(void **state)
{
	struct world *w = *state;
	void *peer = connect_with(w, w->clients, &w->acme, &w->server);
	await_frame(w, w->clients);
	assert_int_equal(zmq_send(peer, "a", 1, ZMQ_SNDMORE), 1);
	assert_int_equal(zmq_send(peer, "b", 1, ZMQ_SNDMORE), 1);
	assert_int_equal(zmq_send(peer, "c", 1, 0), 1);
	await_frame(w, w->clients);
	assert_int_equal(w->frame.err, PARLOR_E_FRAME);
	assert_int_equal(front_payload(&w->frame).len, 0);
	assert_non_null(front_user(&w->frame));
	assert_string_equal(front_user(&w->frame), w->acme.public);
	assert_true(front_fd(&w->frame) >= 0);
	zmq_close(peer);
}

static void test_a_peer_is_known_by_its_key_too(void **state)
{
	struct world *w = *state;
	const struct keys *const keys[] = {&w->acme, &w->any};
	struct peer peers[2], again;
	for (size_t i = 0; i < 2; i++) {
		void *socket = connect_with(w, w->clients, keys[i], &w->server);
		await_frame(w, w->clients);
		peers[i] = peer_of(&w->frame);
		assert_int_equal(zmq_send(socket, "again", 5, 0), 5);
		await_frame(w, w->clients);
		again = peer_of(&w->frame);
		assert_true(peer_equal(&peers[i], &again));
		zmq_close(socket);
	}
	/* One that comes by another's id is not that one. */
	memcpy(peers[1].routing, peers[0].routing, sizeof peers[0].routing);
	assert_false(peer_equal(&peers[0], &peers[1]));
}

/* The server's own word on a failed handshake; ZAP is served meanwhile. */
static void expect_refused(struct world *w, struct front *front, const struct keys *keys,
			   const struct keys *server)
{
	static int watched;
	char address[64];
	(void)snprintf(address, sizeof address, "inproc://door.%d", ++watched);
	assert_int_equal(zmq_socket_monitor(front_socket(front), address,
					    ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
						    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
						    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL),
			 0);
	void *monitor = zmq_socket(w->ctx, ZMQ_PAIR);
	assert_int_equal(zmq_connect(monitor, address), 0);
	void *peer = connect_with(w, front, keys, server);
	zmq_pollitem_t items[] = {{.socket = monitor, .events = ZMQ_POLLIN},
				  {.socket = auth_socket(w->auth), .events = ZMQ_POLLIN}};
	while (!(items[0].revents & ZMQ_POLLIN)) {
		assert_true(zmq_poll(items, 2, WAIT_MS) > 0);
		auth_serve(w->auth, clock_mono_us());
		assert_false(front_recv(front, &w->frame));
	}
	assert_int_equal(zmq_socket_monitor(front_socket(front), NULL, 0), 0);
	zmq_close(monitor);
	zmq_close(peer);
}

static void test_who_is_not_listed_is_refused(void **state)
{
	struct world *w = *state;
	struct auth_counts counts;
	expect_refused(w, w->clients, &w->unknown, &w->server);
	auth_counts(w->auth, &counts);
	assert_true(counts.refused >= 1);
	assert_int_equal(counts.accepted, 0);
}

static void test_each_door_has_its_own_keys(void **state)
{
	struct world *w = *state;
	expect_refused(w, w->clients, &w->worker, &w->server);
	expect_refused(w, w->workers, &w->acme, &w->server);
}

static void test_plain_and_misled_connections_are_refused(void **state)
{
	struct world *w = *state;
	expect_refused(w, w->clients, NULL, NULL);
	expect_refused(w, w->clients, &w->acme, &w->unknown);
}

static void test_without_keys_all_is_allowed(void **state)
{
	(void)state;
	char why[256];
	struct auth *auth;
	assert_int_equal(auth_open(&auth, NULL, "", 500, why, sizeof why), PARLOR_E_OK);
	assert_false(auth_has_keys(auth));
	assert_null(auth_socket(auth));
	auth_serve(auth, clock_mono_us());
	assert_true(auth_tenant_allowed(auth, NULL, SPAN_TEXT("acme")));
	auth_close(auth);
}

/* An address of the documentation's net, which no machine has: only the bind fails. */
static void test_with_keys_any_address_is_tried(void **state)
{
	struct world *w = *state;
	char why[256] = "";
	struct front *front;
	struct front_options options = {
		.endpoint = "tcp://192.0.2.1:*", .auth = w->auth, .frame_bytes_max = 1000};
	assert_int_equal(front_open(&front, w->ctx, &options, why, sizeof why), PARLOR_E_ADDRESS);
	assert_non_null(strstr(why, "cannot be bound"));
}

#define KEY "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf#"

static void test_a_bad_file_is_refused_and_tells_no_key(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *why;
	} files[] = {
		{"", "no server key"},
		{"tenant acme " KEY "\n", "no server key"},
		{"server " KEY "\nserver " KEY "\n", ":2: a second server key"},
		{"server short\n", ":1: write: server"},
		{"server " KEY " more\n", ":1: write: server"},
		{"server " KEY "\ntenant " KEY "\n", ":2: write: tenant"},
		{"server " KEY "\n\ntenant acme " KEY " more\n", ":3: write: tenant"},
		{"server " KEY "\nworker\n", ":2: write: worker"},
		{"servant " KEY "\n", ":1: a line begins"},
		{"server " KEY "\ntenant \xff " KEY "\n", ":2: line is not UTF-8"},
	};
	char path[64];
	temp_path(path);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char why[256] = "";
		struct auth *auth;
		write_file(path, files[i].text, 0600);
		assert_int_equal(auth_open(&auth, NULL, path, 500, why, sizeof why),
				 PARLOR_E_CONFIG);
		assert_null(auth);
		assert_non_null(strstr(why, files[i].why));
		assert_non_null(strstr(why, path));
		assert_null(strstr(why, KEY));
	}
	assert_int_equal(unlink(path), 0);
}

static void test_a_file_that_others_may_read_is_refused(void **state)
{
	(void)state;
	static const mode_t modes[] = {0644, 0640, 0604, 0620};
	char path[64];
	temp_path(path);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		char why[256] = "";
		struct auth *auth;
		write_file(path, "server " KEY "\n", modes[i]);
		assert_int_equal(auth_open(&auth, NULL, path, 500, why, sizeof why),
				 PARLOR_E_CONFIG);
		assert_non_null(strstr(why, "chmod 600"));
	}
	char why[256] = "";
	struct auth *auth;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(auth_open(&auth, NULL, path, 500, why, sizeof why), PARLOR_E_CONFIG);
	assert_non_null(strstr(why, "cannot be opened"));
}

static void test_made_keys_are_a_valid_file(void **state)
{
	(void)state;
	char why[256] = "";
	char path[64];
	struct auth *auth;
	temp_path(path);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(auth_make_keys(file), PARLOR_E_OK);
	assert_int_equal(fclose(file), 0);
	void *ctx = zmq_ctx_new();
	assert_int_equal(auth_open(&auth, ctx, path, 500, why, sizeof why), PARLOR_E_OK);
	assert_true(auth_has_keys(auth));
	auth_close(auth);
	zmq_ctx_term(ctx);
	assert_int_equal(unlink(path), 0);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_each_key_has_its_own_rate_and_unknown_ones_share_one,
			setup_one_a_second, teardown),
		IN_A_WORLD(test_a_listed_key_opens_its_tenants),
		IN_A_WORLD(test_a_worker_key_opens_the_workers_door),
		IN_A_WORLD(test_a_message_of_several_parts_is_its_keys_too),
		IN_A_WORLD(test_a_peer_is_known_by_its_key_too),
		IN_A_WORLD(test_who_is_not_listed_is_refused),
		IN_A_WORLD(test_each_door_has_its_own_keys),
		IN_A_WORLD(test_plain_and_misled_connections_are_refused),
		IN_A_WORLD(test_with_keys_any_address_is_tried),
		cmocka_unit_test(test_without_keys_all_is_allowed),
		cmocka_unit_test(test_a_bad_file_is_refused_and_tells_no_key),
		cmocka_unit_test(test_a_file_that_others_may_read_is_refused),
		cmocka_unit_test(test_made_keys_are_a_valid_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
