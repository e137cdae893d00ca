#include "front/front.h"

#include "base/endpoint.h"
#include "base/mem.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What ZeroMQ may hold unread of one peer, about: so many of the largest frames,
 * at least two, for one is read while the next one comes. Its thread is told each time
 * half as many were read: with a handful, a loaded broker does little but wake it. */
#define RECEIVE_BYTES_MAX (64u << 20)
#define RECEIVE_HWM_MIN 2
#define RECEIVE_HWM_MAX 128
#define BACKLOG 1024
#define HANDSHAKE_MS 5000

struct front {
	void *socket;
	char endpoint[FRONT_ENDPOINT_MAX];
	struct connections *connections;
	struct front_counts counts;
};

/* ---- addresses ---------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* '*' or a number. libzmq would take 99999 and 80x, and bind something else. */
static bool is_port(const char *text)
{
	if (strcmp(text, "*") == 0)
		return true;
	size_t len = strlen(text);
	return len >= 1 && len <= 5 && strspn(text, "0123456789") == len &&
	       strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* The host of tcp://HOST:PORT, without brackets. False when it is no such address. */
static bool tcp_host(const char *endpoint, char *host, size_t host_size)
{
	if (!begins(endpoint, "tcp://"))
		return false;
	const char *at = endpoint + strlen("tcp://");
	const char *end = strrchr(at, ':');
	if (!end || end == at || !is_port(end + 1))
		return false;
	if (*at == '[' && end[-1] == ']') {
		at++;
		end--;
	}
	size_t len = (size_t)(end - at);
	if (len == 0 || len >= host_size)
		return false;
	memcpy(host, at, len);
	host[len] = '\0';
	return true;
}

bool front_is_loopback(const char *endpoint)
{
	if (begins(endpoint, "ipc://") || begins(endpoint, "inproc://"))
		return true;
	char host[FRONT_ENDPOINT_MAX];
	if (!tcp_host(endpoint, host, sizeof host))
		return false;
	if (strcmp(host, "localhost") == 0)
		return true;
	struct in_addr v4;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	struct in6_addr v6;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* ZeroMQ binds addresses and interfaces, not names. */
static void without_names(const char *endpoint, char *to, size_t to_size)
{
	static const char name[] = "tcp://localhost:";
	if (begins(endpoint, name))
		(void)snprintf(to, to_size, "tcp://127.0.0.1:%s", endpoint + strlen(name));
	else
		(void)snprintf(to, to_size, "%s", endpoint);
}

static enum parlor_err address_check(const struct front_options *options, char *why,
				     size_t why_size)
{
	const char *endpoint = options->endpoint;
	char host[FRONT_ENDPOINT_MAX];
	if (strlen(endpoint) >= FRONT_ENDPOINT_MAX ||
	    (begins(endpoint, "tcp://") && !tcp_host(endpoint, host, sizeof host))) {
		(void)snprintf(why, why_size, "%.100s: not an address, write tcp://HOST:PORT",
			       endpoint);
		return PARLOR_E_ADDRESS;
	}
	if (!auth_has_keys(options->auth) && !front_is_loopback(endpoint)) {
		(void)snprintf(why, why_size,
			       "%.100s: not bound, for it is not a loopback address and no keys "
			       "are configured",
			       endpoint);
		return PARLOR_E_ADDRESS;
	}
	return PARLOR_E_OK;
}

/* ---- the socket --------------------------------------------------------------------- */

/* ROUTER numbers its peers from rand() on, which libzmq leaves to the application
 * to seed: without it every broker would give the same numbers. */
static enum parlor_err seed_routing_ids(void)
{
	unsigned seed;
	enum parlor_err err = random_bytes(&seed, sizeof seed);
	if (!err)
		srand(seed);
	return err;
}

/* From here on ROUTER gives every peer a number of its own and never looks at the
 * routing id that a peer names in its handshake. It is refused (front_named), but
 * must have done no harm before. Such an id could be that of a
 * session whose connection broke, or one that ROUTER is about to give, at which
 * libzmq aborts. It looks like one of ROUTER's own, so that only ROUTER itself can
 * tell them apart.
 *
 * What a connection speaks is settled by the options as they were at bind, so
 * that it stays ZMTP with all its security; only the numbering is taken from
 * ZMQ_ROUTER_RAW, which libzmq reads when a peer is attached. The id that was
 * named still comes first on the connection, and ROUTER passes over it as it does
 * after every reconnection. Read in libzmq 4.3.4 and 4.3.5, router.cpp; a unit test
 * holds it, and front_frame_recv refuses ids of another form. */
static bool number_peers(void *socket)
{
	int on = 1;
	return zmq_setsockopt(socket, ZMQ_ROUTER_RAW, &on, sizeof on) == 0;
}

static int receive_hwm(const struct front_options *options)
{
	size_t frames = RECEIVE_BYTES_MAX / options->frame_bytes_max;
	return frames < RECEIVE_HWM_MIN   ? RECEIVE_HWM_MIN
	       : frames > RECEIVE_HWM_MAX ? RECEIVE_HWM_MAX
					  : (int)frames;
}

static bool set_options(void *socket, const struct front_options *options)
{
	const struct {
		int name;
		int value;
	} ints[] = {
		{ZMQ_ROUTER_MANDATORY, 1},
		{ZMQ_SNDHWM, options->send_hwm},
		{ZMQ_RCVHWM, receive_hwm(options)},
		{ZMQ_LINGER, FRONT_LINGER_MS},
		{ZMQ_BACKLOG, BACKLOG},
		{ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
		{ZMQ_IPV6, endpoint_is_ipv6(options->endpoint)},
		/* Hosts that vanished without a word give their descriptor back. */
		{ZMQ_TCP_KEEPALIVE, 1},
		{ZMQ_TCP_KEEPALIVE_IDLE, 60},
		{ZMQ_TCP_KEEPALIVE_INTVL, 15},
		{ZMQ_TCP_KEEPALIVE_CNT, 4},
	};
	for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
		if (zmq_setsockopt(socket, ints[i].name, &ints[i].value, sizeof ints[i].value))
			return false;
	int64_t frame_max = (int64_t)options->frame_bytes_max;
	return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) == 0;
}

static enum parlor_err bind_socket(struct front *f, const char *endpoint, char *why,
				   size_t why_size)
{
	char address[FRONT_ENDPOINT_MAX];
	without_names(endpoint, address, sizeof address);
	size_t len = sizeof f->endpoint;
	if (zmq_bind(f->socket, address) == 0 && number_peers(f->socket) &&
	    zmq_getsockopt(f->socket, ZMQ_LAST_ENDPOINT, f->endpoint, &len) == 0)
		return PARLOR_E_OK;
	(void)snprintf(why, why_size, "%.100s: cannot be bound: %s", endpoint, zmq_strerror(errno));
	return PARLOR_E_ADDRESS;
}

enum parlor_err front_open(struct front **out, void *zmq_ctx, const struct front_options *options,
			   char *why, size_t why_size)
{
	*out = NULL;
	enum parlor_err err = address_check(options, why, why_size);
	if (!err)
		err = seed_routing_ids();
	if (err)
		return err;
	struct front *f = mem_new(sizeof *f);
	f->socket = zmq_socket(zmq_ctx, ZMQ_ROUTER);
	if (!f->socket || !set_options(f->socket, options)) {
		(void)snprintf(why, why_size, "%.100s: no socket: %s", options->endpoint,
			       zmq_strerror(errno));
		err = PARLOR_E_IO;
		goto out;
	}
	err = auth_guard(options->auth, f->socket, options->role);
	if (err) {
		(void)snprintf(why, why_size, "%.100s: cannot use the server's key",
			       options->endpoint);
		goto out;
	}
	f->connections = connections_open(zmq_ctx, f->socket, &options->connections);
	if (!f->connections) {
		(void)snprintf(why, why_size, "%.100s: cannot be watched: %s", options->endpoint,
			       zmq_strerror(errno));
		err = PARLOR_E_IO;
		goto out;
	}
	err = bind_socket(f, options->endpoint, why, why_size);
out:
	if (err) {
		front_close(f);
		return err;
	}
	*out = f;
	return PARLOR_E_OK;
}

void front_close(struct front *f)
{
	if (!f)
		return;
	connections_close(f->connections);
	if (f->socket)
		(void)zmq_close(f->socket);
	free(f);
}

void *front_socket(const struct front *f)
{
	return f->socket;
}

struct connections *front_connections(const struct front *f)
{
	return f->connections;
}

const char *front_endpoint(const struct front *f)
{
	return f->endpoint;
}

void front_counts(const struct front *f, struct front_counts *counts)
{
	*counts = f->counts;
}

bool front_recv(struct front *f, struct front_frame *frame)
{
	if (!front_frame_recv(f->socket, frame))
		return false;
	if (frame->err) {
		f->counts.bad++;
	} else {
		f->counts.frames++;
		f->counts.bytes += front_payload(frame).len;
	}
	return true;
}
