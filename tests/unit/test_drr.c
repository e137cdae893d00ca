/* Whose turn it is: a story of tenants and their sessions, told in what each of them
 * has got, for the cost of every piece of work is known here. */
#include "front/drr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define QUANTUM 1000
#define FLOW (QUANTUM / DRR_FLOW_PART)
#define TENANTS 3
#define SESSIONS 20 /* of a tenant */

struct world {
	struct drr drr;
	struct drr_group tenants[TENANTS];
	struct drr_flow sessions[TENANTS][SESSIONS];
	uint64_t got[TENANTS][SESSIONS]; /* in cost */
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	w->drr.quantum = QUANTUM;
	for (int t = 0; t < TENANTS; t++)
		for (int s = 0; s < SESSIONS; s++)
			w->sessions[t][s].group = &w->tenants[t];
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	for (int t = 0; t < TENANTS; t++)
		for (int s = 0; s < SESSIONS; s++)
			drr_leave(&w->drr, &w->sessions[t][s]);
	bool empty = !w->drr.groups && !w->drr.waiting;
	free(w);
	return empty ? 0 : -1;
}

/* So many pieces of work by those whose turn it is. costs: of one, by tenant. */
static void serve(struct world *w, int pieces, const uint64_t costs[TENANTS])
{
	for (int i = 0; i < pieces; i++) {
		struct drr_flow *f = drr_next(&w->drr);
		assert_non_null(f);
		ptrdiff_t at = f - &w->sessions[0][0];
		uint64_t cost = costs[at / SESSIONS];
		drr_charge(&w->drr, f, cost);
		w->got[at / SESSIONS][at % SESSIONS] += cost;
	}
}

static uint64_t got_by(const struct world *w, int tenant)
{
	uint64_t sum = 0;
	for (int s = 0; s < SESSIONS; s++)
		sum += w->got[tenant][s];
	return sum;
}

static void expect_about(uint64_t is, uint64_t expected, uint64_t beside)
{
	assert_in_range(is, expected > beside ? expected - beside : 0, expected + beside);
}

static void nobody_waits(void **state)
{
	struct world *w = *state;
	assert_null(drr_next(&w->drr));
	drr_wait(&w->drr, &w->sessions[0][0]);
	assert_ptr_equal(drr_next(&w->drr), &w->sessions[0][0]);
	drr_leave(&w->drr, &w->sessions[0][0]);
	drr_leave(&w->drr, &w->sessions[0][0]);
	assert_null(drr_next(&w->drr));
}

static void a_tenant_with_many_sessions_has_no_more_than_one_with_few(void **state)
{
	struct world *w = *state;
	static const uint64_t costs[TENANTS] = {10, 10, 10};
	for (int s = 0; s < SESSIONS; s++)
		drr_wait(&w->drr, &w->sessions[0][s]);
	drr_wait(&w->drr, &w->sessions[1][0]);
	drr_wait(&w->drr, &w->sessions[1][1]);
	serve(w, 20000, costs);
	expect_about(got_by(w, 0), 100000, 2 * QUANTUM);
	expect_about(got_by(w, 1), 100000, 2 * QUANTUM);
	for (int s = 0; s < SESSIONS; s++)
		expect_about(w->got[0][s], 100000 / SESSIONS, QUANTUM);
	expect_about(w->got[1][1], 50000, 2 * QUANTUM);
}

static void who_asks_for_dear_things_gets_fewer_of_them(void **state)
{
	struct world *w = *state;
	static const uint64_t costs[TENANTS] = {5000, 10, 100};
	for (int t = 0; t < TENANTS; t++)
		drr_wait(&w->drr, &w->sessions[t][0]);
	serve(w, 50000, costs);
	expect_about(got_by(w, 0), got_by(w, 1), 6000);
	expect_about(got_by(w, 2), got_by(w, 1), 6000);
	assert_true(got_by(w, 0) / 5000 * 400 < got_by(w, 1) / 10);
}

static void who_has_had_its_part_waits_and_the_next_turn_pays_it_back(void **state)
{
	struct world *w = *state;
	struct drr_flow *greedy = &w->sessions[0][0], *of_the_same = &w->sessions[0][1];
	drr_turn(&w->drr);
	assert_true(drr_may(&w->drr, greedy));
	drr_charge(&w->drr, greedy, FLOW - 1);
	assert_true(drr_may(&w->drr, greedy));
	drr_charge(&w->drr, greedy, 1);
	assert_false(drr_may(&w->drr, greedy));
	assert_true(drr_may(&w->drr, of_the_same)); /* its tenant has something left */
	drr_charge(&w->drr, greedy, QUANTUM - FLOW);
	assert_false(drr_may(&w->drr, of_the_same));
	assert_true(drr_may(&w->drr, &w->sessions[1][0])); /* and others do not notice */

	drr_turn(&w->drr);
	assert_true(drr_may(&w->drr, of_the_same));
	for (int turn = 1; turn < DRR_FLOW_PART; turn++) {
		assert_false(drr_may(&w->drr, greedy));
		drr_turn(&w->drr);
	}
	assert_true(drr_may(&w->drr, greedy));
	/* More than that is not saved up. */
	for (int turn = 0; turn < 100; turn++)
		drr_turn(&w->drr);
	drr_charge(&w->drr, greedy, FLOW);
	assert_false(drr_may(&w->drr, greedy));
}

static void turns_shorter_than_a_quantum_leave_everybody_his(void **state)
{
	struct world *w = *state;
	static const uint64_t costs[TENANTS] = {100, 20, 100};
	for (int t = 0; t < TENANTS; t++)
		drr_wait(&w->drr, &w->sessions[t][0]);
	for (int turn = 0; turn < 6000; turn++) {
		drr_turn(&w->drr);
		serve(w, 1, costs);
	}
	for (int t = 0; t < TENANTS; t++)
		assert_in_range(got_by(w, t), got_by(w, 1) - 2 * QUANTUM,
				got_by(w, 1) + 2 * QUANTUM);
}

static void leaving_and_coming_back_pays_nothing(void **state)
{
	struct world *w = *state;
	struct drr_flow *greedy = &w->sessions[0][0], *modest = &w->sessions[1][0];
	drr_wait(&w->drr, modest);
	for (int i = 0; i < 10; i++) {
		drr_wait(&w->drr, greedy);
		drr_charge(&w->drr, greedy, 2 * QUANTUM);
		drr_leave(&w->drr, greedy);
	}
	drr_wait_first(&w->drr, greedy);
	/* The modest one takes its turn in each round until that is paid. */
	int rounds = 0;
	while (drr_next(&w->drr) == modest) {
		drr_charge(&w->drr, modest, QUANTUM);
		rounds++;
	}
	assert_in_range(rounds, DRR_OWED_MAX, DRR_OWED_MAX * DRR_FLOW_PART + 2);
}

static void what_was_begun_goes_on_while_nobody_else_waits(void **state)
{
	struct world *w = *state;
	struct drr_flow *f = &w->sessions[0][0];
	drr_charge(&w->drr, f, 5 * QUANTUM);
	assert_true(drr_may_go_on(&w->drr, f));
	drr_wait(&w->drr, f);
	assert_true(drr_may_go_on(&w->drr, f)); /* that is itself */
	drr_wait(&w->drr, &w->sessions[0][1]);
	assert_false(drr_may_go_on(&w->drr, f));
	/* A part is overdrawn by as much again, lest every frame be taken apart. */
	struct drr_flow *other = &w->sessions[1][0];
	drr_charge(&w->drr, other, FLOW);
	assert_false(drr_may(&w->drr, other));
	assert_true(drr_may_go_on(&w->drr, other));
	drr_charge(&w->drr, other, FLOW);
	assert_false(drr_may_go_on(&w->drr, other));
}

static void who_was_interrupted_is_the_next(void **state)
{
	struct world *w = *state;
	drr_wait(&w->drr, &w->sessions[0][0]);
	drr_wait(&w->drr, &w->sessions[1][0]);
	struct drr_flow *f = drr_next(&w->drr);
	drr_leave(&w->drr, f);
	drr_wait_first(&w->drr, f);
	assert_ptr_equal(drr_next(&w->drr), f);
	drr_leave(&w->drr, f);
	drr_wait(&w->drr, f);
	assert_ptr_equal(drr_next(&w->drr), &w->sessions[1][0]);
}

static void do_something(struct world *w, struct drr_flow *f, int turns)
{
	for (; turns > 0; turns--) {
		drr_turn(&w->drr);
		drr_charge(&w->drr, f, 1);
	}
}

static void who_is_busy_of_late_is_company(void **state)
{
	struct world *w = *state;
	do_something(w, &w->sessions[0][0], DRR_COMPANY_TURNS);
	do_something(w, &w->sessions[0][1], DRR_COMPANY_TURNS); /* of the same tenant */
	assert_false(drr_has_company(&w->drr));
	do_something(w, &w->sessions[1][0], DRR_COMPANY_TURNS - 1);
	drr_charge(&w->drr, &w->sessions[1][1], 1); /* in the same turn */
	assert_false(drr_has_company(&w->drr));
	do_something(w, &w->sessions[1][1], 1);
	assert_true(drr_has_company(&w->drr));
	/* One goes on alone, and the other one is forgotten. */
	int turns = 0;
	for (; drr_has_company(&w->drr); turns++)
		do_something(w, &w->sessions[0][0], 1);
	assert_in_range(turns, DRR_WINDOW_TURNS, 2 * DRR_WINDOW_TURNS);
	/* It says now and then that it is there. */
	for (int i = 0; i < 100; i++) {
		do_something(w, &w->sessions[0][0], 2 * DRR_WINDOW_TURNS / DRR_COMPANY_TURNS);
		do_something(w, &w->sessions[1][0], 1);
		assert_false(drr_has_company(&w->drr));
	}
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		STORY(nobody_waits),
		STORY(a_tenant_with_many_sessions_has_no_more_than_one_with_few),
		STORY(who_asks_for_dear_things_gets_fewer_of_them),
		STORY(who_has_had_its_part_waits_and_the_next_turn_pays_it_back),
		STORY(turns_shorter_than_a_quantum_leave_everybody_his),
		STORY(leaving_and_coming_back_pays_nothing),
		STORY(what_was_begun_goes_on_while_nobody_else_waits),
		STORY(who_was_interrupted_is_the_next),
		STORY(who_is_busy_of_late_is_company),
	};
	return cmocka_run_group_tests_name("drr", tests, NULL, NULL);
}
