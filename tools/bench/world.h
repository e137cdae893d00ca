/* The rooms and members of a benchmark, and what must be true of them: who is
 * in which room, through which session each member listens, how many messages
 * each room and each member in it has posted. Makes them in a broker, encodes
 * posts to them, and afterwards compares every unread count with its own.
 *
 * A room has `agents` agents and one visitor. The agents come from a pool of
 * which each session speaks for an equal part; a room draws the same number
 * from each part, so that each session hears of each room. Visitors are spread
 * over the sessions by room. */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "dealer.h"
#include "load.h"

#include <stdbool.h>
#include <stdint.h>

#define WORLD_ID_MAX 16

struct world_shape {
	uint32_t rooms;
	uint32_t agents;   /* of a room; 0: the visitor alone */
	uint32_t pool;     /* all agents; a multiple of sessions */
	uint32_t sessions; /* that listen */
	uint32_t body;     /* bytes */
	uint32_t posters;  /* of a room, who alone post; 0: all */
	bool timed;        /* bodies begin with the time of posting */
	bool no_guests;    /* rooms of agents alone */
	bool guests_away;  /* guests are attached to no session */
};

struct world;

struct world *world_new(const struct world_shape *);
void world_free(struct world *);
const struct world_shape *world_shape(const struct world *);

/* All rooms, with their members in the request that makes them. */
void world_create(struct world *, struct dealer *);
/* The hello of a listening session: every member it speaks for. */
void world_hello(const struct world *, uint32_t session, struct buf *body);

/* A post by a random member of a random room; counted as posted. Returns the
 * room. */
uint32_t world_put_post(struct world *, struct buf *frame, uint64_t id, uint64_t now_ns);
/* The same as a request's body, for bulks. */
uint32_t world_put_post_body(struct world *, struct buf *body);

/* Every member of every room: unread as counted here. Of every room: last seq.
 * Of some agents: the total over their rooms. Fails when one is wrong. */
void world_check(struct world *, struct dealer *);

void world_room_id(char out[WORLD_ID_MAX], uint32_t room);
void world_member_id(const struct world *, char out[WORLD_ID_MAX], uint32_t room, uint32_t member);
/* Agent j of a room, by its number in the pool. */
uint32_t world_agent_of(const struct world *, uint32_t room, uint32_t j);
void world_agent_id(char out[WORLD_ID_MAX], uint32_t agent);
/* The listening session of a member. */
uint32_t world_session_of(const struct world *, uint32_t room, uint32_t member);
uint32_t world_room_members(const struct world *);
uint64_t world_posts(const struct world *);
uint64_t world_room_posts(const struct world *, uint32_t room);
uint64_t world_unread(const struct world *, uint32_t room, uint32_t member);

/* The load's codec for a broker of Parlor and this world. */
struct load_codec world_codec(struct world *);

/* The time a body was posted, when bodies are timed; 0 when it cannot be read. */
uint64_t world_body_time(struct span body);

#endif
