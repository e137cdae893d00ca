#include "bare.h"

#include "bench.h"
#include "fail.h"
#include "rig.h"
#include "stage.h"

#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the server -------------------------------------------------------------------------- */

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

static struct bare_peer *peer_of(struct bare_server *s, zmq_msg_t *routing)
{
	size_t n = zmq_msg_size(routing);
	for (size_t i = 0; i < s->peers_len; i++)
		if (s->peers[i].routing_len == n &&
		    memcmp(s->peers[i].routing, zmq_msg_data(routing), n) == 0)
			return &s->peers[i];
	check(s->peers_len < BARE_PEERS_MAX && n <= BARE_ROUTING_MAX, "too many peers");
	struct bare_peer *p = &s->peers[s->peers_len++];
	memcpy(p->routing, zmq_msg_data(routing), n);
	p->routing_len = n;
	return p;
}

void bare_send(struct bare_server *s, const struct bare_peer *p, zmq_msg_t *msg)
{
	zmq_send(s->router, p->routing, p->routing_len, ZMQ_SNDMORE);
	if (zmq_msg_send(msg, s->router, 0) < 0)
		zmq_msg_close(msg);
}

void bare_send_events(struct bare_server *s, struct span events)
{
	zmq_msg_t frame, copy;
	zmq_msg_init_size(&frame, events.len);
	memcpy(zmq_msg_data(&frame), events.data, events.len);
	for (size_t i = 0; i < s->peers_len; i++) {
		if (!s->peers[i].listens)
			continue;
		zmq_msg_init(&copy);
		zmq_msg_copy(&copy, &frame);
		bare_send(s, &s->peers[i], &copy);
	}
	zmq_msg_close(&frame);
}

void bare_send_acks(struct bare_server *s)
{
	for (size_t i = 0; i < s->peers_len; i++) {
		struct bare_peer *p = &s->peers[i];
		zmq_msg_t msg;
		if (!p->acks.len)
			continue;
		zmq_msg_init_size(&msg, p->acks.len);
		memcpy(zmq_msg_data(&msg), p->acks.data, p->acks.len);
		bare_send(s, p, &msg);
		buf_clear(&p->acks);
	}
}

/* A frame of one byte is a listener's hello, answered with anything. */
static void take_payload(struct bare_server *s, struct bare_peer *p, zmq_msg_t *frame)
{
	const uint8_t *at = zmq_msg_data(frame);
	size_t n = zmq_msg_size(frame) / sizeof(struct bare_post);
	if (zmq_msg_size(frame) == 1) {
		zmq_msg_t answer;
		p->listens = true;
		zmq_msg_init_size(&answer, 1);
		bare_send(s, p, &answer);
	}
	for (size_t i = 0; i < n; i++, at += sizeof(struct bare_post)) {
		struct bare_post post; /* copied: a frame need not be aligned */
		memcpy(&post, at, sizeof post);
		struct bare_ack ack = {.id = post.id, .position = ++s->position};
		s->take(s, &post);
		buf_put(&p->acks, &ack, sizeof ack);
	}
	s->posts += n;
}

static bool take_frame(struct bare_server *s)
{
	zmq_msg_t routing, frame;
	zmq_msg_init(&routing);
	zmq_msg_init(&frame);
	bool got = zmq_msg_recv(&routing, s->router, ZMQ_DONTWAIT) >= 0 &&
		   zmq_msg_recv(&frame, s->router, 0) >= 0;
	if (got)
		take_payload(s, peer_of(s, &routing), &frame);
	zmq_msg_close(&routing);
	zmq_msg_close(&frame);
	return got;
}

static void open_router(struct bare_server *s)
{
	char endpoint[256];
	size_t len = sizeof endpoint;
	int zero = 0, backlog = BARE_PEERS_MAX;
	s->zmq = zmq_ctx_new();
	s->router = zmq_socket(s->zmq, ZMQ_ROUTER);
	zmq_setsockopt(s->router, ZMQ_SNDHWM, &zero, sizeof zero);
	zmq_setsockopt(s->router, ZMQ_RCVHWM, &zero, sizeof zero);
	zmq_setsockopt(s->router, ZMQ_LINGER, &zero, sizeof zero);
	zmq_setsockopt(s->router, ZMQ_BACKLOG, &backlog, sizeof backlog);
	check(zmq_bind(s->router, "tcp://127.0.0.1:*") == 0 &&
		      zmq_getsockopt(s->router, ZMQ_LAST_ENDPOINT, endpoint, &len) == 0,
	      "cannot bind: %s", zmq_strerror(errno));
	printf("ready %s\n", endpoint);
	fflush(stdout);
}

void bare_serve(struct bare_server *s)
{
	struct sigaction action = {.sa_handler = stop};
	sigaction(SIGTERM, &action, NULL);
	open_router(s);
	while (!stopped) {
		zmq_pollitem_t item = {.socket = s->router, .events = ZMQ_POLLIN};
		if (zmq_poll(&item, 1, 250) <= 0)
			continue;
		s->posts = 0;
		while (s->posts < BARE_TURN_POSTS && take_frame(s))
			;
		if (s->posts)
			s->end_turn(s);
	}
	zmq_close(s->router);
	zmq_ctx_term(s->zmq);
	for (size_t i = 0; i < s->peers_len; i++)
		buf_fini(&s->peers[i].acks);
}

/* ---- the load's side ----------------------------------------------------------------------- */

struct side {
	struct rig rig;
	void *zmq;
	void **sockets;
	size_t len;
	struct load *load;
	uint64_t seed;
	uint32_t rooms;
	struct process *server;
	struct account account;
};

static void put_post(void *ctx, struct buf *frame, uint64_t id, uint64_t now_ns)
{
	struct side *s = ctx;
	uint64_t random = load_random(&s->seed);
	struct bare_post post = {.id = id,
				 .room = (uint32_t)((random >> 32) % s->rooms),
				 .member = (uint32_t)random % 21,
				 .sent_ns = now_ns};
	memset(post.body, 'x', sizeof post.body);
	buf_put(frame, &post, sizeof post);
}

static void read_frame(void *ctx, struct load *l, struct load_link *link, struct span frame)
{
	const uint8_t *at = frame.data, *end = at + frame.len;
	struct bare_ack ack;
	struct bare_event event;
	(void)ctx;
	for (; link->posts && at + sizeof ack <= end; at += sizeof ack) {
		memcpy(&ack, at, sizeof ack);
		load_acked(l, link, ack.id, ack.position);
	}
	for (; link->listens && at + sizeof event <= end; at += sizeof event) {
		memcpy(&event, at, sizeof event);
		load_delivered(l, link, event.position, event.post.sent_ns);
	}
}

static void *connect_to(void *zmq, const char *endpoint)
{
	int zero = 0;
	void *socket = zmq_socket(zmq, ZMQ_DEALER);
	check(socket, "zmq_socket: %s", zmq_strerror(errno));
	zmq_setsockopt(socket, ZMQ_SNDHWM, &zero, sizeof zero);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero);
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
	check(zmq_connect(socket, endpoint) == 0, "%s: %s", endpoint, zmq_strerror(errno));
	return socket;
}

static void say_hello(void *socket)
{
	char answer[16];
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	check(zmq_send(socket, "h", 1, 0) == 1 && zmq_poll(&item, 1, 10000) == 1 &&
		      zmq_recv(socket, answer, sizeof answer, 0) >= 0,
	      "the server does not answer");
}

static void open_side(struct side *s, const struct options *o, const struct bare_plan *plan)
{
	char self[RIG_PATH_MAX], file[RIG_PATH_MAX], line[RIG_LINE_MAX];
	*s = (struct side){.seed = 1, .rooms = (uint32_t)option_or(o->rooms, 10000)};
	rig_init(&s->rig, o);
	rig_beside(self, "parlor-bench");
	rig_path(&s->rig, file, "file");
	const char *argv[] = {self, plan->serve, plan->file ? file : NULL, NULL};
	s->server = rig_start(&s->rig, plan->serve, argv, true, "ready ", line);
	s->account.of = s->server;
	s->zmq = zmq_ctx_new();
	s->len = plan->listeners + plan->senders;
	s->sockets = mem_new(s->len * sizeof *s->sockets);
	struct load_codec codec = {.put_post = put_post, .read = read_frame, .ctx = s};
	s->load = load_new(&codec);
	for (size_t i = 0; i < s->len; i++) {
		bool listens = i < plan->listeners;
		s->sockets[i] = connect_to(s->zmq, line + strlen("ready "));
		if (listens)
			say_hello(s->sockets[i]);
		load_add(s->load, s->sockets[i], !listens, listens);
	}
}

static void close_side(struct side *s)
{
	for (size_t i = 0; i < s->len; i++)
		zmq_close(s->sockets[i]);
	load_free(s->load);
	rig_fini(&s->rig);
	zmq_ctx_term(s->zmq);
	free(s->sockets);
}

static void put_figures(const struct side *s, const struct load_result *r, struct row *row)
{
	load_figures(r, row);
	account_figures(&s->account, r->acked, row);
	row_set(row, "broker_main_cpu_s", (double)s->account.used.main_ns / 1e9);
	row_set(row, "broker_main_us_per_post",
		(double)s->account.used.main_ns / 1e3 / (double)r->acked);
}

static const uint64_t depths[] = {1, 16, 256};
#define DEPTHS (sizeof depths / sizeof depths[0])

void bare_run(const struct options *o, const struct bare_plan *plan, size_t cases,
	      struct report *reports)
{
	struct side *s = mem_new(sizeof *s);
	struct load_result *result = mem_new(sizeof *result);
	open_side(s, o, plan);
	for (size_t i = 0; i < cases; i++) {
		uint64_t in_flight = cases > 1 ? depths[i] : o->in_flight;
		struct row row = {0};
		struct load_plan load = stage_plan_of(o, in_flight);
		load.mark = account_mark;
		load.ctx = &s->account;
		load_run(s->load, &load, result);
		if (plan->listeners > 4)
			row_set(&row, "members", (double)plan->listeners);
		row_set(&row, o->rate ? "rate" : "in_flight",
			(double)(o->rate ? o->rate : in_flight));
		put_figures(s, result, &row);
		report_run(&reports[i], &row);
	}
	close_side(s);
	free(result);
	free(s);
}

void bare_measure(const struct options *o, const struct bare_plan *plan)
{
	size_t cases = o->in_flight || o->rate ? 1 : DEPTHS;
	struct report *reports = mem_new(cases * sizeof *reports);
	for (size_t i = 0; i < cases; i++)
		report_begin(&reports[i], o->json, plan->scenario, plan->system, plan->variant);
	for (uint64_t n = 0; n < option_or(o->runs, RUNS_DEFAULT); n++)
		bare_run(o, plan, cases, reports);
	for (size_t i = 0; i < cases; i++)
		report_end(&reports[i]);
	free(reports);
}
