/* One session of a broker on a raw DEALER: hello, single questions, and bulks
 * of them for what is set up or checked around a measurement. Events that come
 * in between are counted. Not for the measured load: that is load.h. */
#ifndef BENCH_DEALER_H
#define BENCH_DEALER_H

#include "frames.h"

#include <stddef.h>
#include <stdint.h>

#define BENCH_TENANT "bench"

struct dealer {
	void *socket;
	uint64_t last_id;
	uint64_t events;
	uint64_t event_position; /* of the last event; a lower one fails */
	uint64_t position;       /* of the welcome */
	uint64_t journal;
	struct buf frame;
	struct buf reply; /* keeps what dealer_ask returned */
};

/* What a session says of itself. resume: behind that position of that journal. */
struct hello {
	const char *tenant; /* NULL: BENCH_TENANT */
	const char *const *members;
	size_t members_len;
	bool resume;
	uint64_t journal, position;
};

void dealer_connect(struct dealer *, void *zmq, const char *endpoint);
/* Appends the hello's body. */
void hello_put(struct buf *body, const struct hello *);
/* Connects and says hello; fails when refused. */
void dealer_open(struct dealer *, void *zmq, const char *endpoint, const struct hello *);
void dealer_close(struct dealer *);

/* Sends a request and waits for its reply, which must not be a refusal. The
 * result is valid until the next call. */
struct span dealer_ask(struct dealer *, enum frame_op, const struct buf *body);

/* n requests, many to a frame, some frames ahead. */
struct bulk {
	size_t n;
	size_t frame_requests; /* 0: 200 */
	size_t frames_ahead;   /* 0: 4 */
	void *ctx;
	/* Appends the body of request i, returns its operation. */
	enum frame_op (*put)(void *ctx, size_t i, struct buf *body);
	/* May be NULL. Refusals do not come here: they fail. */
	void (*reply)(void *ctx, size_t i, struct span result);
};
void dealer_bulk(struct dealer *, const struct bulk *);

/* A counter of the broker's, by its name. */
uint64_t dealer_stat(struct dealer *, const char *name);

#endif
