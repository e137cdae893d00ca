/* The few functions of libzmq that the broker's sync and the worker's link call, over
 * the road: these themselves are those that run in the broker and the workers. */
#include "road.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static struct road *the_road;
static bool hushed;

struct socket {
	bool router;
	uint32_t id; /* of a dealer's connection; of whom the router sends to */
	bool waits;  /* a frame of `from` stands in `frame`, its id is read */
	struct buf frame;
};

struct message {
	void *data;
	size_t len;
	bool more;
	zmq_free_fn *free_fn;
	void *hint;
};
_Static_assert(sizeof(struct message) <= sizeof(zmq_msg_t), "fits");

static struct message *of(const zmq_msg_t *m)
{
	return (struct message *)(uintptr_t)m;
}

void *road_router(struct road *r)
{
	struct socket *s = mem_new(sizeof *s);
	the_road = r;
	s->router = true;
	return s;
}

void road_router_close(void *router)
{
	struct socket *s = router;
	buf_fini(&s->frame);
	free(s);
}

void road_hush(bool hush)
{
	hushed = hush;
}

/* ---- messages --------------------------------------------------------------------- */

int zmq_msg_init(zmq_msg_t *m)
{
	*of(m) = (struct message){0};
	return 0;
}

int zmq_msg_init_data(zmq_msg_t *m, void *data, size_t len, zmq_free_fn *fn, void *hint)
{
	*of(m) = (struct message){.data = data, .len = len, .free_fn = fn, .hint = hint};
	return 0;
}

int zmq_msg_close(zmq_msg_t *m)
{
	if (of(m)->free_fn)
		of(m)->free_fn(of(m)->data, of(m)->hint);
	else
		free(of(m)->data);
	return zmq_msg_init(m);
}

void *zmq_msg_data(zmq_msg_t *m)
{
	return of(m)->data;
}

size_t zmq_msg_size(const zmq_msg_t *m)
{
	return of(m)->len;
}

/* Nobody in the town shows a key. */
const char *zmq_msg_gets(const zmq_msg_t *m, const char *property)
{
	(void)m;
	(void)property;
	return NULL;
}

/* Nor comes anybody over a descriptor. */
int zmq_msg_get(const zmq_msg_t *m, int property)
{
	(void)m;
	(void)property;
	return -1;
}

int zmq_msg_more(const zmq_msg_t *m)
{
	return of(m)->more;
}

static int set(zmq_msg_t *m, const void *bytes, size_t len, bool more)
{
	zmq_msg_close(m);
	*of(m) = (struct message){
		.data = mem_text(bytes ? bytes : "", len), .len = len, .more = more};
	return (int)len;
}

static int again(void)
{
	errno = EAGAIN;
	return -1;
}

int zmq_msg_recv(zmq_msg_t *m, void *socket, int flags)
{
	struct socket *s = socket;
	uint32_t id;
	(void)flags;
	if (!s->router)
		return road_take(the_road, s->id, &s->frame)
			       ? set(m, s->frame.data, s->frame.len, false)
			       : again();
	if (s->waits) {
		s->waits = false;
		return set(m, s->frame.data, s->frame.len, false);
	}
	s->waits = road_take_any(the_road, &id, &s->frame);
	uint8_t routing[1 + sizeof id] = {0};
	memcpy(routing + 1, &id, sizeof id);
	return s->waits ? set(m, routing, sizeof routing, true) : again();
}

static int send_frame(struct socket *s, const void *bytes, size_t len)
{
	struct buf frame = {0};
	buf_put(&frame, bytes, len);
	bool sent = !hushed && road_send(the_road, s->id, !s->router, &frame);
	buf_fini(&frame);
	if (sent)
		return (int)len;
	errno = EHOSTUNREACH;
	return -1;
}

int zmq_msg_send(zmq_msg_t *m, void *socket, int flags)
{
	(void)flags;
	int sent = send_frame(socket, of(m)->data, of(m)->len);
	if (sent >= 0)
		zmq_msg_close(m);
	return sent;
}

int zmq_send(void *socket, const void *bytes, size_t len, int flags)
{
	struct socket *s = socket;
	if (!(flags & ZMQ_SNDMORE))
		return send_frame(s, bytes, len);
	memcpy(&s->id, (const uint8_t *)bytes + 1, sizeof s->id);
	return (int)len;
}

/* ---- sockets ------------------------------------------------------------------------ */

void *zmq_ctx_new(void)
{
	return the_road;
}

int zmq_ctx_term(void *context)
{
	(void)context;
	return 0;
}

void *zmq_socket(void *context, int type)
{
	(void)context;
	(void)type;
	return mem_new(sizeof(struct socket));
}

int zmq_setsockopt(void *socket, int option, const void *value, size_t len)
{
	(void)socket;
	(void)option;
	(void)value;
	(void)len;
	return 0;
}

int zmq_connect(void *socket, const char *endpoint)
{
	(void)endpoint;
	((struct socket *)socket)->id = road_connect(the_road);
	return 0;
}

int zmq_close(void *socket)
{
	struct socket *s = socket;
	road_cut(the_road, s->id);
	buf_fini(&s->frame);
	free(s);
	return 0;
}

int zmq_poll(zmq_pollitem_t *items, int n, long timeout_ms)
{
	(void)items;
	(void)n;
	(void)timeout_ms;
	return 0;
}

int zmq_errno(void)
{
	return errno;
}

const char *zmq_strerror(int number)
{
	return strerror(number);
}
