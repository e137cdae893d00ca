#include "front/connections.h"

#include "base/table.h"
#include "front/frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

/* ZeroMQ's I/O thread waits when so many events are unread: what is accepted while
 * the loop is busy is bounded, and connections_close finds descriptors. */
#define EVENTS_MAX 100000
#define EVENTS_A_TURN 4096
#define OWN_DESCRIPTORS 40 /* of a broker without connections, some 30 */
#define WORKERS_MAX 128    /* 64 workers, readers, and some to be refused */
#define STRANGERS_MIN 32   /* beside the sessions, when they are few */

/* Version 1 of ZeroMQ's events: a frame of these, and one with the address. */
struct __attribute__((packed)) event {
	uint16_t kind;
	uint32_t value; /* the descriptor */
};

struct connection {
	UT_hash_handle hh;
	int fd;
	uint64_t cookie; /* the kernel's number of the socket, never used again; 0: it has none */
	uint64_t serial;
	uint64_t since_us; /* waited for */
	uint32_t sessions; /* that keep it */
	bool ended;        /* by us; ZeroMQ has yet to tell that it is closed */
	struct connection *prev, *next;
};

struct connections {
	void *router;
	void *events;
	int events_fd;
	bool unread; /* events were left for the next turn */
	int nothing; /* /dev/null: what `copy` is of while no connection is being ended */
	int copy;    /* of the descriptor of the connection at hand */
	struct connection_limits limits;
	struct connection *by_fd;
	struct connection *waiting; /* longest waited for first */
	uint64_t ended;             /* of those in by_fd */
	uint64_t serials;
	struct connection_counts counts;
};

/* ---- shares ----------------------------------------------------------------------- */

struct connection_shares connections_shares(uint64_t sessions)
{
	struct rlimit limit;
	struct connection_shares shares = {.clients = sessions + sessions / 8 + STRANGERS_MIN,
					   .workers = WORKERS_MAX};
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return shares;
	uint64_t left = limit.rlim_cur > OWN_DESCRIPTORS ? limit.rlim_cur - OWN_DESCRIPTORS : 0;
	if (left / 8 < shares.workers)
		shares.workers = left / 8;
	if (left - shares.workers < shares.clients)
		shares.clients = left - shares.workers;
	return shares;
}

/* ---- open and close ------------------------------------------------------------------ */

static bool listen_to(struct connections *c, void *zmq_ctx)
{
	char address[64];
	int linger = 0, hwm = EVENTS_MAX;
	size_t fd_size = sizeof c->events_fd;
	(void)snprintf(address, sizeof address, "inproc://connections-%p", (void *)c);
	c->events = zmq_socket(zmq_ctx, ZMQ_PAIR);
	return c->events && !zmq_setsockopt(c->events, ZMQ_LINGER, &linger, sizeof linger) &&
	       !zmq_setsockopt(c->events, ZMQ_RCVHWM, &hwm, sizeof hwm) &&
	       !zmq_socket_monitor(c->router, address,
				   ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) &&
	       !zmq_connect(c->events, address) &&
	       !zmq_getsockopt(c->events, ZMQ_FD, &c->events_fd, &fd_size);
}

struct connections *connections_open(void *zmq_ctx, void *router,
				     const struct connection_limits *limits)
{
	struct connections *c = mem_new(sizeof *c);
	c->router = router;
	c->limits = (struct connection_limits){
		.max = limits->max ? limits->max : UINT64_MAX,
		.wait_us = limits->wait_us ? limits->wait_us : UINT64_MAX,
	};
	c->unread = true;
	c->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	c->copy = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (c->nothing >= 0 && c->copy >= 0 && listen_to(c, zmq_ctx))
		return c;
	connections_close(c);
	return NULL;
}

static void wait_for(struct connections *c, struct connection *one, uint64_t now_us)
{
	one->since_us = now_us;
	DL_APPEND(c->waiting, one);
	c->counts.waiting++;
}

static void unwait(struct connections *c, struct connection *one)
{
	DL_DELETE(c->waiting, one);
	c->counts.waiting--;
}

static void forget(struct connections *c, struct connection *one)
{
	if (one->ended)
		c->ended--;
	else if (!one->sessions)
		unwait(c, one);
	HASH_DEL(c->by_fd, one);
	free(one);
}

static bool next_event(struct connections *c, struct event *event);

void connections_close(struct connections *c)
{
	if (!c)
		return;
	struct event event;
	while (c->events && next_event(c, &event))
		continue;
	(void)zmq_socket_monitor(c->router, NULL, 0);
	if (c->events)
		(void)zmq_close(c->events);
	while (c->by_fd)
		forget(c, c->by_fd);
	if (c->nothing >= 0)
		(void)close(c->nothing);
	if (c->copy >= 0)
		(void)close(c->copy);
	free(c);
}

int connections_fd(const struct connections *c)
{
	return c->events_fd;
}

/* ---- who is there --------------------------------------------------------------------- */

static struct connection *find(const struct connections *c, int fd)
{
	struct connection *one;
	HASH_FIND_INT(c->by_fd, &fd, one);
	return one;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof cookie;
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) ? 0 : cookie;
}

static void came(struct connections *c, int fd, uint64_t now_us)
{
	struct connection *old = find(c, fd);
	if (old)
		forget(c, old);
	struct connection *one = mem_new(sizeof *one);
	one->fd = fd;
	one->cookie = cookie_of(fd);
	one->serial = ++c->serials;
	HASH_ADD_INT(c->by_fd, fd, one);
	wait_for(c, one, now_us);
}

static void went(struct connections *c, int fd)
{
	struct connection *one = find(c, fd);
	if (one)
		forget(c, one);
}

void connections_wait(struct connections *c, struct connection_ref ref, uint64_t now_us)
{
	struct connection *one = find(c, ref.fd);
	if (!one || one->ended || one->serial != ref.serial)
		return;
	if (--one->sessions == 0)
		wait_for(c, one, now_us);
}

void connections_heard(struct connections *c, int fd, uint64_t now_us)
{
	struct connection *one = find(c, fd);
	if (!one || one->ended || one->sessions)
		return;
	unwait(c, one);
	wait_for(c, one, now_us);
}

/* ---- what ends ------------------------------------------------------------------------ */

/* Ends the connection so that ZeroMQ sees it end and cleans up. The descriptor is
 * ZeroMQ's and may by now be another connection's: held by a copy it cannot change
 * under us, and is compared. The copy takes the place of an open descriptor, for
 * this has to work when there are no others left. */
static void end(struct connections *c, struct connection *one)
{
	unwait(c, one);
	one->ended = true;
	c->ended++;
	if (dup3(one->fd, c->copy, O_CLOEXEC) < 0)
		return;
	if (one->cookie && cookie_of(c->copy) == one->cookie)
		(void)shutdown(c->copy, SHUT_RDWR);
	(void)dup3(c->nothing, c->copy, O_CLOEXEC);
}

static uint64_t going_on(const struct connections *c)
{
	return HASH_COUNT(c->by_fd) - c->ended;
}

static void end_overdue(struct connections *c, uint64_t now_us)
{
	struct connection *one;
	while ((one = c->waiting) && now_us - one->since_us >= c->limits.wait_us) {
		c->counts.silent++;
		end(c, one);
	}
	while ((one = c->waiting) && going_on(c) > c->limits.max) {
		c->counts.pushed++;
		end(c, one);
	}
}

/* The next event; false: none is there. */
static bool next_event(struct connections *c, struct event *event)
{
	zmq_msg_t part;
	(void)zmq_msg_init(&part);
	bool any = front_part_recv(c->events, &part);
	*event = (struct event){0};
	if (any && zmq_msg_size(&part) == sizeof *event)
		memcpy(event, zmq_msg_data(&part), sizeof *event);
	front_parts_drain(c->events, &part);
	(void)zmq_msg_close(&part);
	return any;
}

static bool take_events(struct connections *c, uint64_t now_us)
{
	struct event event;
	for (size_t i = 0; i < EVENTS_A_TURN; i++) {
		if (!next_event(c, &event))
			return false;
		if (event.kind == ZMQ_EVENT_ACCEPTED)
			came(c, (int)event.value, now_us);
		else if (event.kind == ZMQ_EVENT_DISCONNECTED)
			went(c, (int)event.value);
	}
	return true;
}

struct connection_ref connections_keep(struct connections *c, int fd, uint64_t now_us)
{
	/* ZeroMQ's one I/O thread told of the connection before it gave what came over
	 * it: the connection is known once the events are taken. */
	for (int i = 0; i < EVENTS_MAX / EVENTS_A_TURN && take_events(c, now_us); i++)
		continue;
	struct connection *one = find(c, fd);
	if (!one || one->ended)
		return (struct connection_ref){0};
	if (one->sessions++ == 0)
		unwait(c, one);
	return (struct connection_ref){.fd = fd, .serial = one->serial};
}

bool connections_serve(struct connections *c, bool readable, uint64_t now_us)
{
	if (readable || c->unread)
		c->unread = take_events(c, now_us);
	end_overdue(c, now_us);
	return c->unread;
}

void connections_counts(const struct connections *c, struct connection_counts *counts)
{
	*counts = c->counts;
	counts->open = HASH_COUNT(c->by_fd);
}
