#include "link.h"

#include "backoff.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire.h"
#include "worker_bounds.h"

#include <errno.h>
#include <parlor/version.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define US_PER_MS 1000
#define HELLO_TIMEOUT_US 3000000
/* Leases without an answer until the broker is given up. One that was held up finds
 * our pings when it goes on; a session begun anew would cost each partition its owner. */
#define LEASES 3
#define HEARTBEAT_DEFAULT_MS 1000
#define LINGER_MS 500
#define PARTITIONS_MAX 4096
#define POLL_MAX_US 10000000
/* Decoded, a frame is larger: structs and padding around short texts. */
#define ARENA_SHARE 16
#define ARENA_BASE ((size_t)64 << 10)

struct link {
	void *context;
	void *socket;
	const char *endpoint;
	const char *name;
	const struct keys *keys; /* NULL: none */
	bool session;
	bool lost; /* to be told */
	struct owner owner;
	uint32_t partitions;
	uint64_t heartbeat_us;
	uint64_t lease_us;
	uint64_t sent_us;  /* last send */
	uint64_t asked_us; /* first ping or hello since the broker was heard; 0: none */
	uint64_t retry_us; /* when to say hello again, while there is no socket */
	unsigned attempts;
	struct buf out;
};

static void close_socket(struct link *link)
{
	if (link->socket)
		zmq_close(link->socket);
	link->socket = NULL;
	link->session = false;
}

/* Ends the session, if any; another is tried after a while. */
static void start_over(struct link *link, const char *why)
{
	if (link->session)
		log_warn("session with the broker at %s ended: %s", link->endpoint, why);
	else if (link->attempts == 0)
		log_warn("no session with the broker at %s: %s; trying on", link->endpoint, why);
	link->lost |= link->session;
	close_socket(link);
	link->retry_us = clock_mono_us() + backoff_us(link->attempts++);
}

static void send_frame(struct link *link, Parlor__FromWorker__OpCase op,
		       const ProtobufCMessage *message)
{
	buf_clear(&link->out);
	wire_put_field(&link->out, op, message);
	if (zmq_send(link->socket, link->out.data, link->out.len, ZMQ_DONTWAIT) < 0) {
		start_over(link, zmq_strerror(zmq_errno()));
		return;
	}
	link->sent_us = clock_mono_us();
}

static bool set_socket(void *socket, const char *endpoint)
{
	int ipv6 = endpoint_is_ipv6(endpoint);
	int linger = 0;
	int64_t frame_max = (int64_t)BATCH_FRAME_MAX;
	int reconnect_ms = 50;
	int reconnect_max_ms = 1000;
	return zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
	       zmq_setsockopt(socket, ZMQ_IPV6, &ipv6, sizeof ipv6) == 0 &&
	       zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) == 0 &&
	       zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms) == 0 &&
	       zmq_setsockopt(socket, ZMQ_RECONNECT_IVL_MAX, &reconnect_max_ms,
			      sizeof reconnect_max_ms) == 0;
}

static bool set_keys(void *socket, const struct keys *keys)
{
	return !keys ||
	       (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->server, KEYS_TEXT) == 0 &&
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, KEYS_TEXT) == 0 &&
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, KEYS_TEXT) == 0);
}

static bool open_socket(struct link *link)
{
	link->socket = zmq_socket(link->context, ZMQ_DEALER);
	if (link->socket && set_socket(link->socket, link->endpoint) &&
	    set_keys(link->socket, link->keys) && zmq_connect(link->socket, link->endpoint) == 0)
		return true;
	log_error("broker endpoint %s: %s", link->endpoint, zmq_strerror(zmq_errno()));
	close_socket(link);
	return false;
}

static void say_hello(struct link *link)
{
	Parlor__WorkerHello hello = PARLOR__WORKER_HELLO__INIT;
	if (!open_socket(link)) {
		link->retry_us = clock_mono_us() + backoff_us(link->attempts++);
		return;
	}
	hello.version = PARLOR_PROTOCOL_VERSION;
	hello.name = (char *)(uintptr_t)link->name;
	link->asked_us = clock_mono_us();
	send_frame(link, PARLOR__FROM_WORKER__OP_HELLO, &hello.base);
}

static void send_ping(struct link *link, uint64_t now)
{
	Parlor__WorkerPing ping = PARLOR__WORKER_PING__INIT;
	if (!link->asked_us)
		link->asked_us = now;
	send_frame(link, PARLOR__FROM_WORKER__OP_PING, &ping.base);
}

enum parlor_err link_open(struct link **out, const char *endpoint, const char *name,
			  const struct keys *keys)
{
	struct link *link = mem_new(sizeof *link);
	link->endpoint = endpoint;
	link->name = name;
	link->keys = keys;
	link->heartbeat_us = HEARTBEAT_DEFAULT_MS * US_PER_MS;
	link->lease_us = HELLO_TIMEOUT_US;
	link->context = zmq_ctx_new();
	if (!link->context || !open_socket(link)) {
		link_close(link);
		return PARLOR_E_ADDRESS;
	}
	close_socket(link);
	*out = link;
	return PARLOR_E_OK;
}

void link_close(struct link *link)
{
	int linger = LINGER_MS;
	Parlor__WorkerGoodbye goodbye = PARLOR__WORKER_GOODBYE__INIT;
	if (!link)
		return;
	if (link->session)
		send_frame(link, PARLOR__FROM_WORKER__OP_GOODBYE, &goodbye.base);
	if (link->socket)
		(void)zmq_setsockopt(link->socket, ZMQ_LINGER, &linger, sizeof linger);
	close_socket(link);
	if (link->context)
		while (zmq_ctx_term(link->context) != 0 && zmq_errno() == EINTR)
			continue;
	buf_fini(&link->out);
	free(link);
}

bool link_has_session(const struct link *link)
{
	return link->session;
}

uint64_t link_broker_id(const struct link *link)
{
	return link->owner.broker_id;
}

const struct owner *link_owner(const struct link *link)
{
	return &link->owner;
}

uint32_t link_partitions(const struct link *link)
{
	return link->partitions;
}

/* The earliest of too many are strangers then. */
static void take_owner(struct owner *owner, const Parlor__WorkerWelcome *w)
{
	*owner = (struct owner){.broker_id = w->broker_id};
	for (size_t i = 0; i < w->n_ancestors && i < WORKER_ANCESTORS_MAX; i++)
		owner->ancestors[owner->ancestors_len++] = (struct owner_ancestor){
			w->ancestors[i]->broker_id, w->ancestors[i]->position};
}

static enum link_event take_welcome(struct link *link, const Parlor__WorkerWelcome *w)
{
	if (w->partitions == 0 || w->partitions > PARTITIONS_MAX || link->session) {
		start_over(link, "the broker's welcome makes no sense");
		return LINK_NOTHING;
	}
	link->session = true;
	link->attempts = 0;
	take_owner(&link->owner, w);
	link->partitions = w->partitions;
	link->heartbeat_us =
		(uint64_t)(w->heartbeat_ms ? w->heartbeat_ms : HEARTBEAT_DEFAULT_MS) * US_PER_MS;
	link->lease_us = (uint64_t)w->lease_ms * US_PER_MS;
	if (link->lease_us < 3 * link->heartbeat_us)
		link->lease_us = 3 * link->heartbeat_us;
	return LINK_WELCOME;
}

/* What concerns the session itself is handled here. */
static enum link_event take(struct link *link, const Parlor__ToWorker *message)
{
	switch (message->op_case) {
	case PARLOR__TO_WORKER__OP_WELCOME:
		return take_welcome(link, message->welcome);
	case PARLOR__TO_WORKER__OP_REFUSED:
		start_over(link, message->refused->text);
		return LINK_NOTHING;
	case PARLOR__TO_WORKER__OP_PONG:
	case PARLOR__TO_WORKER__OP__NOT_SET: /* of a newer broker */
		return LINK_NOTHING;
	default:
		return link->session ? LINK_MESSAGE : LINK_NOTHING;
	}
}

static enum parlor_err decode(zmq_msg_t *frame, struct link_message *out)
{
	ProtobufCMessage *message;
	size_t len = zmq_msg_size(frame);
	arena_init(&out->arena, ARENA_BASE + ARENA_SHARE * len);
	enum parlor_err err = wire_decode(&parlor__to_worker__descriptor, &out->arena,
					  zmq_msg_data(frame), len, &message);
	if (err) {
		arena_fini(&out->arena);
		return err;
	}
	out->message = (Parlor__ToWorker *)(void *)message;
	out->bytes = len;
	return PARLOR_E_OK;
}

/* LINK_NOTHING with *more: a frame was there, but not for the caller. */
static enum link_event receive(struct link *link, struct link_message *out, bool *more)
{
	zmq_msg_t frame;
	enum link_event event = LINK_NOTHING;
	zmq_msg_init(&frame);
	*more = zmq_msg_recv(&frame, link->socket, ZMQ_DONTWAIT) >= 0;
	if (*more) {
		link->asked_us = 0;
		enum parlor_err err = decode(&frame, out);
		if (err) {
			start_over(link, parlor_err_text(err));
		} else {
			event = take(link, out->message);
			if (event != LINK_MESSAGE)
				arena_fini(&out->arena);
		}
	}
	zmq_msg_close(&frame);
	return event;
}

static uint64_t patience_us(const struct link *link)
{
	return link->session ? LEASES * link->lease_us : HELLO_TIMEOUT_US;
}

enum link_event link_next(struct link *link, struct link_message *out)
{
	bool more = true;
	while (more && link->socket) {
		enum link_event event = receive(link, out, &more);
		if (event != LINK_NOTHING)
			return event;
	}
	uint64_t now = clock_mono_us();
	if (link->socket && link->asked_us && now - link->asked_us > patience_us(link))
		start_over(link, "the broker does not answer");
	if (link->session && now - link->sent_us >= link->heartbeat_us)
		send_ping(link, now);
	if (!link->socket && now >= link->retry_us)
		say_hello(link);
	if (!link->lost)
		return LINK_NOTHING;
	link->lost = false;
	return LINK_LOST;
}

uint64_t link_due_us(const struct link *link)
{
	uint64_t due = link->retry_us;
	if (link->socket)
		due = link->asked_us + patience_us(link);
	if (link->session && (!link->asked_us || link->sent_us + link->heartbeat_us < due))
		due = link->sent_us + link->heartbeat_us;
	return due;
}

void link_wait(struct link *link, int fd, uint64_t until_us)
{
	uint64_t now = clock_mono_us();
	uint64_t wait = until_us > now ? until_us - now : 0;
	zmq_pollitem_t items[2] = {{.fd = fd, .events = ZMQ_POLLIN},
				   {.socket = link->socket, .events = ZMQ_POLLIN}};
	if (wait > POLL_MAX_US)
		wait = POLL_MAX_US;
	long ms = (long)((wait + US_PER_MS - 1) / US_PER_MS);
	/* Interrupted is as good as nothing: the caller looks at everything anyway. */
	(void)zmq_poll(items, link->socket ? 2 : 1, ms);
}

void link_send(struct link *link, Parlor__FromWorker__OpCase op, const ProtobufCMessage *message)
{
	if (link->session)
		send_frame(link, op, message);
}
