/* What the ceilings share: frames of fixed structs instead of protobuf, a
 * ROUTER that knows its peers, and the load's side of it. A ceiling adds what
 * it does with a post. Nothing here counts, checks ids or stores. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "load.h"
#include "options.h"
#include "report.h"

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

#define BARE_BODY 200
#define BARE_PEERS_MAX 1024
#define BARE_ROUTING_MAX 8
#define BARE_TURN_POSTS 4096

struct bare_post {
	uint64_t id;
	uint32_t room, member;
	uint64_t sent_ns;
	char body[BARE_BODY];
};
struct bare_ack {
	uint64_t id, position;
};
struct bare_event {
	uint64_t position;
	struct bare_post post;
};

struct bare_peer {
	uint8_t routing[BARE_ROUTING_MAX];
	size_t routing_len;
	bool listens;
	struct buf acks; /* of the turn */
};

struct bare_server {
	void *zmq, *router;
	uint64_t position;
	struct bare_peer peers[BARE_PEERS_MAX];
	size_t peers_len;
	size_t posts; /* of the turn */
	void *ctx;
	void (*take)(struct bare_server *, const struct bare_post *);
	void (*end_turn)(struct bare_server *);
};

/* Serves until SIGTERM: take for each post, end_turn behind some of them. */
void bare_serve(struct bare_server *);
/* Sends and closes the message. */
void bare_send(struct bare_server *, const struct bare_peer *, zmq_msg_t *);
/* Those of the turn, in one frame that all listeners share. */
void bare_send_events(struct bare_server *, struct span events);
void bare_send_acks(struct bare_server *);

/* The load against a ceiling that this program serves as `argv` says: words
 * behind the program's name, ended by NULL. */
struct bare_plan {
	const char *scenario, *system, *variant;
	const char *serve; /* first argument of the server */
	bool file;         /* it wants a file in the private directory as its second */
	uint64_t listeners, senders;
};
void bare_measure(const struct options *, const struct bare_plan *);
/* One run of it, a row into each of the reports: one a depth, or a single one
 * for the depth or the rate of the options. */
void bare_run(const struct options *, const struct bare_plan *, size_t cases,
	      struct report *reports);

#endif
