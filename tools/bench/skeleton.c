/* skeleton: the ceiling of floor on this machine. A ROUTER takes frames of
 * fixed structs, appends each post to a journal in LMDB, commits once a turn,
 * answers each sender with one frame and gives all listeners the turn's posts
 * in one shared frame. No idempotency, no membership, no counters. */
#include "bench.h"
#include "fail.h"
#include "load.h"
#include "report.h"
#include "rig.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define SKELETON_BODY 200
#define TURN_POSTS 4096
#define PEERS_MAX 256
#define ROUTING_MAX 8
#define MAP_BYTES (UINT64_C(64) << 30)

struct post {
	uint64_t id;
	uint32_t room, member;
	char body[SKELETON_BODY];
};
struct ack {
	uint64_t id, position;
};
struct event {
	uint64_t position;
	struct post post;
};

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, mdb_strerror(rc));
	exit(BENCH_EXIT_FAILED);
}

/* ---- the server ----------------------------------------------------------------------- */

struct peer {
	uint8_t routing[ROUTING_MAX];
	size_t routing_len;
	bool listens;
	struct buf acks;
};

struct server {
	void *router;
	MDB_env *env;
	MDB_dbi journal;
	uint64_t position;
	struct peer peers[PEERS_MAX];
	size_t peers_len;
	struct buf events;
	MDB_txn *txn;
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

static struct peer *peer_of(struct server *s, zmq_msg_t *routing)
{
	size_t n = zmq_msg_size(routing);
	for (size_t i = 0; i < s->peers_len; i++)
		if (s->peers[i].routing_len == n &&
		    memcmp(s->peers[i].routing, zmq_msg_data(routing), n) == 0)
			return &s->peers[i];
	if (s->peers_len == PEERS_MAX || n > ROUTING_MAX)
		exit(BENCH_EXIT_FAILED);
	struct peer *p = &s->peers[s->peers_len++];
	memcpy(p->routing, zmq_msg_data(routing), n);
	p->routing_len = n;
	return p;
}

static void append(struct server *s, struct peer *p, const struct post *post)
{
	struct ack ack = {.id = post->id, .position = ++s->position};
	struct event event = {.position = ack.position, .post = *post};
	MDB_val key = {sizeof s->position, &s->position};
	MDB_val value = {sizeof event, &event};
	if (!s->txn)
		must(mdb_txn_begin(s->env, NULL, 0, &s->txn), "begin");
	must(mdb_put(s->txn, s->journal, &key, &value, MDB_APPEND), "put");
	buf_put(&p->acks, &ack, sizeof ack);
	buf_put(&s->events, &event, sizeof event);
}

static void send_msg(struct server *s, const struct peer *p, zmq_msg_t *msg)
{
	zmq_send(s->router, p->routing, p->routing_len, ZMQ_SNDMORE);
	if (zmq_msg_send(msg, s->router, 0) < 0)
		zmq_msg_close(msg);
}

/* A frame of one byte is a listener's hello, answered with anything. */
static size_t take(struct server *s)
{
	zmq_msg_t routing, frame;
	size_t n = 0;
	zmq_msg_init(&routing);
	zmq_msg_init(&frame);
	if (zmq_msg_recv(&routing, s->router, ZMQ_DONTWAIT) >= 0 &&
	    zmq_msg_recv(&frame, s->router, 0) >= 0) {
		struct peer *p = peer_of(s, &routing);
		const struct post *posts = zmq_msg_data(&frame);
		n = zmq_msg_size(&frame) / sizeof *posts;
		if (zmq_msg_size(&frame) == 1) {
			p->listens = true;
			send_msg(s, p, &routing);
		}
		for (size_t i = 0; i < n; i++)
			append(s, p, &posts[i]);
		if (n == 0)
			n = 1;
	}
	zmq_msg_close(&routing);
	zmq_msg_close(&frame);
	return n;
}

static void send_turn(struct server *s)
{
	zmq_msg_t events, copy;
	zmq_msg_init_size(&events, s->events.len);
	memcpy(zmq_msg_data(&events), s->events.data, s->events.len);
	for (size_t i = 0; i < s->peers_len; i++) {
		struct peer *p = &s->peers[i];
		if (p->listens) {
			zmq_msg_init(&copy);
			zmq_msg_copy(&copy, &events);
			send_msg(s, p, &copy);
		}
		if (p->acks.len) {
			zmq_msg_init_size(&copy, p->acks.len);
			memcpy(zmq_msg_data(&copy), p->acks.data, p->acks.len);
			send_msg(s, p, &copy);
			buf_clear(&p->acks);
		}
	}
	zmq_msg_close(&events);
	buf_clear(&s->events);
}

static void turn(struct server *s)
{
	size_t posts = 0, n;
	while (posts < TURN_POSTS && (n = take(s)) > 0)
		posts += n;
	if (s->txn) {
		must(mdb_txn_commit(s->txn), "commit");
		s->txn = NULL;
		send_turn(s);
	}
}

static void open_server(struct server *s, void *zmq, const char *dir)
{
	char endpoint[256];
	size_t len = sizeof endpoint;
	int zero = 0;
	must(mdb_env_create(&s->env), "env");
	must(mdb_env_set_mapsize(s->env, MAP_BYTES), "map size");
	must(mdb_env_open(s->env, dir, MDB_NOSUBDIR, 0600), dir);
	must(mdb_txn_begin(s->env, NULL, 0, &s->txn), "begin");
	must(mdb_dbi_open(s->txn, NULL, MDB_INTEGERKEY, &s->journal), "open");
	must(mdb_txn_commit(s->txn), "commit");
	s->txn = NULL;
	s->router = zmq_socket(zmq, ZMQ_ROUTER);
	zmq_setsockopt(s->router, ZMQ_SNDHWM, &zero, sizeof zero);
	zmq_setsockopt(s->router, ZMQ_RCVHWM, &zero, sizeof zero);
	zmq_setsockopt(s->router, ZMQ_LINGER, &zero, sizeof zero);
	if (zmq_bind(s->router, "tcp://127.0.0.1:*") != 0 ||
	    zmq_getsockopt(s->router, ZMQ_LAST_ENDPOINT, endpoint, &len) != 0)
		exit(BENCH_EXIT_FAILED);
	printf("ready %s\n", endpoint);
	fflush(stdout);
}

int serve_skeleton(int argc, char **argv)
{
	struct server *s = mem_new(sizeof *s);
	struct sigaction action = {.sa_handler = stop};
	void *zmq = zmq_ctx_new();
	if (argc != 1)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	open_server(s, zmq, argv[0]);
	while (!stopped) {
		zmq_pollitem_t item = {.socket = s->router, .events = ZMQ_POLLIN};
		if (zmq_poll(&item, 1, 250) > 0)
			turn(s);
	}
	mdb_env_close(s->env);
	zmq_close(s->router);
	zmq_ctx_term(zmq);
	for (size_t i = 0; i < s->peers_len; i++)
		buf_fini(&s->peers[i].acks);
	buf_fini(&s->events);
	free(s);
	return 0;
}

/* ---- the load ----------------------------------------------------------------------------- */

struct skeleton {
	uint64_t seed;
	uint32_t rooms;
	struct process *server;
	struct usage then, used;
	uint64_t own_then, own_ns;
	double rss_mb;
};

static void put_post(void *ctx, struct buf *frame, uint64_t id, uint64_t now_ns)
{
	struct skeleton *k = ctx;
	uint64_t random = load_random(&k->seed);
	struct post *post = (struct post *)(void *)buf_reserve(frame, sizeof *post);
	post->id = id;
	post->room = (uint32_t)((random >> 32) % k->rooms);
	post->member = (uint32_t)random % 21;
	memset(post->body, 'x', sizeof post->body);
	(void)now_ns;
	frame->len += sizeof *post;
}

static void read_frame(void *ctx, struct load *l, struct load_link *link, struct span frame)
{
	(void)ctx;
	if (link->posts) {
		const struct ack *acks = frame.data;
		for (size_t i = 0; i < frame.len / sizeof *acks; i++)
			load_acked(l, link, acks[i].id, acks[i].position);
	} else {
		const struct event *events = frame.data;
		for (size_t i = 0; i < frame.len / sizeof *events; i++)
			load_delivered(l, link, events[i].position, 0);
	}
}

static void mark(void *ctx, bool begins)
{
	struct skeleton *k = ctx;
	struct usage now = usage_of(k->server->pid);
	if (begins) {
		k->then = now;
		k->own_then = usage_own_ns();
		return;
	}
	k->used = usage_since(k->then, now);
	k->own_ns = usage_own_ns() - k->own_then;
	k->rss_mb = rss_mb(k->server->pid);
}

static void *connect_to(void *zmq, const char *endpoint)
{
	int zero = 0;
	void *socket = zmq_socket(zmq, ZMQ_DEALER);
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
	      "the skeleton does not answer");
}

static void figures(const struct skeleton *k, const struct load_result *r, struct row *row)
{
	double acked = (double)r->acked;
	row_set(row, "acks_per_s", acked / r->seconds);
	row_set(row, "deliveries_per_s", (double)r->delivered / r->seconds);
	row_times(row, "", &r->acks);
	row_set(row, "seconds", r->seconds);
	row_set(row, "posts", (double)r->posted);
	row_set(row, "broker_rss_mb", k->rss_mb);
	row_set(row, "broker_cpu_s", (double)k->used.cpu_ns / 1e9);
	row_set(row, "broker_main_cpu_s", (double)k->used.main_ns / 1e9);
	row_set(row, "bench_cpu_s", (double)k->own_ns / 1e9);
	row_set(row, "broker_cpu_us_per_post", (double)k->used.cpu_ns / 1e3 / acked);
	row_set(row, "broker_main_us_per_post", (double)k->used.main_ns / 1e3 / acked);
	row_set(row, "bench_cpu_us_per_post", (double)k->own_ns / 1e3 / acked);
}

static const uint64_t depths[] = {1, 16, 256, 1024};
#define DEPTHS (sizeof depths / sizeof depths[0])

static void measure(const struct options *o, struct skeleton *k, struct load *load,
		    uint64_t in_flight, struct report *report)
{
	struct load_result *result = mem_new(sizeof *result);
	struct row row = {0};
	struct load_plan plan = {
		.in_flight = in_flight,
		.rate = o->rate,
		.warmup_ns = option_or(o->warmup_ms, WARMUP_MS_DEFAULT) * 1000000,
		.measure_ns = option_or(o->seconds, SECONDS_DEFAULT) * 1000000000,
		.mark = mark,
		.ctx = k,
	};
	load_run(load, &plan, result);
	row_set(&row, o->rate ? "rate" : "in_flight", (double)(o->rate ? o->rate : in_flight));
	figures(k, result, &row);
	report_run(report, &row);
	free(result);
}

static void run(const struct options *o, size_t cases, struct report *reports)
{
	struct rig rig;
	struct skeleton k = {.seed = 1, .rooms = (uint32_t)option_or(o->rooms, 10000)};
	char self[RIG_PATH_MAX], file[RIG_PATH_MAX], line[RIG_LINE_MAX];
	size_t listeners = option_or(o->sessions, 4), senders = option_or(o->senders, 16);
	void **sockets = mem_new((listeners + senders) * sizeof *sockets);
	rig_init(&rig, o);
	rig_beside(self, "parlor-bench");
	rig_path(&rig, file, "journal");
	const char *argv[] = {self, "serve-skeleton", file, NULL};
	k.server = rig_start(&rig, "skeleton", argv, true, "ready ", line);
	void *zmq = zmq_ctx_new();
	struct load_codec codec = {.put_post = put_post, .read = read_frame, .ctx = &k};
	struct load *load = load_new(&codec);
	for (size_t i = 0; i < listeners + senders; i++) {
		sockets[i] = connect_to(zmq, line + strlen("ready "));
		if (i < listeners)
			say_hello(sockets[i]);
		load_add(load, sockets[i], i >= listeners, i < listeners);
	}
	for (size_t i = 0; i < cases; i++)
		measure(o, &k, load, cases > 1 ? depths[i] : o->in_flight, &reports[i]);
	for (size_t i = 0; i < listeners + senders; i++)
		zmq_close(sockets[i]);
	load_free(load);
	rig_fini(&rig);
	zmq_ctx_term(zmq);
	free(sockets);
}

void ceiling_skeleton(const struct options *o)
{
	size_t cases = o->in_flight || o->rate ? 1 : DEPTHS;
	struct report *reports = mem_new(cases * sizeof *reports);
	for (size_t i = 0; i < cases; i++)
		report_begin(&reports[i], o->json, "floor", "skeleton", "");
	for (uint64_t n = 0; n < option_or(o->runs, RUNS_DEFAULT); n++)
		run(o, cases, reports);
	for (size_t i = 0; i < cases; i++)
		report_end(&reports[i]);
	free(reports);
}
