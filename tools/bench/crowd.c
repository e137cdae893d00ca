#include "crowd.h"

#include "fail.h"

#include "base/endpoint.h"
#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zmq.h>

#include <parlor/error.h>

#define WAIT_MS 100
#define PATIENCE_NS UINT64_C(60000000000)

enum { HELLO_RESUME = 5, HELLO_JOURNAL = 6, HELLO_POSITION = 7 };
enum { WELCOME_JOURNAL = 2, WELCOME_POSITION = 3, WELCOME_RESET = 4 };

/* ZeroMQ takes two of each: one connects, one wakes. Without them it would try for ever. */
#define SESSION_DESCRIPTORS 2
#define OTHER_DESCRIPTORS 128

static void check_descriptors(size_t sessions)
{
	struct rlimit files;
	check(getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit: %s", strerror(errno));
	check(sessions * SESSION_DESCRIPTORS + OTHER_DESCRIPTORS <= files.rlim_cur,
	      "%zu sessions take %zu descriptors, and this process may have %" PRIu64, sessions,
	      sessions * SESSION_DESCRIPTORS + OTHER_DESCRIPTORS, (uint64_t)files.rlim_cur);
}

void crowd_init(struct crowd *c, const struct world *w, void *zmq)
{
	*c = (struct crowd){.world = w, .zmq = zmq, .len = world_shape(w)->sessions};
	check_descriptors(c->len);
	c->sessions = mem_new(c->len * sizeof *c->sessions);
	c->poller = mem_new(c->len * sizeof(zmq_pollitem_t));
}

void crowd_fini(struct crowd *c)
{
	crowd_drop(c);
	free(c->sessions);
	free(c->poller);
}

static void *connected(void *zmq, const char *endpoint)
{
	int zero = 0, ipv6 = endpoint_is_ipv6(endpoint);
	void *socket = zmq_socket(zmq, ZMQ_DEALER);
	check(socket, "zmq_socket: %s", zmq_strerror(errno));
	zmq_setsockopt(socket, ZMQ_IPV6, &ipv6, sizeof ipv6);
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero);
	check(zmq_connect(socket, endpoint) == 0, "%s: %s", endpoint, zmq_strerror(errno));
	return socket;
}

void crowd_connect(struct crowd *c, const char *endpoint, bool resume)
{
	struct buf body = {0}, frame = {0};
	zmq_pollitem_t *items = c->poller;
	c->welcomes = 0;
	for (size_t i = 0; i < c->len; i++) {
		struct crowd_session *s = &c->sessions[i];
		buf_clear(&body);
		buf_clear(&frame);
		world_hello(c->world, (uint32_t)i, &body);
		if (resume) {
			put_number(&body, HELLO_RESUME, 1);
			put_number(&body, HELLO_JOURNAL, s->journal);
			put_number(&body, HELLO_POSITION,
				   s->last_position ? s->last_position : s->position);
		}
		frame_put(&frame, 1, OP_HELLO, buf_span(&body));
		s->welcome = false;
		s->socket = connected(c->zmq, endpoint);
		check(zmq_send(s->socket, frame.data, frame.len, 0) >= 0, "zmq_send: %s",
		      zmq_strerror(errno));
		items[i] = (zmq_pollitem_t){.socket = s->socket, .events = ZMQ_POLLIN};
	}
	buf_fini(&body);
	buf_fini(&frame);
}

void crowd_drop(struct crowd *c)
{
	for (size_t i = 0; i < c->len; i++) {
		if (c->sessions[i].socket)
			zmq_close(c->sessions[i].socket);
		c->sessions[i].socket = NULL;
	}
}

static void take_reply(struct crowd *c, struct crowd_session *s, const struct frame_item *item)
{
	check(item->code == 0, "refused: %s: %.*s", parlor_err_name((int)item->code),
	      (int)item->text.len, (const char *)item->text.data);
	if (item->result != RESULT_WELCOME)
		return;
	check(!frame_number(item->body, WELCOME_RESET) || !s->journal, "a session was reset");
	check(!s->welcome, "a session was welcomed twice");
	s->welcome = true;
	s->journal = frame_number(item->body, WELCOME_JOURNAL);
	s->position = frame_number(item->body, WELCOME_POSITION);
	c->welcomes++;
}

static void take_frame(struct crowd *c, struct crowd_session *s, struct span frame)
{
	struct reader in;
	struct frame_item item;
	reader_init(&in, frame.data, frame.len);
	while (frame_next(&in, &item)) {
		if (!item.event) {
			take_reply(c, s, &item);
			continue;
		}
		check(item.kind == EVENT_POSTED || item.kind == EVENT_LEFT, "an event of kind %u",
		      item.kind);
		check(item.position > s->last_position, "event %" PRIu64 " after %" PRIu64,
		      item.position, s->last_position);
		s->last_position = item.position;
		s->position_sum += item.position;
		s->events++;
		c->events++;
	}
	check(!in.bad, "the broker sent a malformed frame");
}

void crowd_serve(struct crowd *c)
{
	zmq_pollitem_t *items = c->poller;
	zmq_msg_t msg;
	fail_if_interrupted();
	if (zmq_poll(items, (int)c->len, WAIT_MS) <= 0)
		return;
	zmq_msg_init(&msg);
	for (size_t i = 0; i < c->len; i++) {
		if (!items[i].revents)
			continue;
		while (zmq_msg_recv(&msg, c->sessions[i].socket, ZMQ_DONTWAIT) >= 0)
			take_frame(c, &c->sessions[i],
				   (struct span){zmq_msg_data(&msg), zmq_msg_size(&msg)});
	}
	zmq_msg_close(&msg);
}

void crowd_await(struct crowd *c, uint64_t events)
{
	uint64_t until = load_now_ns() + PATIENCE_NS;
	while (c->welcomes < c->len || c->events < events) {
		crowd_serve(c);
		check(load_now_ns() < until,
		      "%" PRIu64 " of %zu welcomes and %" PRIu64 " of %" PRIu64 " events in time",
		      c->welcomes, c->len, c->events, events);
	}
}

void crowd_ping(struct crowd *c)
{
	struct buf frame = {0};
	frame_put(&frame, 2, OP_PING, (struct span){"", 0});
	for (size_t i = 0; i < c->len; i++)
		check(zmq_send(c->sessions[i].socket, frame.data, frame.len, 0) >= 0,
		      "zmq_send: %s", zmq_strerror(errno));
	buf_fini(&frame);
}
