/* A broker with a desk in it: teams of seats whose agents are always available,
 * and the requests that people and seats make of it, put together by hand. Owns
 * the broker and the names; measures nothing. */
#ifndef BENCH_DESK_SCENE_H
#define BENCH_DESK_SCENE_H

#include "dealer.h"
#include "desk_work.h"
#include "rig.h"

#include <stdint.h>

#define DESK_ID_MAX 24

struct desk_scene {
	struct rig rig;
	void *zmq;
	struct dealer control;
	struct desk_shape shape;
};

/* Starts the broker and makes desk, teams, agents and seats: those of team t
 * (from 0) are t * seats + 1 and so on. before: words before parlord, or NULL. */
void desk_scene_open(struct desk_scene *, const struct options *, const struct desk_shape *,
		     const char *const *before);
/* Kills the broker and starts it on the same data; the seconds until it served. */
double desk_scene_restart(struct desk_scene *);
void desk_scene_close(struct desk_scene *);
/* Until what was changed is in rows. */
void desk_scene_settle(struct desk_scene *);

void desk_conversation_id(char out[DESK_ID_MAX], uint32_t conversation);
void desk_visitor_id(char out[DESK_ID_MAX], uint32_t person);
void desk_seat_id(char out[DESK_ID_MAX], uint32_t seat);
uint32_t desk_number_of(struct span id);

/* Bodies of requests; each returns its operation. */
enum frame_op desk_put_open(struct buf *body, uint32_t conversation, uint32_t person,
			    uint32_t team);
enum frame_op desk_put_close(struct buf *body, uint32_t conversation);
enum frame_op desk_put_place(struct buf *body, uint32_t conversation);
enum frame_op desk_put_watch(struct buf *body, uint32_t teams);
enum frame_op desk_put_post(struct buf *body, const char *room, const char *sender,
			    const char *client_id, struct span text);

/* What answers and events hold of a conversation. */
enum {
	CONVERSATION_ID = 2,
	CONVERSATION_ROOM = 3,
	CONVERSATION_TEAM = 6,
	CONVERSATION_AGENT = 10,
	CONVERSATION_STATE = 14
};
enum { STATE_WAITING = 2, STATE_ACTIVE = 5, STATE_CLOSED = 7 };

#endif
