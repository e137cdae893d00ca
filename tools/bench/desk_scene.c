#include "desk_scene.h"

#include "fail.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define DESK "desk"
#define OFF UINT64_C(4294967295) /* DESK_OFF */
#define SETTLE_NS_MAX (UINT64_C(120) * 1000000000)
#define SETTLE_STEP_NS 20000000

/* Fields of DeskSet and of the rows in it. */
enum { SET_DESK = 1, SET_TEAM = 2, SET_AGENT = 3, SET_SEAT = 4, SET_TEAM_SEAT = 5 };
enum { ROUND_ROBIN = 1, ALWAYS = 3 };

/* ---- names --------------------------------------------------------------------------------- */

void desk_conversation_id(char out[DESK_ID_MAX], uint32_t conversation)
{
	snprintf(out, DESK_ID_MAX, "c-%u", conversation);
}

void desk_visitor_id(char out[DESK_ID_MAX], uint32_t person)
{
	snprintf(out, DESK_ID_MAX, "visitor-%u", person);
}

void desk_seat_id(char out[DESK_ID_MAX], uint32_t seat)
{
	snprintf(out, DESK_ID_MAX, "agent-%u", seat);
}

static void team_id(char out[DESK_ID_MAX], uint32_t team)
{
	snprintf(out, DESK_ID_MAX, "team-%u", team);
}

/* What stands behind the last '-'. */
uint32_t desk_number_of(struct span id)
{
	uint32_t n = 0;
	for (size_t i = 0; i < id.len; i++) {
		char c = ((const char *)id.data)[i];
		n = c == '-' ? 0 : c >= '0' && c <= '9' ? n * 10 + (uint32_t)(c - '0') : n;
	}
	return n;
}

/* ---- requests ------------------------------------------------------------------------------ */

enum frame_op desk_put_open(struct buf *body, uint32_t conversation, uint32_t person, uint32_t team)
{
	char id[DESK_ID_MAX];
	desk_conversation_id(id, conversation);
	put_text(body, 1, id);
	put_text(body, 2, DESK);
	desk_visitor_id(id, person);
	put_text(body, 3, id);
	team_id(id, team);
	put_text(body, 6, id);
	return OP_DESK_OPEN;
}

enum frame_op desk_put_close(struct buf *body, uint32_t conversation)
{
	char id[DESK_ID_MAX];
	desk_conversation_id(id, conversation);
	put_text(body, 1, id);
	return OP_DESK_CLOSE;
}

enum frame_op desk_put_place(struct buf *body, uint32_t conversation)
{
	char id[DESK_ID_MAX];
	desk_conversation_id(id, conversation);
	put_text(body, 1, id);
	return OP_DESK_PLACE;
}

enum frame_op desk_put_watch(struct buf *body, uint32_t teams)
{
	char id[DESK_ID_MAX];
	put_text(body, 1, DESK);
	for (uint32_t team = 0; team < teams; team++) {
		team_id(id, team);
		put_text(body, 2, id);
	}
	return OP_DESK_WATCH;
}

enum frame_op desk_put_post(struct buf *body, const char *room, const char *sender,
			    const char *client_id, struct span text)
{
	put_text(body, 1, room);
	put_text(body, 2, sender);
	put_text(body, 3, client_id);
	wire_put_bytes_field(body, 6, text);
	return OP_POST;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_team(const struct desk_scene *s, uint32_t team, struct buf *row)
{
	char id[DESK_ID_MAX];
	(void)s;
	team_id(id, team);
	put_text(row, 1, DESK);
	put_text(row, 2, id);
	put_number(row, 4, ROUND_ROBIN);
	put_number(row, 8, 1000000); /* max_waiting */
	put_number(row, 12, OFF);    /* gap_ms */
	put_number(row, 16, OFF);    /* remind_seat_ms */
	put_number(row, 19, OFF);    /* remind_visitor_ms */
	put_number(row, 25, OFF);    /* visitor_gone_ms */
	put_number(row, 26, OFF);    /* sticky_ms */
}

static void put_agent(const struct desk_scene *s, uint32_t seat, struct buf *row)
{
	char id[DESK_ID_MAX];
	(void)s;
	desk_seat_id(id, seat);
	put_text(row, 1, id);
	put_number(row, 8, ALWAYS);
}

static void put_seat(const struct desk_scene *s, uint32_t seat, struct buf *row)
{
	char id[DESK_ID_MAX];
	desk_seat_id(id, seat);
	put_text(row, 1, DESK);
	put_text(row, 2, id);
	put_number(row, 7, s->shape.max);
}

static void put_team_seat(const struct desk_scene *s, uint32_t seat, struct buf *row)
{
	char id[DESK_ID_MAX];
	put_text(row, 1, DESK);
	team_id(id, (seat - 1) / s->shape.seats);
	put_text(row, 2, id);
	desk_seat_id(id, seat);
	put_text(row, 3, id);
	put_number(row, 5, seat); /* ord */
}

static void put_desk(const struct desk_scene *s, uint32_t n, struct buf *row)
{
	(void)s;
	(void)n;
	put_text(row, 1, DESK);
}

struct rows {
	const struct desk_scene *scene;
	uint32_t kind, first;
	void (*put)(const struct desk_scene *, uint32_t n, struct buf *row);
	struct buf row;
};

static enum frame_op put_row(void *ctx, size_t i, struct buf *body)
{
	struct rows *r = ctx;
	buf_clear(&r->row);
	r->put(r->scene, r->first + (uint32_t)i, &r->row);
	put_message(body, r->kind, &r->row);
	return OP_DESK_SET;
}

static void make(struct desk_scene *s, uint32_t kind, uint32_t first, uint32_t n,
		 void (*put)(const struct desk_scene *, uint32_t, struct buf *))
{
	struct rows rows = {.scene = s, .kind = kind, .first = first, .put = put};
	struct bulk bulk = {.n = n, .ctx = &rows, .put = put_row};
	dealer_bulk(&s->control, &bulk);
	buf_fini(&rows.row);
}

static void make_desk(struct desk_scene *s)
{
	uint32_t seats = s->shape.teams * s->shape.seats;
	make(s, SET_DESK, 0, 1, put_desk);
	make(s, SET_TEAM, 0, s->shape.teams, put_team);
	make(s, SET_AGENT, 1, seats, put_agent);
	make(s, SET_SEAT, 1, seats, put_seat);
	make(s, SET_TEAM_SEAT, 1, seats, put_team_seat);
}

/* ---- the broker ------------------------------------------------------------------------------ */

void desk_scene_open(struct desk_scene *s, const struct options *o, const struct desk_shape *shape,
		     const char *const *before)
{
	*s = (struct desk_scene){.shape = *shape};
	rig_init(&s->rig, o);
	s->zmq = zmq_ctx_new();
	check(s->zmq, "no ZeroMQ context");
	rig_broker(&s->rig, before, NULL);
	dealer_open(&s->control, s->zmq, s->rig.client, &(struct hello){0});
	make_desk(s);
}

void desk_scene_settle(struct desk_scene *s)
{
	uint64_t until_ns = load_now_ns() + SETTLE_NS_MAX;
	while (dealer_stat(&s->control, "rows_dirty") > 0) {
		check(load_now_ns() < until_ns, "the broker does not come to rest");
		nanosleep(&(struct timespec){.tv_nsec = SETTLE_STEP_NS}, NULL);
	}
}

double desk_scene_restart(struct desk_scene *s)
{
	rig_kill(s->rig.broker);
	dealer_close(&s->control);
	uint64_t began = load_now_ns();
	rig_broker(&s->rig, NULL, NULL);
	dealer_open(&s->control, s->zmq, s->rig.client, &(struct hello){0});
	return (double)(load_now_ns() - began) / 1e9;
}

void desk_scene_close(struct desk_scene *s)
{
	dealer_close(&s->control);
	rig_fini(&s->rig);
	zmq_ctx_term(s->zmq);
}
