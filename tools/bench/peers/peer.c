#include "peer.h"

#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INSTALL "tools/bench/install-peers.sh"

#ifdef BENCH_HAVE_REDIS
#define REDIS(peer) &(peer)
#else
#define REDIS(peer) NULL
#endif
#ifdef BENCH_HAVE_RABBITMQ
#define RABBITMQ &peer_rabbitmq
#else
#define RABBITMQ NULL
#endif

static const struct {
	const char *name;
	const struct peer *peer; /* NULL: built without its client library */
} peers[] = {
	{"mysql", &peer_mysql},
	{"redis", REDIS(peer_redis)},
	{"nats", &peer_nats},
	{"rabbitmq", RABBITMQ},
	{"ejabberd", &peer_ejabberd},
	{"redis-8", REDIS(peer_redis_8)},
	{"valkey-9", REDIS(peer_valkey_9)},
	{"nats-2.15", &peer_nats_2_15},
};

/* ---- what is there ------------------------------------------------------------------- */

static bool in_path(const char *program)
{
	char path[RIG_PATH_MAX], all[4096], *rest = NULL;
	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	snprintf(all, sizeof all, "%s", getenv("PATH") ? getenv("PATH") : "");
	for (char *dir = strtok_r(all, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
		snprintf(path, sizeof path, "%.400s/%.100s", dir, program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static bool lacks_program(const char *name, const char *program, char text[PEER_TEXT_MAX])
{
	if (!program)
		snprintf(text, PEER_TEXT_MAX,
			 "built without the client library of %s: run " INSTALL
			 ", configure and build again, or leave it out with --peers",
			 name);
	else if (!in_path(program))
		snprintf(text, PEER_TEXT_MAX,
			 "%s is not installed (%s): run " INSTALL ", or leave it out with --peers",
			 name, program);
	return !program || !in_path(program);
}

void peer_require(const char *name, const char *program)
{
	char text[PEER_TEXT_MAX];
	if (lacks_program(name, program, text))
		fail("%s", text);
}

/* Where a peer's program is started from. */
static void place_of(const struct peer *p, const struct options *o, char out[RIG_PATH_MAX])
{
	const char *root = o->peers_root ? o->peers_root : "";
	int n = p->unstable ? snprintf(out, RIG_PATH_MAX, "%s/peers/%s", root, p->program)
			    : snprintf(out, RIG_PATH_MAX, "%s", p->program);
	check(n < RIG_PATH_MAX, "--peers-root: too long");
}

const struct peer *peer_find(const char *name, const struct options *o, char lacks[PEER_TEXT_MAX])
{
	char place[RIG_PATH_MAX];
	for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
		const struct peer *p = peers[i].peer;
		if (strcmp(peers[i].name, name) != 0)
			continue;
		if (p)
			place_of(p, o, place);
		if (p && p->unstable && access(place, X_OK) != 0) {
			snprintf(lacks, PEER_TEXT_MAX,
				 "%s is not there (%s): run " INSTALL
				 " --unstable DIR, and give --peers-root DIR",
				 name, place);
			return NULL;
		}
		return lacks_program(name, p ? place : NULL, lacks) ? NULL : p;
	}
	fail("no peer is called %s; there are mysql, redis, nats, rabbitmq, ejabberd, redis-8, "
	     "valkey-9, nats-2.15",
	     name);
}

/* ---- a run ------------------------------------------------------------------------------ */

static void put_figures(const struct peer_site *s, const struct account *a,
			const struct load_result *r, struct row *row)
{
	load_figures(r, row);
	row_set(row, "rooms", s->tally.rooms);
	account_figures(a, r->acked, row);
}

/* One depth, or one rate. Returns the rate of acknowledgements. */
static double measure(struct peer_site *s, struct load_plan plan, struct report *report)
{
	struct load_result *result = mem_new(sizeof *result);
	struct account account = {.of = s->server};
	struct row row = {0};
	plan.mark = account_mark;
	plan.ctx = &account;
	drive_run(s->drive, &plan, result);
	rig_check(s->server);
	check(result->acked > 0 || s->rig.options->smoke,
	      "nothing was acknowledged in the measured time");
	if (plan.rate)
		row_set(&row, "rate", (double)plan.rate);
	else
		row_set(&row, "in_flight", (double)plan.in_flight);
	put_figures(s, &account, result, &row);
	report_run(report, &row);
	free(result);
	return row_get(&row, "acks_per_s");
}

static void open_site(struct peer_site *s, const struct peer *peer, const struct options *o)
{
	uint32_t rooms = (uint32_t)option_or(o->rooms, 10000);
	if (peer->rooms_max && rooms > peer->rooms_max)
		rooms = peer->rooms_max;
	*s = (struct peer_site){.senders = (uint32_t)option_or(o->senders, 16),
				.sessions = (uint32_t)option_or(o->sessions, 4),
				.body = (uint32_t)option_or(o->body, 200)};
	place_of(peer, o, s->program);
	rig_init(&s->rig, o);
	tally_init(&s->tally, rooms, (uint32_t)option_or(o->members, 21));
	struct drive_hooks hooks = peer->hooks;
	hooks.ctx = s;
	s->drive = drive_new(&hooks, &s->tally, s->body);
	peer->open(s);
}

static void close_site(struct peer_site *s, const struct peer *peer)
{
	peer->close(s);
	drive_free(s->drive);
	tally_fini(&s->tally);
	rig_fini(&s->rig);
}

size_t peer_cases_len(const struct peer_cases *c)
{
	return c->rate ? 1 : c->depths_len + c->half;
}

void peer_run(const struct peer *peer, const struct options *o, const struct peer_cases *cases,
	      struct report *reports)
{
	struct peer_site s;
	double best = 0;
	size_t depths = cases->rate ? 0 : cases->depths_len;
	open_site(&s, peer, o);
	for (size_t i = 0; i < depths; i++) {
		struct load_plan plan = stage_plan_of(o, cases->depths[i]);
		if (peer->depth_max && plan.in_flight > peer->depth_max * s.senders)
			continue;
		double rate = measure(&s, plan, &reports[i]);
		best = rate > best ? rate : best;
	}
	if (cases->rate || (cases->half && best > 0)) {
		struct load_plan plan = stage_plan_of(o, peer->depth_max * s.senders);
		plan.rate = cases->rate ? cases->rate : (uint64_t)(best / 2);
		(void)measure(&s, plan, &reports[depths]);
	}
	peer->verify(&s);
	close_site(&s, peer);
}

/* ---- sockets -------------------------------------------------------------------------------- */

static int open_socket(struct sockaddr_in *address, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(fd >= 0, "socket: %s", strerror(errno));
	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return fd;
}

uint16_t peer_free_port(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof address;
	int fd = open_socket(&address, 0);
	check(bind(fd, (struct sockaddr *)&address, len) == 0 &&
		      getsockname(fd, (struct sockaddr *)&address, &len) == 0,
	      "no free port: %s", strerror(errno));
	close(fd);
	return ntohs(address.sin_port);
}

int peer_connect(uint16_t port)
{
	struct sockaddr_in address;
	int on = 1, fd = open_socket(&address, port);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0)
		return fd;
	close(fd);
	return -1;
}
