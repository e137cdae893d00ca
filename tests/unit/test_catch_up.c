/* Sessions that catch up along a real journal: each gets what it listens or listened
 * to, once, and what that costs is counted. Nothing is sent: what each was given is
 * seen by its credit. */
#include "core/kinds.h"
#include "fanout/catch_up.h"
#include "store_world.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

#define SESSIONS 4000
#define CREDIT 100000
#define ENQUEUE_STEPS 16 /* of catch_up.c */

struct catching {
	struct world *world;
	void *zmq, *router;
	struct fanout fanout;
	struct session *sessions[SESSIONS];
	uint32_t len;
	uint64_t last; /* position */
};

static void sink(void *ctx, const struct record *r)
{
	(void)ctx;
	(void)r;
}

static int begin_catching(void **state)
{
	static const struct session_limits limits = {
		.sessions = SESSIONS, .tenant_sessions = SESSIONS, .members = 1};
	static const struct outbox_limits out = {.frame_bytes_max = 64 * 1024,
						 .peer_bytes_max = 16 * MIB,
						 .total_bytes_max = 256 * MIB};
	struct catching *c = mem_new(sizeof *c);
	void *world;
	assert_int_equal(set_up(&world), 0);
	c->world = world;
	open_world(c->world);
	c->zmq = zmq_ctx_new();
	c->router = zmq_socket(c->zmq, ZMQ_ROUTER);
	c->fanout = (struct fanout){
		.store = c->world->store,
		.core = core_new(&core_limits_default, store_rows(c->world->store),
				 (struct core_sink){.record = sink}),
		.outbox = outbox_new(c->router, &out),
		.sessions = session_table_new(&limits),
		.subscribers = subscribers_new(1000000, 1000000),
		.intervals = intervals_new(1000, 1000000, 1000000),
		.turn_bytes_max = 64 * MIB,
	};
	*state = c;
	return 0;
}

static int end_catching(void **state)
{
	struct catching *c = *state;
	void *world = c->world;
	for (uint32_t i = 0; i < c->len; i++) {
		fanout_forget(&c->fanout, c->sessions[i]);
		outbox_close(c->fanout.outbox, c->sessions[i]->out);
	}
	while (fanout_forgets(&c->fanout))
		fanout_forget_more(&c->fanout);
	session_table_free(c->fanout.sessions);
	subscribers_free(c->fanout.subscribers);
	intervals_free(c->fanout.intervals);
	zmq_close(c->router);
	zmq_ctx_term(c->zmq);
	outbox_free(c->fanout.outbox);
	core_free(c->fanout.core);
	free(c);
	return tear_down(&world);
}

/* One that has seen nothing yet. */
static struct session *comes_back(struct catching *c)
{
	uint8_t routing[FRONT_ROUTING_BYTES] = {0};
	memcpy(routing + 1, &c->len, sizeof c->len);
	struct session_hello hello = {.routing = {routing, sizeof routing},
				      .tenant = SPAN_TEXT("acme"),
				      .credit = CREDIT};
	struct session *s = NULL;
	assert_int_equal(session_open(c->fanout.sessions, &hello, &s), PARLOR_E_OK);
	s->out = outbox_open(c->fanout.outbox, hello.routing, s, NULL);
	s->cursor = 1;
	session_set_state(c->fanout.sessions, s, SESSION_CATCH_UP);
	c->sessions[c->len++] = s;
	return s;
}

static uint64_t given(const struct session *s)
{
	return CREDIT - s->credit;
}

static void listens(struct catching *c, struct session *s, struct topic topic, uint64_t since)
{
	assert_int_equal(subscribers_add(c->fanout.subscribers, topic, s, since), PARLOR_E_OK);
}

static void listened(struct catching *c, struct session *s, struct topic topic, uint64_t from,
		     uint64_t to)
{
	assert_int_equal(intervals_add(c->fanout.intervals, topic, s, from, to), PARLOR_E_OK);
}

/* In the transaction at hand; 100 bytes of event, for nobody to read. */
static void put_record(struct catching *c, struct record *r)
{
	static const char event[100];
	struct buf head = {0};
	r->position = ++c->last;
	record_encode(&head, r);
	struct entry entry = {.position = r->position,
			      .head = {head.data, head.len},
			      .event = {event, sizeof event}};
	store_append(c->fanout.store, &entry);
	buf_fini(&head);
}

static void put_posts(struct catching *c, size_t n, uint64_t rooms)
{
	begin(c->world);
	for (size_t i = 0; i < n; i++) {
		struct record r = {.kind = RECORD_POSTED, .tenant = 1, .room = i % rooms + 1};
		put_record(c, &r);
	}
	commit(c->world);
}

/* Steps of one call. */
static uint64_t run_once(struct catching *c, bool *more)
{
	uint64_t before = c->fanout.counts.steps_caught_up;
	turn(c->world);
	*more = catch_up_run(&c->fanout, false);
	store_read_end(c->fanout.store);
	return c->fanout.counts.steps_caught_up - before;
}

static uint64_t run_all(struct catching *c)
{
	uint64_t steps = 0;
	bool more = true;
	while (more)
		steps += run_once(c, &more);
	assert_null(session_catching_up(c->fanout.sessions));
	return steps;
}

static void a_past_membership_costs_nothing_but_its_own_events(void **state)
{
	enum { POSTS = 2000, ROOMS = 100, BEHIND = 1000 };
	struct catching *c = *state;
	put_posts(c, POSTS, ROOMS);
	uint64_t looked_at = POSTS;
	for (int i = 0; i < BEHIND; i++)
		listens(c, comes_back(c), topic_room((uint64_t)i + 1), 0);
	looked_at += POSTS; /* each of these rooms has one session */
	struct session *past = comes_back(c);
	listened(c, past, topic_room(7), 1, POSTS / 2);
	looked_at += POSTS / ROOMS;
	looked_at += ENQUEUE_STEPS * (POSTS + POSTS / ROOMS / 2);

	assert_int_equal(run_all(c), looked_at);
	assert_int_equal(given(past), POSTS / ROOMS / 2);
	assert_int_equal(given(c->sessions[0]), POSTS / ROOMS);
	assert_int_equal(given(c->sessions[BEHIND - 1]), 0);
}

/* By record: told to the listeners of a room, of a member, of a tenant, all of the same
 * number. Nobody hears what is for a topic of another kind. */
static void a_topic_of_any_kind_is_caught_up_with(void **state)
{
	struct catching *c = *state;
	begin(c->world);
	for (int i = 0; i < 12; i++) {
		struct record posted = {.kind = RECORD_POSTED, .tenant = 1, .room = 5};
		struct record was_read = {.kind = RECORD_READ, .tenant = 1, .room = 6, .member = 5};
		struct record presence = {.kind = RECORD_PRESENCE, .tenant = 5, .member = 6};
		put_record(c, &posted);
		put_record(c, &was_read);
		if (i < 6)
			put_record(c, &presence);
	}
	commit(c->world);
	const struct topic topics[] = {
		topic_room(5), topic_member(5), topic_tenant(5), {(enum topic_kind)77, 5}};
	const uint64_t due[] = {12, 12, 6, 0}, in_past[] = {4, 4, 4, 0};
	struct session *now[4], *before[4];
	for (int i = 0; i < 4; i++) {
		now[i] = comes_back(c);
		before[i] = comes_back(c);
		listens(c, now[i], topics[i], 0);
		listened(c, before[i], topics[i], 1, 12);
	}
	(void)run_all(c);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(given(now[i]), due[i]);
		assert_int_equal(given(before[i]), in_past[i]);
	}
}

static void each_has_each_event_once_whatever_it_listened_by(void **state)
{
	struct catching *c = *state;
	put_posts(c, 100, 1);
	struct session *s = comes_back(c);
	listened(c, s, topic_room(1), 11, 50);
	listened(c, s, topic_room(1), 31, 60); /* another of its members */
	listens(c, s, topic_room(1), 55);
	(void)run_all(c);
	assert_int_equal(given(s), 90);
}

/* Each is a little more than a sweep ahead of the one before: were every one served by itself, the
 * journal would be read once for each. */
static void those_who_are_at_different_places_meet(void **state)
{
	enum { PLACES = 7, GAP = 4200 };
	struct catching *c = *state;
	for (int i = 0; i < PLACES; i++)
		put_posts(c, GAP, 1);
	for (int i = 0; i < PLACES; i++)
		comes_back(c)->cursor = (uint64_t)i * GAP + 1;
	assert_in_range(run_all(c), PLACES * GAP, 2 * PLACES * GAP);
}

static void a_call_looks_at_a_bounded_number_of_listeners(void **state)
{
	enum { POSTS = 400 };
	struct catching *c = *state;
	put_posts(c, POSTS, 1);
	for (int i = 0; i < SESSIONS; i++)
		listens(c, comes_back(c), topic_room(1), 0);
	bool more = true;
	int calls = 0;
	for (; more; calls++)
		assert_in_range(run_once(c, &more), 0, 65536 + (1 + ENQUEUE_STEPS) * SESSIONS);
	assert_true(calls > 1);
	for (int i = 0; i < SESSIONS; i++)
		assert_int_equal(given(c->sessions[i]), POSTS);
}

/* Most of them cannot go on, the last one can. */
static void a_call_looks_at_a_bounded_number_of_sessions(void **state)
{
	enum { POSTS = 10, LOOKS = 16384 };
	struct catching *c = *state;
	bool more = true;
	int calls = 0;
	put_posts(c, POSTS, 1);
	for (int i = 0; i < SESSIONS; i++) {
		listens(c, comes_back(c), topic_room(1), 0);
		c->sessions[i]->credit = 0;
	}
	for (; more; calls++) {
		c->fanout.counts.looks_caught_up = 0;
		assert_int_equal(run_once(c, &more), 0);
		assert_in_range(c->fanout.counts.looks_caught_up, 1, LOOKS);
	}
	assert_int_equal(calls, (SESSIONS + LOOKS - 1) / LOOKS);

	c->sessions[SESSIONS - 1]->credit = CREDIT;
	for (more = true; more;)
		(void)run_once(c, &more);
	assert_int_equal(given(c->sessions[SESSIONS - 1]), POSTS);
	for (int i = 0; i < SESSIONS; i++)
		c->sessions[i]->credit = CREDIT;
	for (more = true; more;) {
		c->fanout.counts.looks_caught_up = 0;
		(void)run_once(c, &more);
		assert_in_range(c->fanout.counts.looks_caught_up, 0, LOOKS + 3 * SESSIONS);
	}
	for (int i = 0; i < SESSIONS; i++)
		assert_int_equal(c->sessions[i]->state, SESSION_LIVE);
}

#define CATCHING(test) cmocka_unit_test_setup_teardown(test, begin_catching, end_catching)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CATCHING(a_past_membership_costs_nothing_but_its_own_events),
		CATCHING(a_topic_of_any_kind_is_caught_up_with),
		CATCHING(each_has_each_event_once_whatever_it_listened_by),
		CATCHING(those_who_are_at_different_places_meet),
		CATCHING(a_call_looks_at_a_bounded_number_of_listeners),
		CATCHING(a_call_looks_at_a_bounded_number_of_sessions),
	};
	return cmocka_run_group_tests_name("catching up", tests, NULL, NULL);
}
