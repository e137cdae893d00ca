/* Sessions that end unasked, or that come and go, in a broker whose loop does not run. */
#include "api/lifecycle.h"

#include "base/mem.h"
#include "house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SESSIONS 200
#define TURN_STEPS "1600"
#define ENDS_A_TURN 100 /* a 16th of the steps, and a session without members takes one */

struct crowd {
	struct house *house;
	struct session *sessions[SESSIONS];
};

static int open_house(void **state)
{
	static char tenant[] = "acme";
	static const char *const settings[] = {"turn.turn_steps", TURN_STEPS, NULL};
	struct crowd *crowd = mem_new(sizeof *crowd);
	crowd->house = house_open(settings);
	for (uint8_t i = 0; i < SESSIONS; i++) {
		uint8_t routing[FRONT_ROUTING_BYTES] = {0, 0, 0, 0, i};
		bool reset;
		struct lifecycle_hello q = {.routing = {routing, sizeof routing},
					    .fd = -1,
					    .hello = house_hello(tenant)->hello};
		assert_int_equal(
			lifecycle_begin(&crowd->house->broker, &q, &crowd->sessions[i], &reset),
			PARLOR_E_OK);
	}
	*state = crowd;
	return 0;
}

static int close_house(void **state)
{
	struct crowd *crowd = *state;
	house_close(crowd->house);
	free(crowd);
	return 0;
}

static void expect_ends(struct broker *b, uint64_t before)
{
	assert_in_range(before - session_count(b->fanout.sessions), 1, ENDS_A_TURN);
	b->meter = (struct meter){0};
}

static void those_that_fall_silent_at_once_end_over_several_turns(void **state)
{
	struct broker *b = &((struct crowd *)*state)->house->broker;
	bool more = true;
	b->listened_us += b->settings.timeout_ms * 1000;
	for (uint64_t n; (n = session_count(b->fanout.sessions)) > 0;) {
		assert_true(more);
		more = lifecycle_expire(b);
		expect_ends(b, n);
	}
	assert_false(more);
	assert_int_equal(b->counts.sessions_expired, SESSIONS);
}

static void those_that_are_marked_at_once_end_over_several_turns(void **state)
{
	struct crowd *crowd = *state;
	struct broker *b = &crowd->house->broker;
	for (int i = 0; i < SESSIONS; i++)
		session_end_soon(b->fanout.sessions, crowd->sessions[i], PARLOR_E_BUSY);
	for (uint64_t n; (n = session_ending_count(b->fanout.sessions)) > 0;) {
		lifecycle_sweep(b);
		expect_ends(b, n);
	}
	assert_int_equal(session_count(b->fanout.sessions), 0);
}

/* Hello, and then, if they are asked for, ping and goodbye. */
static struct session *says(struct broker *b, uint8_t peer, size_t requests)
{
	static char tenant[] = "greedy";
	Parlor__Ping ping = PARLOR__PING__INIT;
	Parlor__Goodbye goodbye = PARLOR__GOODBYE__INIT;
	Parlor__Request list[2] = {PARLOR__REQUEST__INIT, PARLOR__REQUEST__INIT};
	Parlor__Request *at[] = {house_hello(tenant), &list[0], &list[1]};
	list[0].op_case = PARLOR__REQUEST__OP_PING;
	list[0].ping = &ping;
	list[1].op_case = PARLOR__REQUEST__OP_GOODBYE;
	list[1].goodbye = &goodbye;
	return house_hears(b, peer, at, requests);
}

/* Or who says hello and goodbye around all it asks would never wait. */
static void who_comes_back_owes_what_its_tenant_did(void **state)
{
	struct broker *b = &((struct crowd *)*state)->house->broker;
	struct drr *drr = &b->backlog.drr;
	enum { QUANTA = 3 };
	house_turn(b);
	assert_null(says(b, 1, 3));
	struct session *s = says(b, 2, 1);
	drr_charge(drr, &s->backlog.flow, QUANTA * (uint64_t)drr->quantum);
	lifecycle_end(b, s, PARLOR_E_OK);
	for (int turn = 0; turn < QUANTA; turn++) {
		house_turn(b);
		s = says(b, (uint8_t)(3 + turn), 3);
		assert_true(turn < QUANTA - 1 ? s && s->backlog.frames : !s);
		if (s)
			lifecycle_end(b, s, PARLOR_E_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			those_that_fall_silent_at_once_end_over_several_turns, open_house,
			close_house),
		cmocka_unit_test_setup_teardown(
			those_that_are_marked_at_once_end_over_several_turns, open_house,
			close_house),
		cmocka_unit_test_setup_teardown(who_comes_back_owes_what_its_tenant_did, open_house,
						close_house),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
