/* Sessions that end unasked, or that come and go, in a broker whose loop does not run. */
#include "api/lifecycle.h"

#include "api/dispatch.h"

#include "base/mem.h"
#include "house.h"

#include <parlor/parlor.pb-c.h>
#include <parlor/version.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

/* A frame of a peer: hello, and then, if they are asked for, ping and goodbye. */
static struct session *says(struct broker *b, uint8_t peer, size_t requests)
{
	static char tenant[] = "greedy", client[] = "";
	Parlor__Hello hello = PARLOR__HELLO__INIT;
	Parlor__Ping ping = PARLOR__PING__INIT;
	Parlor__Goodbye goodbye = PARLOR__GOODBYE__INIT;
	Parlor__Request list[3], *at[] = {&list[0], &list[1], &list[2]};
	Parlor__ToBroker said = PARLOR__TO_BROKER__INIT;
	uint8_t routing[FRONT_ROUTING_BYTES] = {0, 1, 0, 0, peer};
	struct front_frame frame = {.err = PARLOR_E_OK};
	hello.version = PARLOR_PROTOCOL_VERSION;
	hello.tenant = tenant;
	hello.client = client;
	for (int i = 0; i < 3; i++)
		parlor__request__init(at[i]);
	list[0].op_case = PARLOR__REQUEST__OP_HELLO;
	list[0].hello = &hello;
	list[1].op_case = PARLOR__REQUEST__OP_PING;
	list[1].ping = &ping;
	list[2].op_case = PARLOR__REQUEST__OP_GOODBYE;
	list[2].goodbye = &goodbye;
	said.requests = at;
	said.n_requests = requests;
	assert_int_equal(zmq_msg_init_size(&frame.routing, sizeof routing), 0);
	memcpy(zmq_msg_data(&frame.routing), routing, sizeof routing);
	assert_int_equal(
		zmq_msg_init_size(&frame.payload, parlor__to_broker__get_packed_size(&said)), 0);
	parlor__to_broker__pack(&said, zmq_msg_data(&frame.payload));
	dispatch_frame(b, &frame);
	front_frame_close(&frame);
	return session_find(b->fanout.sessions, (struct span){routing, sizeof routing}, NULL);
}

static void begin_turn(struct broker *b)
{
	lifecycle_sweep(b);
	price_begin(&b->price);
	b->meter = (struct meter){0};
	/* Neither time nor steps matter here. */
	b->price.max[PRICE_US] = UINT64_MAX;
	b->price.weight[PRICE_STEPS] = 0;
	dispatch_begin(b);
}

/* Or who says hello and goodbye around all it asks would never wait. */
static void who_comes_back_owes_what_its_tenant_did(void **state)
{
	struct broker *b = &((struct crowd *)*state)->house->broker;
	struct drr *drr = &b->backlog.drr;
	enum { QUANTA = 3 };
	begin_turn(b);
	assert_null(says(b, 1, 3));
	struct session *s = says(b, 2, 1);
	drr_charge(drr, &s->backlog.flow, QUANTA * (uint64_t)drr->quantum);
	lifecycle_end(b, s, PARLOR_E_OK);
	for (int turn = 0; turn < QUANTA; turn++) {
		begin_turn(b);
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
