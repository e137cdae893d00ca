/* The road between a town's broker and its workers: connections that carry
 * frames in order, some time later, until they are cut. What was on its way then
 * is lost, or (towards the broker, which does not know) still arrives, behind
 * what the next connection brings. The sockets over it are those of zmq.c. */
#ifndef TOWN_ROAD_H
#define TOWN_ROAD_H

#include "chance.h"

#include "base/buf.h"

#define ROAD_CONNECTIONS 64

struct letter {
	struct buf frame;
	uint64_t due_us;
	struct letter *next;
};
struct queue {
	struct letter *first, **last;
	uint64_t due_us; /* of the last one: none overtakes it */
	size_t len;
};

struct connection {
	uint32_t id; /* 0: free */
	bool cut;
	struct queue to_broker, to_worker;
};

struct road {
	struct chance *chance;
	struct connection connections[ROAD_CONNECTIONS];
	uint32_t ids;
	uint64_t delay_us; /* at most */
	uint64_t frames, lost;
};

void road_init(struct road *, struct chance *, uint64_t delay_us);
void road_fini(struct road *);
/* The id of a new connection. */
uint32_t road_connect(struct road *);
/* Hands out what is left of it, or loses that. */
void road_cut(struct road *, uint32_t id);
/* The broker is gone, and all connections with it. */
void road_cut_all(struct road *);

/* False: it is cut. */
bool road_send(struct road *, uint32_t id, bool to_broker, const struct buf *frame);
/* The next frame that is there, in `frame`; false: none. The broker takes from
 * all of them. */
bool road_take(struct road *, uint32_t id, struct buf *frame);
bool road_take_any(struct road *, uint32_t *id, struct buf *frame);

/* A ROUTER at the broker's end of it, for zmq.c's functions; and the road that
 * its other functions know. */
void *road_router(struct road *);
void road_router_close(void *);
/* From now on nothing can be sent; or again. */
void road_hush(bool);

#endif
