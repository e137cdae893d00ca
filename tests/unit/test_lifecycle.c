/* Sessions that end unasked, in a broker whose loop does not run. */
#include "api/lifecycle.h"
#include "pieces.h"
#include "store_world.h"

#include "base/mem.h"

#include <parlor/version.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SESSIONS 200
#define TURN_STEPS "1600"
#define ENDS_A_TURN 100 /* a 16th of the steps, and a session without members takes one */

struct house {
	struct world *world; /* its directory */
	struct broker broker;
	struct session *sessions[SESSIONS];
};

static void set(struct house *h, const char *name, const char *value)
{
	char why[256];
	assert_int_equal(settings_set(&h->broker.settings, name, value, why, sizeof why),
			 PARLOR_E_OK);
}

static int open_house(void **state)
{
	static char tenant[] = "acme", client[] = "";
	struct house *h = mem_new(sizeof *h);
	struct broker *b = &h->broker;
	char why[512] = "";
	Parlor__Hello hello = PARLOR__HELLO__INIT;
	void *world;
	assert_int_equal(set_up(&world), 0);
	h->world = world;
	settings_init(&b->settings);
	set(h, "broker.data", h->world->dir);
	set(h, "broker.listen", "tcp://127.0.0.1:*");
	set(h, "broker.worker_listen", "tcp://127.0.0.1:*");
	set(h, "turn.turn_steps", TURN_STEPS);
	enum parlor_err err = pieces_make(b, why, sizeof why);
	if (err)
		print_error("%s\n", why);
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(store_turn_begin(b->store), PARLOR_E_OK);
	hello.version = PARLOR_PROTOCOL_VERSION;
	hello.tenant = tenant;
	hello.client = client;
	for (uint8_t i = 0; i < SESSIONS; i++) {
		uint8_t routing[FRONT_ROUTING_BYTES] = {0, 0, 0, 0, i};
		bool reset;
		h->sessions[i] = NULL;
		struct lifecycle_hello q = {
			.routing = {routing, sizeof routing}, .fd = -1, .hello = &hello};
		assert_int_equal(lifecycle_begin(b, &q, &h->sessions[i], &reset), PARLOR_E_OK);
	}
	*state = h;
	return 0;
}

static int close_house(void **state)
{
	struct house *h = *state;
	void *world = h->world;
	store_turn_end(h->broker.store);
	pieces_free(&h->broker);
	settings_fini(&h->broker.settings);
	free(h);
	return tear_down(&world);
}

static void expect_ends(struct broker *b, uint64_t before)
{
	assert_in_range(before - session_count(b->fanout.sessions), 1, ENDS_A_TURN);
	b->meter = (struct meter){0};
}

static void those_that_fall_silent_at_once_end_over_several_turns(void **state)
{
	struct broker *b = &((struct house *)*state)->broker;
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
	struct house *h = *state;
	struct broker *b = &h->broker;
	for (int i = 0; i < SESSIONS; i++)
		session_end_soon(b->fanout.sessions, h->sessions[i], PARLOR_E_BUSY);
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
