/* Callers of a client: those that wait need a broker that answers by itself, a
 * clerk; those that are called back may not do everything; bad options are told. */
#include "client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

static void on_first_answer(void *arg, int code, const Parlor__Reply *reply)
{
	struct world *w = arg;

	on_answer(&w->seen, code, reply);
	assert_int_equal(parlor_client_poll(w->client, 0, NULL), PARLOR_E_USAGE);
	parlor_client_close(w->client);
	assert_int_equal(post(w, "from a callback"), PARLOR_E_OK);
}

static void a_callback_may_send_but_not_poll_or_close(void **state)
{
	struct world *w = *state;
	Parlor__Welcome welcome = welcome_at(0);
	Parlor__Stats stats = PARLOR__STATS__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	let_in(w, &welcome);
	request.op_case = PARLOR__REQUEST__OP_STATS;
	request.stats = &stats;
	assert_int_equal(parlor_client_send(w->client, &request, on_first_answer, w), PARLOR_E_OK);
	for (int i = 1; i <= 2; i++) {
		Parlor__ToBroker *frame = next_frame(w);

		router_done(&w->router, frame->requests[0]->id);
		parlor__to_broker__free_unpacked(frame, NULL);
		until(w, &w->seen.answers, i);
	}
}

struct clerk {
	pthread_t thread;
	struct world *world;
	int hellos;
	bool stop_at_goodbye;
};

static void serve(struct router *r, const Parlor__Request *request, struct clerk *clerk)
{
	Parlor__Welcome welcome = welcome_at(0);

	switch (request->op_case) {
	case PARLOR__REQUEST__OP_HELLO:
		/* The second session knows what the first one was told. */
		if (++clerk->hellos == 2) {
			assert_int_equal(request->hello->n_members, 2);
			assert_string_equal(request->hello->members[0], "ben");
			assert_string_equal(request->hello->members[1], "cat");
		}
		router_welcome(r, request->id, &welcome);
		break;
	case PARLOR__REQUEST__OP_GOODBYE:
		clerk->stop_at_goodbye = true;
		break;
	case PARLOR__REQUEST__OP_UNREAD_GET:
		router_refuse(r, request->id, PARLOR_E_ROOM_UNKNOWN);
		break;
	case PARLOR__REQUEST__OP_POST:
		router_posted(r, request->id, 42);
		break;
	case PARLOR__REQUEST__OP_SYNC_WAIT:
		break; /* keeps one waiting */
	case PARLOR__REQUEST__OP_ROOM_CLOSE:
		if (clerk->hellos == 1)
			router_end(r, PARLOR_E_STOPPING);
		else
			router_done(r, request->id);
		break;
	default:
		router_done(r, request->id);
	}
}

static void *run_clerk(void *arg)
{
	struct clerk *clerk = arg;

	while (!clerk->stop_at_goodbye) {
		Parlor__ToBroker *frame = router_receive(&clerk->world->router, PATIENCE_MS);

		if (!frame)
			break;
		for (size_t i = 0; i < frame->n_requests; i++)
			serve(&clerk->world->router, frame->requests[i], clerk);
		parlor__to_broker__free_unpacked(frame, NULL);
	}
	return NULL;
}

static void calls_wait_for_their_answers(parlor_client *client)
{
	Parlor__Request request = PARLOR__REQUEST__INIT;
	Parlor__UnreadGet unread = PARLOR__UNREAD_GET__INIT;
	Parlor__Post body = PARLOR__POST__INIT;
	Parlor__SyncWait wait = PARLOR__SYNC_WAIT__INIT;
	Parlor__Reply *reply = NULL;

	request.op_case = PARLOR__REQUEST__OP_POST;
	request.post = &body;
	assert_int_equal(parlor_client_call(client, &request, PATIENCE_MS, &reply), PARLOR_E_OK);
	assert_int_equal(reply->posted->seq, 42);
	assert_string_equal(parlor_client_error(client), "ok");
	parlor_reply_free(reply);

	request.op_case = PARLOR__REQUEST__OP_UNREAD_GET;
	request.unread_get = &unread;
	assert_int_equal(parlor_client_call(client, &request, PATIENCE_MS, &reply),
			 PARLOR_E_ROOM_UNKNOWN);
	assert_null(reply);
	assert_string_equal(parlor_client_error(client), "no such room");

	request.op_case = PARLOR__REQUEST__OP_SYNC_WAIT;
	request.sync_wait = &wait;
	assert_int_equal(parlor_client_call(client, &request, 20, &reply), PARLOR_E_TIMEOUT);
	assert_null(reply);
	assert_int_equal(parlor_client_pending(client), 0);
}

static void members_are_remembered(struct world *w)
{
	Parlor__Request request = PARLOR__REQUEST__INIT;
	Parlor__RoomClose cut = PARLOR__ROOM_CLOSE__INIT;
	const char *const cat[] = {"cat"};

	assert_int_equal(parlor_client_attach(w->client, cat, 1, PATIENCE_MS), PARLOR_E_OK);
	assert_int_equal(parlor_client_detach(w->client, two_members, 1, PATIENCE_MS), PARLOR_E_OK);
	request.op_case = PARLOR__REQUEST__OP_ROOM_CLOSE;
	request.room_close = &cut;
	assert_int_equal(parlor_client_send(w->client, &request, NULL, NULL), PARLOR_E_OK);
	until(w, &w->seen.sessions, 2);
}

static void a_caller_waits_and_members_last(void **state)
{
	struct world *w = *state;
	struct clerk clerk = {.world = w};

	assert_int_equal(pthread_create(&clerk.thread, NULL, run_clerk, &clerk), 0);
	calls_wait_for_their_answers(w->client);
	members_are_remembered(w);
	parlor_client_close(w->client);
	w->client = NULL;
	assert_int_equal(pthread_join(clerk.thread, NULL), 0);
	assert_true(clerk.stop_at_goodbye);
	assert_int_equal(clerk.hellos, 2);
}

static void nobody_there_is_a_timeout_with_the_address(void **state)
{
	struct world *w = *state;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	Parlor__Stats stats = PARLOR__STATS__INIT;

	request.op_case = PARLOR__REQUEST__OP_STATS;
	request.stats = &stats;
	assert_int_equal(parlor_client_call(w->client, &request, 20, NULL), PARLOR_E_TIMEOUT);
	assert_non_null(strstr(parlor_client_error(w->client), w->router.endpoint));
}

static void bad_options_open_nothing(void **state)
{
	struct world *w = *state;
	struct parlor_client_options options = options_for(w);
	parlor_client *client;

	options.endpoint = "nonsense";
	assert_int_equal(parlor_client_open(&client, &options), PARLOR_E_ADDRESS);
	assert_null(client);
	options = options_for(w);
	options.server_key = "0000000000000000000000000000000000000000";
	assert_int_equal(parlor_client_open(&client, &options), PARLOR_E_VALUE);
	options.public_key = options.secret_key = "short";
	assert_int_equal(parlor_client_open(&client, &options), PARLOR_E_VALUE);
	options = options_for(w);
	options.tenant = "\xff";
	assert_int_equal(parlor_client_open(&client, &options), PARLOR_E_TEXT);
	assert_null(client);
	parlor_client_close(NULL);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_callback_may_send_but_not_poll_or_close),
		STORY(a_caller_waits_and_members_last),
		STORY(nobody_there_is_a_timeout_with_the_address),
		STORY(bad_options_open_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
