/* Many sessions at once, each a socket of its own that speaks for a few
 * members: connected together, greeted together, and then listened to. Owns
 * the sockets and what each has received. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "world.h"

#include <stddef.h>
#include <stdint.h>

struct crowd_session {
	void *socket;
	bool welcome;
	uint64_t journal, position; /* of the welcome */
	uint64_t events, last_position, position_sum;
	uint64_t events_due, sum_due; /* what it must have received */
};

struct crowd {
	const struct world *world;
	void *zmq;
	size_t len;
	struct crowd_session *sessions;
	void *poller;
	uint64_t welcomes, events;
};

void crowd_init(struct crowd *, const struct world *, void *zmq);
void crowd_fini(struct crowd *);
/* Connects every session and sends its hello; with resume, behind the position
 * it has seen. Returns at once: crowd_serve brings the welcomes. */
void crowd_connect(struct crowd *, const char *endpoint, bool resume);
/* Closes the sockets without a goodbye; what was seen is kept. */
void crowd_drop(struct crowd *);
/* Waits up to 100 ms and reads all that came. Positions must rise. */
void crowd_serve(struct crowd *);
/* Until all have their welcome and so many events in all. */
void crowd_await(struct crowd *, uint64_t events);
void crowd_ping(struct crowd *);

#endif
