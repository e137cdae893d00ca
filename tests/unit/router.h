/* The broker's side of the protocol for tests of the client library: a real
 * ROUTER on a free port that does what the test says, frame by frame. */
#ifndef TEST_ROUTER_H
#define TEST_ROUTER_H

#include <parlor/client.h>

#include <stdbool.h>

struct router {
	void *context;
	void *socket;
	char endpoint[64];
	unsigned char peer[64]; /* whom the last frame came from */
	int peer_len;
};

void router_open(struct router *);
void router_close(struct router *);

/* The next frame if one comes within wait_ms, to be freed with
 * parlor__to_broker__free_unpacked; NULL otherwise. */
Parlor__ToBroker *router_receive(struct router *, int wait_ms);

/* To the last peer. */
void router_send(struct router *, const Parlor__FromBroker *);
void router_send_bytes(struct router *, const void *bytes, size_t len);
void router_reply(struct router *, const Parlor__Reply *);
void router_refuse(struct router *, uint64_t id, int code);
void router_done(struct router *, uint64_t id);
void router_posted(struct router *, uint64_t id, uint64_t seq);
void router_welcome(struct router *, uint64_t id, const Parlor__Welcome *);
/* Events of these positions, a frame each; room "r", body "hello". */
void router_events(struct router *, uint64_t first, uint64_t last);
void router_typing(struct router *);
void router_end(struct router *, int code);

#endif
