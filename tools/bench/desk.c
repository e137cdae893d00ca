/* desk: what a desk with a long queue costs. Seats that are all busy and people
 * who wait: the end of a conversation, which gives its seat to the oldest one;
 * the question for a place; the memory of who waits; the next start with all of
 * them; and a message in a desk's room beside one in any other. */
#include "bench.h"
#include "callgrind.h"
#include "desk_scene.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define TEAMS 100
#define SEATS 100
#define DECISIONS 5000
#define SINGLE 2000
#define POST_ROOMS 1000
#define FEW_ROOMS 20
#define POSTS 20000
#define ROUNDS 7
#define COUNTED 20000 /* posts, under callgrind */
#define COUNTED_ENDS 2000
#define ROOM_ID_MAX 64

static const uint32_t queues[] = {10000, 100000};
#define QUEUES (sizeof queues / sizeof queues[0])

static struct desk_shape shape_of(const struct options *o, uint32_t waiting)
{
	struct desk_shape shape = {.teams = o->smoke ? 2 : TEAMS,
				   .seats = o->smoke ? 3 : SEATS,
				   .max = 1,
				   .body = (uint32_t)option_or(o->body, BODY_DEFAULT)};
	shape.people = shape.teams * shape.seats + waiting;
	return shape;
}

/* ---- requests in bulk ------------------------------------------------------------------- */

/* Conversations are numbered from 1 and fall to the teams in turn, so that team
 * by team they are served, and closed, in order of their numbers. */
struct queue {
	struct desk_scene scene;
	uint32_t opened, closed;
	uint64_t seed;
};

static enum frame_op put_open(void *ctx, size_t i, struct buf *body)
{
	struct queue *q = ctx;
	uint32_t n = ++q->opened;
	(void)i;
	return desk_put_open(body, n, n, n % q->scene.shape.teams);
}

static enum frame_op put_close(void *ctx, size_t i, struct buf *body)
{
	struct queue *q = ctx;
	(void)i;
	return desk_put_close(body, ++q->closed);
}

/* Somebody who waits. */
static enum frame_op put_place(void *ctx, size_t i, struct buf *body)
{
	struct queue *q = ctx;
	uint32_t busy = q->scene.shape.teams * q->scene.shape.seats;
	uint32_t waiting = q->opened - q->closed - busy;
	(void)i;
	return desk_put_place(body, q->closed + busy + 1 +
					    (uint32_t)((load_random(&q->seed) >> 16) % waiting));
}

typedef enum frame_op put_fn(void *ctx, size_t i, struct buf *body);

static void ask_many(struct queue *q, put_fn *put, size_t n)
{
	struct bulk bulk = {.n = n, .ctx = q, .put = put};
	dealer_bulk(&q->scene.control, &bulk);
}

/* What one request of many costs the broker's thread that decides. */
static double main_us(struct queue *q, put_fn *put, size_t n)
{
	pid_t pid = q->scene.rig.broker->pid;
	struct usage then = usage_of(pid);
	ask_many(q, put, n);
	return (double)usage_since(then, usage_of(pid)).main_ns / 1e3 / (double)n;
}

/* One after the other: how long each takes until it is answered. */
static void time_single(struct queue *q, put_fn *put, size_t n, const char *prefix, struct row *row)
{
	struct histogram *took = mem_new(sizeof *took);
	for (size_t i = 0; i < n; i++) {
		uint64_t began = load_now_ns();
		ask_many(q, put, 1);
		histogram_add(took, load_now_ns() - began);
	}
	row_times(row, prefix, took);
	free(took);
}

/* ---- a long queue ------------------------------------------------------------------------ */

/* The first of each team that waits is in its first place, the last in its last. */
static void check_places(struct queue *q)
{
	struct buf body = {0};
	uint32_t teams = q->scene.shape.teams, busy = teams * q->scene.shape.seats;
	uint32_t first = q->closed + busy + 1;
	uint64_t of = (q->opened - q->closed - busy) / teams;
	for (uint32_t team = 0; team < teams; team++) {
		uint32_t asked[] = {first + team, q->opened - team};
		for (size_t i = 0; i < 2; i++) {
			buf_clear(&body);
			enum frame_op op = desk_put_place(&body, asked[i]);
			struct span place = dealer_ask(&q->scene.control, op, &body);
			check(frame_number(place, 2) == (i ? of : 1),
			      "conversation %" PRIu32 " has place %" PRIu64 " of %" PRIu64,
			      asked[i], frame_number(place, 2), of);
		}
	}
	buf_fini(&body);
}

static void fill(struct queue *q, uint32_t waiting, struct row *row)
{
	uint32_t busy = q->scene.shape.teams * q->scene.shape.seats;
	ask_many(q, put_open, busy);
	double before = anon_mb(q->scene.rig.broker->pid);
	uint64_t began = load_now_ns();
	ask_many(q, put_open, waiting);
	row_set(row, "opens_per_s", waiting / ((double)(load_now_ns() - began) / 1e9));
	desk_scene_settle(&q->scene);
	double after = anon_mb(q->scene.rig.broker->pid);
	row_set(row, "bytes_per_waiting", (after - before) * 1048576 / waiting);
	row_set(row, "broker_anon_mb", after);
}

static void run_queue(const struct options *o, uint32_t waiting, struct report *report)
{
	size_t many = o->smoke ? 20 : DECISIONS, single = o->smoke ? 10 : SINGLE;
	struct queue *q = mem_new(sizeof *q);
	struct row row = {0};
	struct desk_shape shape = shape_of(o, waiting);
	q->seed = 1;
	desk_scene_open(&q->scene, o, &shape, NULL);
	row_set(&row, "waiting", waiting);
	row_set(&row, "seats", (double)shape.teams * shape.seats);
	fill(q, waiting, &row);
	check_places(q);
	row_set(&row, "close_main_us", main_us(q, put_close, many));
	row_set(&row, "open_main_us", main_us(q, put_open, many));
	row_set(&row, "place_main_us", main_us(q, put_place, many));
	time_single(q, put_close, single, "close_", &row);
	time_single(q, put_place, single, "place_", &row);
	ask_many(q, put_open, single);
	check_places(q);
	row_set(&row, "restart_s", desk_scene_restart(&q->scene));
	check_places(q);
	/* Its counters begin with it: all that it decides now, it decides with so many waiting. */
	ask_many(q, put_close, many);
	check(dealer_stat(&q->scene.control, "desk_matches") == many,
	      "not every seat that became free was given to somebody");
	row_set(&row, "decision_p50_us",
		(double)dealer_stat(&q->scene.control, "desk_match_us_p50"));
	row_set(&row, "decision_p99_us",
		(double)dealer_stat(&q->scene.control, "desk_match_us_p99"));
	row_set(&row, "decision_max_us",
		(double)dealer_stat(&q->scene.control, "desk_match_us_max"));
	check_places(q);
	report_run(report, &row);
	desk_scene_close(&q->scene);
	free(q);
}

/* ---- a message in a desk's room --------------------------------------------------------- */

struct posts {
	struct desk_scene scene;
	bool of_desk;
	uint32_t rooms;
	uint64_t posted;
	char (*room)[ROOM_ID_MAX]; /* the desk's, by conversation from 1 */
	char *body;
};

static enum frame_op put_conversation(void *ctx, size_t i, struct buf *body)
{
	uint32_t n = (uint32_t)i + 1;
	(void)ctx;
	return desk_put_open(body, n, n, 0);
}

static void keep_room(void *ctx, size_t i, struct span conversation)
{
	struct posts *p = ctx;
	struct span room = frame_bytes(conversation, CONVERSATION_ROOM);
	check(frame_number(conversation, CONVERSATION_STATE) == STATE_ACTIVE,
	      "a conversation waits though its seat is free");
	snprintf(p->room[i + 1], sizeof p->room[0], "%.*s", (int)room.len, (const char *)room.data);
}

static void put_member(struct buf *body, const char *member)
{
	struct buf spec = {0};
	put_text(&spec, 1, member);
	put_number(&spec, 2, 2);
	put_message(body, 4, &spec);
	buf_fini(&spec);
}

static void plain_id(char out[ROOM_ID_MAX], uint32_t n)
{
	snprintf(out, ROOM_ID_MAX, "plain-%026" PRIu32, n);
}

/* The same two people in a room that is no desk's, whose id is as long as theirs. */
static enum frame_op put_plain(void *ctx, size_t i, struct buf *body)
{
	char id[DESK_ID_MAX], room[ROOM_ID_MAX];
	(void)ctx;
	plain_id(room, (uint32_t)i + 1);
	put_text(body, 1, room);
	desk_visitor_id(id, (uint32_t)i + 1);
	put_member(body, id);
	desk_seat_id(id, 1);
	put_member(body, id);
	return OP_ROOM_CREATE;
}

/* Visitor and seat by turns, so that each post is one of who did not speak last. */
static enum frame_op put_post(void *ctx, size_t i, struct buf *body)
{
	struct posts *p = ctx;
	char room[ROOM_ID_MAX], sender[DESK_ID_MAX], client_id[DESK_ID_MAX];
	uint32_t n = (uint32_t)(p->posted % p->rooms) + 1;
	(void)i;
	if (p->of_desk)
		snprintf(room, sizeof room, "%s", p->room[n]);
	else
		plain_id(room, n);
	if (p->posted / p->rooms % 2)
		desk_seat_id(sender, 1);
	else
		desk_visitor_id(sender, n);
	snprintf(client_id, sizeof client_id, "%" PRIu64, p->posted++);
	return desk_put_post(body, room, sender, client_id,
			     (struct span){p->body, p->scene.shape.body});
}

static void open_posts(struct posts *p, const struct options *o, uint32_t rooms,
		       const char *const *before)
{
	struct desk_shape shape = {.teams = 1,
				   .seats = 1,
				   .max = rooms,
				   .body = (uint32_t)option_or(o->body, BODY_DEFAULT)};
	*p = (struct posts){.rooms = shape.max};
	p->room = mem_new((p->rooms + 1) * sizeof *p->room);
	p->body = mem_new(shape.body);
	memset(p->body, 'x', shape.body);
	desk_scene_open(&p->scene, o, &shape, before);
	struct bulk desks = {.n = p->rooms, .ctx = p, .put = put_conversation, .reply = keep_room};
	struct bulk plain = {.n = p->rooms, .ctx = p, .put = put_plain};
	dealer_bulk(&p->scene.control, &desks);
	dealer_bulk(&p->scene.control, &plain);
	desk_scene_settle(&p->scene);
}

static void close_posts(struct posts *p)
{
	desk_scene_close(&p->scene);
	free(p->room);
	free(p->body);
}

static void ask_posts(struct posts *p, size_t n)
{
	struct bulk bulk = {.n = n, .ctx = p, .put = put_post};
	dealer_bulk(&p->scene.control, &bulk);
}

static double post_main_us(struct posts *p, bool of_desk, size_t n)
{
	pid_t pid = p->scene.rig.broker->pid;
	p->of_desk = of_desk;
	struct usage then = usage_of(pid);
	ask_posts(p, n);
	return (double)usage_since(then, usage_of(pid)).main_ns / 1e3 / (double)n;
}

/* By turns, and each round by itself: the least of each is the least disturbed. */
static void run_posts(const struct options *o, struct report *report)
{
	struct posts p;
	struct row row = {0};
	double least[2] = {0, 0};
	open_posts(&p, o, o->smoke ? FEW_ROOMS : POST_ROOMS, NULL);
	for (int round = 0; round < (o->smoke ? 1 : ROUNDS); round++)
		for (int desk = 0; desk < 2; desk++) {
			double us = post_main_us(&p, desk, o->smoke ? 100 : POSTS);
			if (!least[desk] || us < least[desk])
				least[desk] = us;
		}
	row_set(&row, "post_main_us", least[0]);
	row_set(&row, "desk_post_main_us", least[1]);
	row_set(&row, "desk_post_ratio", least[1] / least[0]);
	report_run(report, &row);
	close_posts(&p);
}

/* What carries a request out, up to its records and their rows. */
struct counted {
	const char *name, *function;
	bool of_desk;
	put_fn *put; /* NULL: a post */
};

static enum frame_op put_end(void *ctx, size_t i, struct buf *body)
{
	(void)ctx;
	return desk_put_close(body, (uint32_t)i + 1);
}

/* A seat is free for each that is opened. */
static const struct counted counted[] = {
	{"instructions_per_post", "op_post*", false, NULL},
	{"instructions_per_desk_post", "op_post*", true, NULL},
	{"instructions_per_open", "op_desk_open*", true, put_conversation},
	{"instructions_per_close", "op_desk_close*", true, put_end},
};

static double count_posts(const struct options *o, const struct counted *what, struct posts *p,
			  const char *const *before)
{
	size_t n = option_or(o->messages, COUNTED);
	open_posts(p, o, FEW_ROOMS, before);
	p->of_desk = what->of_desk;
	ask_posts(p, n);
	return (double)n;
}

static double count_conversations(const struct options *o, const struct counted *what,
				  struct posts *p, const char *const *before)
{
	open_posts(p, o, COUNTED_ENDS, before);
	struct bulk bulk = {.n = COUNTED_ENDS, .put = what->put};
	if (what->put != put_conversation) /* all of them have been opened */
		dealer_bulk(&p->scene.control, &bulk);
	return COUNTED_ENDS;
}

static void count_one(const struct options *o, const struct counted *what, struct row *row)
{
	struct callgrind callgrind;
	struct posts p;
	callgrind_init(&callgrind, o, what->function);
	double n = what->put ? count_conversations(o, what, &p, callgrind.before)
			     : count_posts(o, what, &p, callgrind.before);
	close_posts(&p);
	row_set(row, what->name, callgrind_total(&callgrind) / n);
}

static void count_instructions(const struct options *o, struct report *report)
{
	struct row row = {0};
	for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
		count_one(o, &counted[i], &row);
	report_run(report, &row);
}

/* ---- the scenario --------------------------------------------------------------------------- */

static void run_case(const struct options *o, uint32_t waiting)
{
	struct report *report = mem_new(sizeof *report);
	char variant[32];
	snprintf(variant, sizeof variant, waiting ? "%" PRIu32 " waiting" : "posts", waiting);
	report_begin(report, o->json, "desk", "parlor", variant);
	for (uint64_t n = 0; n < option_or(o->runs, 1); n++) {
		if (waiting)
			run_queue(o, waiting, report);
		else if (o->callgrind)
			count_instructions(o, report);
		else
			run_posts(o, report);
	}
	report_end(report);
	free(report);
}

void scenario_desk(const struct options *o)
{
	for (size_t i = 0; i < QUEUES && !o->callgrind; i++)
		if (!o->smoke || i == 0)
			run_case(o, o->smoke ? 40 : queues[i]);
	run_case(o, 0);
}
