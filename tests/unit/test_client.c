/* A client's life, told by a broker that does as the test says. */
#include "client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>

static void hello_says_who_and_what_is_wanted(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(7);
	Parlor__ToBroker *frame = next_hello(w);
	Parlor__Hello *hello = frame->requests[0]->hello;
	uint64_t journal, position;

	assert_int_equal(hello->version, 1);
	assert_string_equal(hello->tenant, "acme");
	assert_string_equal(hello->client, "test");
	assert_int_equal(hello->n_members, 2);
	assert_string_equal(hello->members[0], "amy");
	assert_string_equal(hello->members[1], "ben");
	assert_int_equal(hello->credit, 8);
	assert_false(hello->resume);
	assert_false(parlor_client_position(w->client, &journal, &position));
	assert_null(parlor_client_welcome(w->client));

	router_welcome(&w->router, frame->requests[0]->id, &welcome);
	parlor__to_broker__free_unpacked(frame, NULL);
	until(w, &w->seen.sessions, 1);
	assert_true(parlor_client_position(w->client, &journal, &position));
	assert_true(journal == JOURNAL);
	assert_int_equal(position, 7);
	assert_int_equal(parlor_client_welcome(w->client)->position, 7);
}

static void requests_leave_in_frames_within_the_limits(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);
	Parlor__Limits limits = PARLOR__LIMITS__INIT;
	char large[1500];
	size_t got = 0;

	memset(large, 'x', sizeof large);
	large[sizeof large - 1] = '\0';
	limits.frame_requests = 2;
	limits.frame_bytes = 1000;
	welcome.limits = &limits;
	for (int i = 0; i < 5; i++)
		assert_int_equal(post(w, "hi"), PARLOR_E_OK);
	assert_int_equal(post(w, large), PARLOR_E_OK);
	let_in(w, &welcome);
	while (got < 5) {
		Parlor__ToBroker *frame = next_frame(w);

		assert_in_range(frame->n_requests, 1, 2);
		for (size_t i = 0; i < frame->n_requests; i++)
			router_posted(&w->router, frame->requests[i]->id, ++got);
		parlor__to_broker__free_unpacked(frame, NULL);
	}
	until(w, &w->seen.answers, 6);
	/* The one that fits no frame was refused here, ahead of the others. */
	assert_int_equal(w->seen.codes[0], PARLOR_E_TOO_LONG);
	for (int i = 1; i < 6; i++) {
		assert_int_equal(w->seen.codes[i], PARLOR_E_OK);
		assert_int_equal(w->seen.seqs[i], i);
	}
	assert_int_equal(parlor_client_pending(w->client), 0);
}

static void what_cannot_be_sent_is_refused_at_once(void **state)
{
	struct world *w = *state;
	Parlor__Goodbye goodbye = PARLOR__GOODBYE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	assert_int_equal(post(w, "\xff"), PARLOR_E_TEXT);
	request.op_case = PARLOR__REQUEST__OP_GOODBYE;
	request.goodbye = &goodbye;
	assert_int_equal(parlor_client_send(w->client, &request, NULL, NULL), PARLOR_E_OP);
	for (int i = 0; i < 16; i++)
		assert_int_equal(post(w, "hi"), PARLOR_E_OK);
	assert_int_equal(post(w, "hi"), PARLOR_E_BUSY);
	assert_int_equal(parlor_client_pending(w->client), 16);
}

/* The frames that hold n requests; they must come in order, without hello. */
static void take_posts(struct world *w, int n, uint64_t ids[], char names[][80])
{
	for (int got = 0; got < n;) {
		Parlor__ToBroker *frame = next_frame(w);

		for (size_t i = 0; i < frame->n_requests; i++, got++) {
			assert_in_range(got, 0, n - 1);
			assert_int_equal(frame->requests[i]->op_case, PARLOR__REQUEST__OP_POST);
			ids[got] = frame->requests[i]->id;
			snprintf(names[got], 80, "%s %s", frame->requests[i]->post->client_id,
				 frame->requests[i]->post->body);
			assert_true(strlen(frame->requests[i]->post->client_id) == 32);
		}
		parlor__to_broker__free_unpacked(frame, NULL);
	}
}

static void after_no_session_the_unanswered_go_again_in_order(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(7);
	uint64_t ids[4], again[3];
	char names[4][80], names_again[3][80];
	Parlor__ToBroker *frame;
	const char *bodies[] = {"a", "b", "c", "d"};

	let_in(w, &welcome);
	router_events(&w->router, 8, 10);
	until_events(w, 3);
	for (int i = 0; i < 4; i++)
		assert_int_equal(post(w, bodies[i]), PARLOR_E_OK);
	take_posts(w, 4, ids, names);
	router_posted(&w->router, ids[1], 2);
	until(w, &w->seen.answers, 1);
	/* The broker forgot us: it says so for each request it got. */
	router_refuse(&w->router, ids[0], PARLOR_E_NO_SESSION);
	router_refuse(&w->router, ids[2], PARLOR_E_NO_SESSION);
	router_refuse(&w->router, ids[3], PARLOR_E_NO_SESSION);
	until(w, &w->seen.lost, 1);
	assert_int_equal(w->seen.lost_code, PARLOR_E_NO_SESSION);

	frame = next_hello(w);
	assert_true(frame->requests[0]->hello->resume);
	assert_true(frame->requests[0]->hello->journal == JOURNAL);
	assert_int_equal(frame->requests[0]->hello->position, 10);
	assert_int_equal(frame->requests[0]->hello->n_members, 2);
	router_welcome(&w->router, frame->requests[0]->id, &welcome);
	parlor__to_broker__free_unpacked(frame, NULL);

	take_posts(w, 3, again, names_again);
	for (int i = 0; i < 3; i++) {
		int first = i ? i + 1 : 0;

		assert_int_equal(again[i], ids[first]);
		assert_string_equal(names_again[i], names[first]);
		router_posted(&w->router, again[i], (uint64_t)first + 1);
	}
	/* What was on its way twice comes once. */
	router_events(&w->router, 10, 12);
	until_events(w, 5);
	until(w, &w->seen.answers, 4);
	assert_int_equal(w->seen.seqs[1], 1);
	assert_int_equal(w->seen.seqs[3], 4);
	assert_int_equal(w->seen.sessions, 2);
	assert_int_equal(w->seen.resets, 0);
	assert_int_equal(parlor_client_pending(w->client), 0);
}

static void a_reset_takes_the_position_of_the_welcome(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(50);
	uint64_t journal, position;

	let_in(w, &welcome);
	router_end(&w->router, PARLOR_E_STOPPING);
	until(w, &w->seen.lost, 1);
	assert_int_equal(w->seen.lost_code, PARLOR_E_STOPPING);
	welcome = welcome_at(20);
	welcome.reset = true;
	let_in(w, &welcome);
	assert_int_equal(w->seen.resets, 1);
	assert_true(parlor_client_position(w->client, &journal, &position));
	assert_int_equal(position, 20);
	router_events(&w->router, 21, 21);
	until_events(w, 1);
}

static void credit_is_given_back_as_events_are_taken(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);
	Parlor__Limits limits = PARLOR__LIMITS__INIT;
	uint64_t granted = 0;

	limits.credit = 4; /* less than the client asked for */
	welcome.limits = &limits;
	let_in(w, &welcome);
	for (uint64_t at = 1; at <= 9; at += 2) {
		Parlor__ToBroker *frame;

		/* Typing takes no credit: none is given back for it. */
		for (int i = 0; i < 5; i++)
			router_typing(&w->router);
		until_events(w, (size_t)at / 2 * 7 + 5);
		router_events(&w->router, at, at + 1);
		frame = next_frame(w);
		for (size_t i = 0; i < frame->n_requests; i++) {
			assert_int_equal(frame->requests[i]->op_case, PARLOR__REQUEST__OP_CREDIT);
			granted += frame->requests[i]->credit->events;
		}
		parlor__to_broker__free_unpacked(frame, NULL);
	}
	assert_int_equal(w->seen.events, 5 * 5 + 10);
	assert_int_equal(granted, 10);
}

static void a_retryable_refusal_is_tried_again(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);

	assert_int_equal(post(w, "hi"), PARLOR_E_OK);
	for (int i = 0; i < 3; i++) {
		Parlor__ToBroker *frame = next_hello(w);

		router_refuse(&w->router, frame->requests[0]->id, PARLOR_E_SESSIONS_FULL);
		parlor__to_broker__free_unpacked(frame, NULL);
	}
	let_in(w, &welcome);
	assert_int_equal(w->seen.lost, 0);
	assert_int_equal(parlor_client_pending(w->client), 1);
}

static void a_final_refusal_ends_all_calls(void **state)
{
	struct world *w = *state;
	Parlor__ToBroker *frame;

	assert_int_equal(post(w, "hi"), PARLOR_E_OK);
	assert_int_equal(post(w, "ho"), PARLOR_E_OK);
	frame = next_hello(w);
	router_refuse(&w->router, frame->requests[0]->id, PARLOR_E_TENANT);
	parlor__to_broker__free_unpacked(frame, NULL);
	until(w, &w->seen.lost, 1);
	assert_int_equal(w->seen.lost_code, PARLOR_E_TENANT);
	assert_int_equal(w->seen.answers, 2);
	assert_int_equal(w->seen.codes[0], PARLOR_E_TENANT);
	assert_int_equal(w->seen.codes[1], PARLOR_E_TENANT);
	assert_int_equal(post(w, "ha"), PARLOR_E_TENANT);
	assert_int_equal(parlor_client_poll(w->client, 0, NULL), PARLOR_E_TENANT);
	assert_string_equal(parlor_client_error(w->client), parlor_err_text(PARLOR_E_TENANT));
}

static void garbage_from_the_broker_ends_the_session(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);

	let_in(w, &welcome);
	router_send_bytes(&w->router, "\x0a\x7f garbage", 10);
	until(w, &w->seen.lost, 1);
	assert_int_equal(w->seen.lost_code, PARLOR_E_FRAME);
}

static void silence_brings_a_ping_and_then_a_fresh_connection(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);
	unsigned char before[64];
	Parlor__ToBroker *frame;

	welcome.heartbeat_ms = 5;
	welcome.timeout_ms = 1000;
	let_in(w, &welcome);
	for (int i = 0; i < 3; i++) {
		frame = next_frame(w);
		assert_int_equal(frame->requests[0]->op_case, PARLOR__REQUEST__OP_PING);
		router_done(&w->router, frame->requests[0]->id);
		parlor__to_broker__free_unpacked(frame, NULL);
	}
	assert_int_equal(w->seen.lost, 0);
	memcpy(before, w->router.peer, sizeof before);
	/* No pong any more. */
	for (;;) {
		bool hello;

		frame = next_frame(w);
		hello = frame->requests[0]->op_case == PARLOR__REQUEST__OP_HELLO;
		parlor__to_broker__free_unpacked(frame, NULL);
		if (hello)
			break;
	}
	assert_int_equal(w->seen.lost, 1);
	assert_int_equal(w->seen.lost_code, PARLOR_E_DISCONNECTED);
	assert_memory_not_equal(before, w->router.peer, (size_t)w->router.peer_len);
}

static void what_is_unanswered_brings_a_ping_long_before_the_heartbeat(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);
	Parlor__ToBroker *frame;
	uint64_t id;
	char name[80];

	let_in(w, &welcome);
	assert_int_equal(post(w, "hi"), PARLOR_E_OK);
	take_posts(w, 1, &id, &name);
	frame = next_frame(w);
	assert_int_equal(frame->requests[0]->op_case, PARLOR__REQUEST__OP_PING);
	parlor__to_broker__free_unpacked(frame, NULL);
}

static void close_says_goodbye_and_answers_with_closed(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);
	Parlor__ToBroker *frame;

	let_in(w, &welcome);
	assert_int_equal(post(w, "never sent"), PARLOR_E_OK);
	parlor_client_close(w->client);
	w->client = NULL;
	assert_int_equal(w->seen.answers, 1);
	assert_int_equal(w->seen.codes[0], PARLOR_E_CLOSED);
	frame = router_receive(&w->router, PATIENCE_MS);
	assert_non_null(frame);
	assert_int_equal(frame->requests[0]->op_case, PARLOR__REQUEST__OP_GOODBYE);
	parlor__to_broker__free_unpacked(frame, NULL);
}

static void the_descriptor_wakes_a_foreign_loop(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);
	struct pollfd item;
	char name[80];
	uint64_t id;
	bool did;

	let_in(w, &welcome);
	item = (struct pollfd){.fd = parlor_client_fd(w->client), .events = POLLIN};
	for (int round = 1; round <= 2; round++) {
		do
			assert_int_equal(parlor_client_poll(w->client, 0, &did), PARLOR_E_OK);
		while (did);
		router_events(&w->router, (uint64_t)round, (uint64_t)round);
		while (w->seen.events < (uint64_t)round) {
			assert_int_equal(poll(&item, 1, PATIENCE_MS), 1);
			assert_int_equal(parlor_client_poll(w->client, 0, NULL), PARLOR_E_OK);
		}
		/* A queued request is something to do, too. */
		assert_int_equal(post(w, "hi"), PARLOR_E_OK);
		assert_int_equal(poll(&item, 1, PATIENCE_MS), 1);
		take_posts(w, 1, &id, &name);
		router_posted(&w->router, id, 1);
		until(w, &w->seen.answers, round);
		/* It is the same descriptor after the connection was replaced. */
		router_end(&w->router, PARLOR_E_STOPPING);
		until(w, &w->seen.lost, round);
		let_in(w, &welcome);
		assert_int_equal(parlor_client_fd(w->client), item.fd);
	}
}

static void what_was_seen_elsewhere_is_resumed_from(void **state)
{
	struct world *w = *state;
	struct parlor_client_options options = options_for(w);
	Parlor__ToBroker *frame;

	parlor_client_close(w->client);
	options.resume = true;
	options.journal = JOURNAL;
	options.position = 1234;
	assert_int_equal(parlor_client_open(&w->client, &options), PARLOR_E_OK);
	do {
		/* The hello of the first one may still be on its way. */
		frame = next_hello(w);
		if (frame->requests[0]->hello->resume)
			break;
		parlor__to_broker__free_unpacked(frame, NULL);
	} while (true);
	assert_true(frame->requests[0]->hello->journal == JOURNAL);
	assert_int_equal(frame->requests[0]->hello->position, 1234);
	parlor__to_broker__free_unpacked(frame, NULL);
}

static void who_was_busy_is_busy_in_the_next_session(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);
	Parlor__PresenceSet set = PARLOR__PRESENCE_SET__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	Parlor__ToBroker *frame;
	char ben[] = "ben";

	let_in(w, &welcome);
	set.member = ben;
	set.presence = PARLOR__PRESENCE__PRESENCE_BUSY;
	request.op_case = PARLOR__REQUEST__OP_PRESENCE_SET;
	request.presence_set = &set;
	assert_int_equal(parlor_client_send(w->client, &request, on_answer, &w->seen), PARLOR_E_OK);
	frame = next_frame(w);
	router_done(&w->router, frame->requests[0]->id);
	parlor__to_broker__free_unpacked(frame, NULL);
	until(w, &w->seen.answers, 1);
	router_end(&w->router, PARLOR_E_STOPPING);
	until(w, &w->seen.lost, 1);
	let_in(w, &welcome);
	frame = next_frame(w);
	assert_int_equal(frame->n_requests, 1);
	assert_int_equal(frame->requests[0]->op_case, PARLOR__REQUEST__OP_PRESENCE_SET);
	assert_string_equal(frame->requests[0]->presence_set->member, "ben");
	assert_int_equal(frame->requests[0]->presence_set->presence,
			 PARLOR__PRESENCE__PRESENCE_BUSY);
	parlor__to_broker__free_unpacked(frame, NULL);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(hello_says_who_and_what_is_wanted),
		STORY(requests_leave_in_frames_within_the_limits),
		STORY(what_cannot_be_sent_is_refused_at_once),
		STORY(after_no_session_the_unanswered_go_again_in_order),
		STORY(a_reset_takes_the_position_of_the_welcome),
		STORY(credit_is_given_back_as_events_are_taken),
		STORY(a_retryable_refusal_is_tried_again),
		STORY(a_final_refusal_ends_all_calls),
		STORY(garbage_from_the_broker_ends_the_session),
		STORY(silence_brings_a_ping_and_then_a_fresh_connection),
		STORY(what_is_unanswered_brings_a_ping_long_before_the_heartbeat),
		STORY(close_says_goodbye_and_answers_with_closed),
		STORY(the_descriptor_wakes_a_foreign_loop),
		STORY(what_was_seen_elsewhere_is_resumed_from),
		STORY(who_was_busy_is_busy_in_the_next_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
