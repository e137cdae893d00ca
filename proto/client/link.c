#include "client/link.h"

#include "base/endpoint.h"

#include <errno.h>
#include <string.h>

/* Far above any frame a broker makes, yet a bound on what a broken one can. */
#define FRAME_BYTES_MAX ((int64_t)256 << 20)
#define HANDSHAKE_MS 10000

static enum parlor_err map_errno(int number)
{
	switch (number) {
	case ENOMEM:
		return PARLOR_E_NO_MEMORY;
	case EAGAIN:
		return PARLOR_E_BUSY;
	case EINVAL:
	case EPROTONOSUPPORT:
	case ENOCOMPATPROTO:
	case ENODEV:
		return PARLOR_E_ADDRESS;
	default:
		return PARLOR_E_IO;
	}
}

enum parlor_err link_init(struct link *l)
{
	*l = (struct link){0};
	l->context = zmq_ctx_new();
	return l->context ? PARLOR_E_OK : map_errno(errno);
}

void link_fini(struct link *l)
{
	link_drop(l, 0);
	if (l->has_frame)
		zmq_msg_close(&l->frame);
	if (l->context)
		while (zmq_ctx_term(l->context) != 0 && errno == EINTR)
			;
	*l = (struct link){0};
}

static int set_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value);
}

static enum parlor_err set_keys(void *socket, const struct link_setup *setup)
{
	if (!setup->server_key)
		return PARLOR_E_OK;
	if (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, setup->server_key,
			   strlen(setup->server_key)) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, setup->public_key,
			   strlen(setup->public_key)) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, setup->secret_key,
			   strlen(setup->secret_key)))
		return PARLOR_E_VALUE;
	return PARLOR_E_OK;
}

enum parlor_err link_open(struct link *l, const struct link_setup *setup)
{
	const int64_t frame_bytes_max = FRAME_BYTES_MAX;
	enum parlor_err err;

	link_drop(l, 0);
	l->socket = zmq_socket(l->context, ZMQ_DEALER);
	if (!l->socket)
		return map_errno(errno);
	err = set_keys(l->socket, setup);
	if (err)
		goto out;
	if (set_number(l->socket, ZMQ_LINGER, 0) ||
	    set_number(l->socket, ZMQ_IPV6, endpoint_is_ipv6(setup->endpoint)) ||
	    set_number(l->socket, ZMQ_RECONNECT_IVL, setup->reconnect_ms_min) ||
	    set_number(l->socket, ZMQ_RECONNECT_IVL_MAX, setup->reconnect_ms_max) ||
	    set_number(l->socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) ||
	    zmq_setsockopt(l->socket, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof frame_bytes_max) ||
	    zmq_connect(l->socket, setup->endpoint))
		err = map_errno(errno);
out:
	if (err)
		link_drop(l, 0);
	return err;
}

void link_drop(struct link *l, int linger_ms)
{
	if (!l->socket)
		return;
	set_number(l->socket, ZMQ_LINGER, linger_ms);
	zmq_close(l->socket);
	l->socket = NULL;
}

enum parlor_err link_send(struct link *l, struct span frame)
{
	int sent;

	do
		sent = zmq_send(l->socket, frame.data, frame.len, ZMQ_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? map_errno(errno) : PARLOR_E_OK;
}

bool link_receive(struct link *l, struct span *frame)
{
	int got;

	if (!l->socket)
		return false;
	if (l->has_frame)
		zmq_msg_close(&l->frame);
	zmq_msg_init(&l->frame);
	l->has_frame = true;
	do
		got = zmq_msg_recv(&l->frame, l->socket, ZMQ_DONTWAIT);
	while (got < 0 && errno == EINTR);
	*frame = (struct span){zmq_msg_data(&l->frame), zmq_msg_size(&l->frame)};
	return got >= 0;
}

bool link_wait(struct link *l, int timeout_ms, bool to_send)
{
	zmq_pollitem_t item = {.socket = l->socket,
			       .events = (short)(ZMQ_POLLIN | (to_send ? ZMQ_POLLOUT : 0))};

	return zmq_poll(&item, l->socket ? 1 : 0, timeout_ms) >= 0 || errno != EINTR;
}

int link_fd(const struct link *l)
{
	int fd = -1;
	size_t size = sizeof fd;

	if (!l->socket || zmq_getsockopt(l->socket, ZMQ_FD, &fd, &size))
		return -1;
	return fd;
}
