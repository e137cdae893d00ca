/* A broker that begins again: who waits is given out when those who were there are back, or
 * when they had time for that. */
#include "desk_world.h"

#include "core/desk/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void begin(struct world *w)
{
	desk_begin(w, (struct row_team){0});
	agent_add(w, "lin", 3);
	agent_add(w, "wu", 3);
	agent_add(w, "gone", 3);
	agent_add(w, "away", 3);
}

static void nothing_is_given_out_until_as_many_are_back_as_were_there(void **state)
{
	struct world *w = *state;
	begin(w);
	online(w, "lin");
	online(w, "wu");
	online(w, "away");
	assert_int_equal(mode_set(w, "away", MODE_AWAY), PARLOR_E_OK);
	write_all(w);
	restart_after_ms(w, 1000);
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	online(w, "away");
	online(w, "lin");
	assert_has(w, "c1", WAITING, "");
	offline(w, "lin");
	online(w, "lin"); /* and is one, not two */
	pass_ms(w, 250);
	assert_has(w, "c1", WAITING, "");
	online(w, "gone"); /* somebody else is as good */
	assert_has(w, "c1", ACTIVE, "lin");
	assert_has(w, "c2", ACTIVE, "gone");
}

static void who_does_not_come_back_is_waited_for_no_longer_than_that(void **state)
{
	struct world *w = *state;
	begin(w);
	online(w, "lin");
	online(w, "wu");
	restart_after_ms(w, 1000); /* from records alone */
	opened(w, "c1", "v1");
	online(w, "lin");
	pass_ms(w, 2500);
	assert_has(w, "c1", WAITING, "");
	pass_ms(w, 750);
	assert_has(w, "c1", ACTIVE, "lin");
}

static void where_nobody_was_there_the_first_who_comes_is_given_it(void **state)
{
	struct world *w = *state;
	begin(w);
	online(w, "lin");
	restart_after_ms(w, 1000);
	pass_ms(w, 100000);
	restart_after_ms(w, 1000);
	opened(w, "c1", "v1");
	online(w, "wu");
	assert_has(w, "c1", ACTIVE, "wu");
}

static void the_loops_clock_may_begin_with_nothing(void **state)
{
	struct world *w = *state;
	begin(w);
	online(w, "lin");
	restart(w);
	w->call.served_us = 0; /* no space so far */
	commit(w, 0);
	online(w, "lin");
	uint64_t before_us = core_desk_now(w->core);
	pass_ms(w, 250);
	assert_int_equal(core_desk_now(w->core), before_us + 250000);
}

/* Its room, and whether the agent is in it. What a decision adds is looked for in no row. */
#define READS_OF_A_DECISION 2

static size_t reads_of_coming(struct world *w, const char *agent)
{
	w->reads = 0;
	online(w, agent);
	return w->reads;
}

static void who_waited_behind_a_start_is_given_out_with_few_reads(void **state)
{
	struct world *w = *state;
	begin(w);
	assert_int_equal(mode_set(w, "away", MODE_AWAY), PARLOR_E_OK);
	assert_int_equal(mode_set(w, "gone", MODE_AWAY), PARLOR_E_OK);
	opened(w, "c1", "v1");
	write_all(w);
	restart_after_ms(w, 1000);
	pass_ms(w, 10000);
	online(w, "away");
	size_t alone = reads_of_coming(w, "gone");
	assert_int_equal(reads_of_coming(w, "lin"), alone + READS_OF_A_DECISION);
	assert_has(w, "c1", ACTIVE, "lin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(nothing_is_given_out_until_as_many_are_back_as_were_there),
		STORY(who_does_not_come_back_is_waited_for_no_longer_than_that),
		STORY(where_nobody_was_there_the_first_who_comes_is_given_it),
		STORY(the_loops_clock_may_begin_with_nothing),
		STORY(who_waited_behind_a_start_is_given_out_with_few_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
