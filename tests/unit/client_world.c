#include "client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <poll.h>

static void on_event(void *arg, const Parlor__Event *event)
{
	struct seen *seen = arg;

	seen->events++;
	if (event->kind_case == PARLOR__EVENT__KIND_TYPING)
		return;
	assert_true(event->position > seen->last_position);
	assert_string_equal(event->posted->body, "hello");
	seen->last_position = event->position;
}

static void on_session(void *arg, const Parlor__Welcome *welcome, bool reset)
{
	struct seen *seen = arg;

	assert_true(welcome->journal == JOURNAL);
	seen->sessions++;
	seen->resets += reset;
}

static void on_lost(void *arg, int code, const char *text)
{
	struct seen *seen = arg;

	assert_true(strlen(text) > 0);
	seen->lost++;
	seen->lost_code = code;
}

void on_answer(void *arg, int code, const Parlor__Reply *reply)
{
	struct seen *seen = arg;

	assert_in_range(seen->answers, 0, 63);
	seen->codes[seen->answers] = code;
	if (reply && reply->result_case == PARLOR__REPLY__RESULT_POSTED)
		seen->seqs[seen->answers] = reply->posted->seq;
	seen->answers++;
}

const char *const two_members[] = {"amy", "ben"};

struct parlor_client_options options_for(struct world *w)
{
	return (struct parlor_client_options){
		.endpoint = w->router.endpoint,
		.tenant = "acme",
		.name = "test",
		.members = two_members,
		.members_len = 2,
		.credit = 8,
		.pending_max = 16,
		.retry_ms_min = 5,
		.retry_ms_max = 20,
		.on_event = on_event,
		.on_session = on_session,
		.on_lost = on_lost,
		.arg = &w->seen,
	};
}

Parlor__Welcome welcome_at(uint64_t position)
{
	Parlor__Welcome welcome = PARLOR__WELCOME__INIT;

	welcome.version = 1;
	welcome.journal = JOURNAL;
	welcome.position = position;
	welcome.heartbeat_ms = 60000;
	welcome.timeout_ms = 120000;
	return welcome;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The client runs until its next frame is at the broker. */
Parlor__ToBroker *next_frame(struct world *w)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (now_ms() < end) {
		Parlor__ToBroker *frame;

		assert_int_equal(parlor_client_poll(w->client, 1, NULL), PARLOR_E_OK);
		frame = router_receive(&w->router, 1);
		if (frame)
			return frame;
	}
	fail_msg("the client sent nothing");
	return NULL;
}

void until(struct world *w, const int *counter, int value)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (*counter < value && now_ms() < end)
		(void)!parlor_client_poll(w->client, 5, NULL);
	assert_int_equal(*counter, value);
}

void until_events(struct world *w, uint64_t value)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (w->seen.events < value && now_ms() < end)
		assert_int_equal(parlor_client_poll(w->client, 5, NULL), PARLOR_E_OK);
	assert_int_equal(w->seen.events, value);
}

/* The next frame, which must be a hello alone. */
Parlor__ToBroker *next_hello(struct world *w)
{
	Parlor__ToBroker *frame = next_frame(w);

	assert_int_equal(frame->n_requests, 1);
	assert_int_equal(frame->requests[0]->op_case, PARLOR__REQUEST__OP_HELLO);
	return frame;
}

void let_in(struct world *w, const Parlor__Welcome *welcome)
{
	Parlor__ToBroker *frame = next_hello(w);
	int sessions = w->seen.sessions;

	router_welcome(&w->router, frame->requests[0]->id, welcome);
	parlor__to_broker__free_unpacked(frame, NULL);
	until(w, &w->seen.sessions, sessions + 1);
}

int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct parlor_client_options options;

	assert_non_null(w);
	router_open(&w->router);
	options = options_for(w);
	assert_int_equal(parlor_client_open(&w->client, &options), PARLOR_E_OK);
	*state = w;
	return 0;
}

int teardown(void **state)
{
	struct world *w = *state;

	parlor_client_close(w->client);
	router_close(&w->router);
	free(w);
	return 0;
}

enum parlor_err post(struct world *w, const char *body)
{
	Parlor__Post post = PARLOR__POST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	char room[] = "r", sender[] = "amy";

	post.room = room;
	post.sender = sender;
	post.body = (char *)(uintptr_t)body;
	request.op_case = PARLOR__REQUEST__OP_POST;
	request.post = &post;
	return parlor_client_send(w->client, &request, on_answer, &w->seen);
}
