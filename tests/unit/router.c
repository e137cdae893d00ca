#include "router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

void router_open(struct router *r)
{
	size_t size = sizeof r->endpoint;
	int linger = 0;

	*r = (struct router){0};
	r->context = zmq_ctx_new();
	r->socket = zmq_socket(r->context, ZMQ_ROUTER);
	assert_non_null(r->socket);
	assert_int_equal(zmq_setsockopt(r->socket, ZMQ_LINGER, &linger, sizeof linger), 0);
	assert_int_equal(zmq_bind(r->socket, "tcp://127.0.0.1:*"), 0);
	assert_int_equal(zmq_getsockopt(r->socket, ZMQ_LAST_ENDPOINT, r->endpoint, &size), 0);
}

void router_close(struct router *r)
{
	zmq_close(r->socket);
	zmq_ctx_term(r->context);
}

Parlor__ToBroker *router_receive(struct router *r, int wait_ms)
{
	zmq_pollitem_t item = {.socket = r->socket, .events = ZMQ_POLLIN};
	Parlor__ToBroker *frame;
	zmq_msg_t body;

	if (zmq_poll(&item, 1, wait_ms) <= 0)
		return NULL;
	r->peer_len = zmq_recv(r->socket, r->peer, sizeof r->peer, 0);
	assert_in_range(r->peer_len, 1, sizeof r->peer);
	zmq_msg_init(&body);
	assert_true(zmq_msg_recv(&body, r->socket, 0) >= 0);
	assert_false(zmq_msg_more(&body));
	frame = parlor__to_broker__unpack(NULL, zmq_msg_size(&body), zmq_msg_data(&body));
	zmq_msg_close(&body);
	assert_non_null(frame);
	return frame;
}

void router_send_bytes(struct router *r, const void *bytes, size_t len)
{
	assert_int_equal(zmq_send(r->socket, r->peer, (size_t)r->peer_len, ZMQ_SNDMORE),
			 r->peer_len);
	assert_int_equal(zmq_send(r->socket, bytes, len, 0), (int)len);
}

void router_send(struct router *r, const Parlor__FromBroker *frame)
{
	size_t len = parlor__from_broker__get_packed_size(frame);
	uint8_t *bytes = malloc(len + 1);

	assert_non_null(bytes);
	parlor__from_broker__pack(frame, bytes);
	router_send_bytes(r, bytes, len);
	free(bytes);
}

void router_reply(struct router *r, const Parlor__Reply *reply)
{
	Parlor__FromBroker frame = PARLOR__FROM_BROKER__INIT;
	Parlor__Reply *replies[] = {(Parlor__Reply *)(uintptr_t)reply};

	frame.n_replies = 1;
	frame.replies = replies;
	router_send(r, &frame);
}

void router_refuse(struct router *r, uint64_t id, int code)
{
	Parlor__Reply reply = PARLOR__REPLY__INIT;

	reply.id = id;
	reply.code = (uint32_t)code;
	reply.text = (char *)(uintptr_t)parlor_err_text(code);
	reply.retry = parlor_err_retryable(code);
	router_reply(r, &reply);
}

void router_done(struct router *r, uint64_t id)
{
	Parlor__Reply reply = PARLOR__REPLY__INIT;
	Parlor__Done done = PARLOR__DONE__INIT;

	reply.id = id;
	reply.result_case = PARLOR__REPLY__RESULT_DONE;
	reply.done = &done;
	router_reply(r, &reply);
}

void router_posted(struct router *r, uint64_t id, uint64_t seq)
{
	Parlor__Reply reply = PARLOR__REPLY__INIT;
	Parlor__Posted posted = PARLOR__POSTED__INIT;

	posted.seq = seq;
	reply.id = id;
	reply.result_case = PARLOR__REPLY__RESULT_POSTED;
	reply.posted = &posted;
	router_reply(r, &reply);
}

void router_welcome(struct router *r, uint64_t id, const Parlor__Welcome *welcome)
{
	Parlor__Reply reply = PARLOR__REPLY__INIT;

	reply.id = id;
	reply.result_case = PARLOR__REPLY__RESULT_WELCOME;
	reply.welcome = (Parlor__Welcome *)(uintptr_t)welcome;
	router_reply(r, &reply);
}

static void send_event(struct router *r, Parlor__Event *event)
{
	Parlor__FromBroker frame = PARLOR__FROM_BROKER__INIT;

	frame.n_events = 1;
	frame.events = &event;
	router_send(r, &frame);
}

void router_events(struct router *r, uint64_t first, uint64_t last)
{
	char room[] = "r", body[] = "hello";

	for (uint64_t position = first; position <= last; position++) {
		Parlor__Event event = PARLOR__EVENT__INIT;
		Parlor__Message message = PARLOR__MESSAGE__INIT;

		message.seq = position;
		message.body = body;
		event.position = position;
		event.room = room;
		event.kind_case = PARLOR__EVENT__KIND_POSTED;
		event.posted = &message;
		send_event(r, &event);
	}
}

void router_typing(struct router *r)
{
	char room[] = "r", member[] = "alice";
	Parlor__Event event = PARLOR__EVENT__INIT;
	Parlor__IsTyping typing = PARLOR__IS_TYPING__INIT;

	typing.member = member;
	event.room = room;
	event.kind_case = PARLOR__EVENT__KIND_TYPING;
	event.typing = &typing;
	send_event(r, &event);
}

void router_end(struct router *r, int code)
{
	Parlor__Event event = PARLOR__EVENT__INIT;
	Parlor__End end = PARLOR__END__INIT;

	end.code = (uint32_t)code;
	event.kind_case = PARLOR__EVENT__KIND_END;
	event.end = &end;
	send_event(r, &event);
}
