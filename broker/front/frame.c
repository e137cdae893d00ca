#include "front/frame.h"

#include <errno.h>

bool front_part_recv(void *socket, zmq_msg_t *part)
{
	int got;
	do
		got = zmq_msg_recv(part, socket, ZMQ_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got >= 0;
}

void front_parts_drain(void *socket, zmq_msg_t *last)
{
	while (zmq_msg_more(last) && front_part_recv(socket, last))
		continue;
}

void front_frame_init(struct front_frame *frame)
{
	(void)zmq_msg_init(&frame->routing);
	(void)zmq_msg_init(&frame->payload);
	frame->err = PARLOR_E_OK;
}

void front_frame_close(struct front_frame *frame)
{
	(void)zmq_msg_close(&frame->routing);
	(void)zmq_msg_close(&frame->payload);
}

static bool chosen_by_router(struct span routing)
{
	return routing.len == FRONT_ROUTING_BYTES && *(const uint8_t *)routing.data == 0;
}

bool front_frame_recv(void *socket, struct front_frame *frame)
{
	/* The id is ROUTER's own part, in front of what came: both are there, or none. */
	if (!front_part_recv(socket, &frame->routing) || !front_part_recv(socket, &frame->payload))
		return false;
	bool good = !zmq_msg_more(&frame->payload) && chosen_by_router(front_routing(frame));
	frame->err = good ? PARLOR_E_OK : PARLOR_E_FRAME;
	/* The last part stays: by that it is known whose the message is. */
	front_parts_drain(socket, &frame->payload);
	return true;
}

/* zmq_msg_data takes no const message, but only looks. */
static struct span message_span(const zmq_msg_t *msg)
{
	zmq_msg_t *message = (zmq_msg_t *)(uintptr_t)msg;
	return (struct span){zmq_msg_data(message), zmq_msg_size(message)};
}

struct span front_routing(const struct front_frame *frame)
{
	return message_span(&frame->routing);
}

struct span front_payload(const struct front_frame *frame)
{
	return frame->err ? (struct span){NULL, 0} : message_span(&frame->payload);
}

const char *front_user(const struct front_frame *frame)
{
	return zmq_msg_gets(&frame->payload, "User-Id");
}

int front_fd(const struct front_frame *frame)
{
	return zmq_msg_get(&frame->payload, ZMQ_SRCFD);
}

bool front_named(const struct front_frame *frame)
{
	const char *id = zmq_msg_gets(&frame->payload, "Identity");
	return id && *id;
}
