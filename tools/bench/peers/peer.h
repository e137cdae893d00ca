/* What Parlor's users would otherwise run, each doing floor's work as well as
 * it can: a server started privately, set up as its documentation advises for
 * data that must survive, and its clients in this thread. A peer says what of
 * the work it does not do. Owns the table of peers and a run on one; what is
 * measured is the drive's, what is compared is compare.c's. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "drive.h"
#include "report.h"
#include "rig.h"
#include "tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One run's place: what every peer has. */
struct peer_site {
	struct rig rig;
	char program[RIG_PATH_MAX]; /* the peer's, where it is started from */
	struct tally tally;
	uint32_t senders, sessions, body;
	struct drive *drive;
	struct process *server; /* whose CPU time and memory are counted */
	void *peer;             /* the peer's own */
};

struct peer {
	const char *name;
	const char *program; /* without which it is not installed */
	bool unstable;       /* that is in peers/ of --peers-root */
	bool durable;        /* what it acknowledges is on disk */
	const char *does;    /* what is done for a message, and what is not */
	uint64_t depth_max;  /* posts in flight on a connection; 0: any */
	uint32_t rooms_max;  /* 0: any */
	/* Starts the server, makes the rooms, connects; sets site's server, peer. */
	void (*open)(struct peer_site *);
	/* Everything counted and kept must be what the tally says. */
	void (*verify)(struct peer_site *);
	/* Frees what open made but the processes, which the rig stops. */
	void (*close)(struct peer_site *);
	struct drive_hooks hooks; /* ctx: the site */
};

/* Those on Redis' client library and on RabbitMQ's are there when it was. */
extern const struct peer peer_mysql, peer_redis, peer_nats, peer_rabbitmq, peer_ejabberd;
extern const struct peer peer_redis_8, peer_valkey_9, peer_nats_2_15;

#define PEER_TEXT_MAX (2 * RIG_PATH_MAX)

/* By name. NULL when it is not there, and in words what it lacks. */
const struct peer *peer_find(const char *name, const struct options *, char lacks[PEER_TEXT_MAX]);
/* Fails when a peer's program is not there; NULL: its client library was not. */
void peer_require(const char *name, const char *program);

/* Which cases there are: some depths, and half of the best rate among them. */
struct peer_cases {
	size_t depths_len;
	uint64_t depths[4];
	uint64_t rate; /* open loop instead of depths; 0: none */
	bool half;     /* one more case behind the depths */
};
size_t peer_cases_len(const struct peer_cases *);

/* One run on a server of its own: a row for each case that the peer can do. */
void peer_run(const struct peer *, const struct options *, const struct peer_cases *,
	      struct report *reports);

/* For peers: a port of 127.0.0.1 that nobody has now. */
uint16_t peer_free_port(void);
/* A connected socket, or -1. */
int peer_connect(uint16_t port);

#endif
