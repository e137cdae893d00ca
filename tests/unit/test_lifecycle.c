/* Sessions that end unasked, in a broker whose loop does not run. */
#include "api/lifecycle.h"

#include "base/mem.h"
#include "house.h"

#include <parlor/version.h>
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
	static char tenant[] = "acme", client[] = "";
	struct crowd *crowd = mem_new(sizeof *crowd);
	Parlor__Hello hello = PARLOR__HELLO__INIT;
	crowd->house = house_open(TURN_STEPS);
	hello.version = PARLOR_PROTOCOL_VERSION;
	hello.tenant = tenant;
	hello.client = client;
	for (uint8_t i = 0; i < SESSIONS; i++) {
		uint8_t routing[FRONT_ROUTING_BYTES] = {0, 0, 0, 0, i};
		bool reset;
		struct lifecycle_hello q = {
			.routing = {routing, sizeof routing}, .fd = -1, .hello = &hello};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			those_that_fall_silent_at_once_end_over_several_turns, open_house,
			close_house),
		cmocka_unit_test_setup_teardown(
			those_that_are_marked_at_once_end_over_several_turns, open_house,
			close_house),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
