/* Who serves whom: queues, offers, limits, and what becomes of a conversation. Time is the
 * tests' own. */
#include "desk_world.h"

#include "core/desk/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AUTO ((struct row_team){0})
#define OFFERS ((struct row_team){.accept = 1})

static void a_visitor_is_served_by_who_is_there(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	opened(w, "c1", "v1");
	assert_has(w, "c1", WAITING, "");
	online(w, "lin");
	assert_has(w, "c1", ACTIVE, "lin");
	opened(w, "c2", "v2");
	assert_has(w, "c2", WAITING, "");
	assert_int_equal(place_of(w, "c2"), 1);
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	assert_has(w, "c1", CLOSED, "");
	assert_has(w, "c2", ACTIVE, "lin");
}

static void who_asked_first_is_first(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 1);
	for (const char *id = "12345"; *id; id++)
		opened(w, (char[]){'c', *id, 0}, (char[]){'v', *id, 0});
	assert_int_equal(place_of(w, "c5"), 5);
	online(w, "chen");
	assert_has(w, "c1", ACTIVE, "chen");
	online(w, "lin");
	assert_has(w, "c2", ACTIVE, "lin");
	assert_int_equal(place_of(w, "c5"), 3);
	/* The next new one does not pass those who wait. */
	opened(w, "c6", "v6");
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	assert_has(w, "c3", ACTIVE, "chen");
	assert_int_equal(place_of(w, "c6"), 3);
}

static void a_priority_is_a_head_start(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	opened(w, "c1", "v1");
	pass_ms(w, 30000);
	struct core_desk_open urgent = {
		.conversation = text("c2"), .visitor = text("v2"), .priority = 1};
	assert_int_equal(open_as(w, urgent, &view), PARLOR_E_OK);
	assert_int_equal(place_of(w, "c2"), 1); /* a minute before 30 seconds */
	pass_ms(w, 90000);
	urgent.conversation = text("c3");
	urgent.visitor = text("v3");
	assert_int_equal(open_as(w, urgent, &view), PARLOR_E_OK);
	assert_int_equal(place_of(w, "c3"), 3); /* behind who has waited for longer */
	online(w, "lin");
	assert_has(w, "c2", ACTIVE, "lin");
}

static void an_offer_is_accepted_once(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 2);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_has(w, "c1", OFFERED, "");
	uint64_t offer = shown(w, "c1").offer;
	assert_int_equal(accept_offer(w, "c1", offer + 1, "lin"), PARLOR_E_OFFER_GONE);
	assert_int_equal(accept_offer(w, "c1", offer, "lin"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "lin");
	uint64_t position = core_position(w->core);
	assert_int_equal(accept_offer(w, "c1", offer, "lin"), PARLOR_E_OK);
	assert_int_equal(core_position(w->core), position);
	restart_after_ms(w, 1000);
	assert_int_equal(accept_offer(w, "c1", offer, "lin"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "lin");
}

static void an_offer_ends_with_its_conversation(void **state)
{
	struct world *w = *state;
	struct core_desk_counts n;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	uint64_t offer = shown(w, "c1").offer;
	assert_int_equal(closed(w, "c1", "v1"), PARLOR_E_OK);
	core_desk_counts(w->core, &n);
	assert_int_equal(n.withdrawn, 1); /* lin was told */
	assert_int_equal(accept_offer(w, "c1", offer, "lin"), PARLOR_E_CONVERSATION_CLOSED);
	opened(w, "c2", "v2");
	assert_int_equal(state_of(w, "c2"), OFFERED);
}

static void an_offer_that_nobody_takes_goes_to_the_next(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 1);
	online(w, "lin");
	online(w, "chen");
	opened(w, "c1", "v1");
	uint64_t first = shown(w, "c1").offer;
	pass_ms(w, 20250);
	assert_int_equal(shown(w, "c1").offer, first); /* a little later than was told */
	pass_ms(w, 500);
	uint64_t second = shown(w, "c1").offer;
	assert_true(second > first);
	assert_int_equal(accept_offer(w, "c1", first, "lin"), PARLOR_E_OFFER_GONE);
	assert_int_equal(accept_offer(w, "c1", second, "lin"), PARLOR_E_NOT_YOURS);
	assert_int_equal(accept_offer(w, "c1", second, "chen"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "chen");
}

static void who_misses_three_offers_is_away(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 3);
	online(w, "lin");
	for (const char *id = "123"; *id; id++)
		opened(w, (char[]){'c', *id, 0}, (char[]){'v', *id, 0});
	pass_ms(w, 21000);
	for (const char *id = "123"; *id; id++)
		assert_int_equal(state_of(w, (char[]){'c', *id, 0}), WAITING);
	opened(w, "c4", "v4");
	assert_int_equal(state_of(w, "c4"), WAITING);
	assert_int_equal(mode_set(w, "lin", MODE_READY), PARLOR_E_OK);
	assert_int_equal(state_of(w, "c4"), OFFERED);
}

static void who_declines_is_not_asked_again_while_another_is_there(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	online(w, "chen");
	assert_int_equal(decline_offer(w, "c1", shown(w, "c1").offer, "lin"), PARLOR_E_OK);
	uint64_t offer = shown(w, "c1").offer;
	assert_int_equal(decline_offer(w, "c1", offer, "lin"), PARLOR_E_NOT_YOURS);
	assert_int_equal(decline_offer(w, "c1", offer, "chen"), PARLOR_E_OK);
	/* Nobody is left: the first is asked again, and not at once. */
	assert_has(w, "c1", WAITING, "");
	pass_ms(w, 5500);
	assert_has(w, "c1", OFFERED, "");
	assert_int_equal(accept_offer(w, "c1", shown(w, "c1").offer, "lin"), PARLOR_E_OK);
}

static void all_limits_hold_at_once(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 3);
	online(w, "lin");
	agent_set(w, (struct row_agent){.agent = text("lin"), .max = 2});
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	opened(w, "c3", "v3");
	assert_has(w, "c3", WAITING, "");
	assert_int_equal(claim(w, "c3", "lin"), PARLOR_E_SEAT_FULL);
	team_seat_set(w, (struct row_team_seat){.agent = text("lin"), .max = 1});
	agent_set(w, (struct row_agent){.agent = text("lin"), .max = 9});
	assert_has(w, "c3", WAITING, "");
	team_seat_set(w, (struct row_team_seat){.agent = text("lin"), .max = 3});
	assert_has(w, "c3", ACTIVE, "lin");
}

static void one_of_two_who_claim_has_it(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.strategy = STRATEGY_MANUAL});
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 1);
	online(w, "lin");
	online(w, "chen");
	opened(w, "c1", "v1");
	assert_has(w, "c1", WAITING, "");
	assert_int_equal(claim(w, "c1", "chen"), PARLOR_E_OK);
	assert_int_equal(claim(w, "c1", "lin"), PARLOR_E_NOT_WAITING);
	assert_int_equal(claim(w, "c1", "chen"), PARLOR_E_OK); /* a repeat */
	assert_has(w, "c1", ACTIVE, "chen");
	assert_int_equal(mode_set(w, "lin", MODE_AWAY), PARLOR_E_OK);
	opened(w, "c2", "v2");
	assert_int_equal(claim(w, "c2", "lin"), PARLOR_E_SEAT_AWAY);
	assert_int_equal(claim(w, "c2", "ann"), PARLOR_E_SEAT_UNKNOWN);
}

static void who_comes_late_by_weight_does_not_catch_up(void **state)
{
	struct world *w = *state;
	int of_chen = 0;
	desk_begin(w, (struct row_team){.strategy = STRATEGY_WEIGHTED});
	agent_add(w, "lin", 99);
	agent_add(w, "chen", 99);
	online(w, "lin");
	for (int n = 0; n < 16; n++) {
		const char id[] = {'c', (char)('a' + n), 0};
		if (n == 10)
			online(w, "chen");
		opened(w, id, id);
		of_chen += n >= 10 && strcmp(agent_of(w, id), "chen") == 0;
	}
	assert_in_range(of_chen, 2, 4);
}

/* lin's turn is before chen's by weight, although chen has had none for longer. */
static void a_seat_that_is_changed_keeps_its_turn_by_weight(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.strategy = STRATEGY_WEIGHTED});
	agent_add(w, "lin", 99);
	agent_add(w, "chen", 99);
	team_seat_set(w, (struct row_team_seat){.agent = text("lin"), .weight = 3});
	online(w, "lin");
	online(w, "chen");
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	opened(w, "c3", "v3");
	assert_has(w, "c1", ACTIVE, "lin");
	assert_has(w, "c2", ACTIVE, "chen");
	assert_has(w, "c3", ACTIVE, "lin");
	seat_set(w, (struct row_seat){.agent = text("lin"), .max = 98});
	opened(w, "c4", "v4");
	assert_has(w, "c4", ACTIVE, "lin");
}

/* ---- passing on -------------------------------------------------------------------- */

static void whoever_has_it_keeps_it_until_it_is_taken(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	agent_add(w, "chen", 1);
	assert_int_equal(to_agent(w, "c1", "lin", "chen"), PARLOR_E_SEAT_AWAY);
	online(w, "chen");
	assert_int_equal(to_agent(w, "c1", "lin", "lin"), PARLOR_E_VALUE);
	assert_int_equal(to_agent(w, "c1", "chen", "lin"), PARLOR_E_NOT_YOURS);
	assert_int_equal(to_agent(w, "c1", "lin", "chen"), PARLOR_E_OK);
	assert_int_equal(to_agent(w, "c1", "lin", "chen"), PARLOR_E_TRANSFER_OPEN);
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(decline_offer(w, "c1", shown(w, "c1").offer, "chen"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(shown(w, "c1").transfer, 0);
	assert_int_equal(to_agent(w, "c1", "lin", "chen"), PARLOR_E_OK);
	pass_ms(w, 21000);
	assert_int_equal(shown(w, "c1").transfer, 0); /* not answered */
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(to_agent(w, "c1", "lin", "chen"), PARLOR_E_OK);
	assert_int_equal(accept_offer(w, "c1", shown(w, "c1").offer, "chen"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "chen");
	opened(w, "c2", "v2");
	assert_has(w, "c2", ACTIVE, "lin"); /* its place was given back */
}

static void a_team_takes_what_is_passed_on_to_it(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	team_set(w, (struct row_team){.team = text("vip")});
	agent_set(w, (struct row_agent){.agent = text("chen")});
	seat_set(w, (struct row_seat){.agent = text("chen"), .max = 1});
	team_seat_set(w, (struct row_team_seat){.team = text("vip"), .agent = text("chen")});
	assert_int_equal(to_team(w, "c1", "lin", "nobody's", false), PARLOR_E_TEAM_UNKNOWN);
	assert_int_equal(to_team(w, "c1", "lin", "vip", false), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "lin");
	online(w, "chen");
	assert_int_equal(accept_offer(w, "c1", shown(w, "c1").offer, "chen"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "chen");
	/* And back, let go at once. */
	assert_int_equal(to_team(w, "c1", "chen", "*", true), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "lin");
}

static void what_is_given_back_waits_where_it_stood(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	pass_ms(w, 1000);
	opened(w, "c2", "v2");
	assert_int_equal(mode_set(w, "lin", MODE_AWAY), PARLOR_E_OK);
	assert_int_equal(returned(w, "c1", "lin"), PARLOR_E_OK);
	assert_int_equal(place_of(w, "c1"), 1);
	assert_int_equal(place_of(w, "c2"), 2);
	agent_add(w, "chen", 1);
	online(w, "chen");
	assert_has(w, "c1", ACTIVE, "chen");
}

static void a_team_goes_when_its_queue_has_gone_to_another(void **state)
{
	struct world *w = *state;
	struct core_desk_row out;
	const struct row_team vip = {.desk = text("shop"), .team = text("vip")};
	desk_begin(w, AUTO);
	team_set(w, (struct row_team){.team = text("vip")});
	for (int i = 0; i < 20; i++) {
		struct conversation_view view;
		char id[8] = {'c', (char)('a' + i), 0};
		struct core_desk_open q = {
			.conversation = text(id), .visitor = text(id), .team = text("vip")};
		assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
		pass_ms(w, 10);
	}
	opened(w, "last", "last");
	assert_int_equal(row_set(w, CONFIG_TEAM, &vip, true), PARLOR_E_TEAM_BUSY);
	enum parlor_err err = PARLOR_E_BUSY;
	for (int turns = 0; err == PARLOR_E_BUSY && turns < 3; turns++) {
		err = core_desk_set(w->core, &w->call, CONFIG_TEAM, &vip, true, text("*"), &out);
		commit(w, 0);
	}
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(place_of(w, "ca"), 1);
	assert_int_equal(place_of(w, "ct"), 20);
	assert_int_equal(place_of(w, "last"), 21);
	agent_add(w, "lin", 1);
	online(w, "lin");
	assert_has(w, "ca", ACTIVE, "lin");
}

/* ---- who is gone ---------------------------------------------------------------------- */

static void an_agent_may_be_gone_for_a_minute(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	pass_ms(w, 1000);
	opened(w, "c2", "v2");
	offline(w, "lin");
	pass_ms(w, 59000);
	online(w, "lin");
	pass_ms(w, 5000);
	assert_has(w, "c1", ACTIVE, "lin");
	offline(w, "lin");
	pass_ms(w, 61000);
	assert_has(w, "c1", WAITING, "");
	assert_int_equal(place_of(w, "c1"), 1);
	assert_int_equal(place_of(w, "c2"), 2);
}

static void who_takes_it_without_being_there_has_time_to_come(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 2);
	for (const char *id = "12"; *id; id++) {
		const char conversation[] = {'c', *id, 0};
		opened(w, conversation, conversation);
		assert_int_equal(claim(w, conversation, "lin"), PARLOR_E_OK);
	}
	pass_ms(w, 59000);
	assert_has(w, "c1", ACTIVE, "lin");
	online(w, "lin");
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	offline(w, "lin");
	opened(w, "c3", "v3");
	pass_ms(w, 50000);
	assert_int_equal(claim(w, "c3", "lin"), PARLOR_E_OK);
	pass_ms(w, 11000);
	assert_has(w, "c2", WAITING, "");
	assert_has(w, "c3", ACTIVE, "lin");
	pass_ms(w, 50000);
	assert_has(w, "c3", WAITING, "");
}

static void many_who_go_at_once_have_twice_as_long(void **state)
{
	struct world *w = *state;
	struct core_desk_counts n;
	desk_begin(w, AUTO);
	for (const char *id = "abcdefghijkl"; *id; id++) {
		const char name[] = {*id, *id, 0}, conversation[] = {'c', *id, 0};
		agent_add(w, name, 1);
		online(w, name);
		opened(w, conversation, (const char[]){'v', *id, 0});
	}
	for (const char *id = "abcdefghijkl"; *id; id++)
		offline(w, (const char[]){*id, *id, 0});
	core_desk_counts(w->core, &n);
	assert_int_equal(n.storms, 1);
	pass_ms(w, 119000);
	assert_has(w, "ca", ACTIVE, "aa");
	pass_ms(w, 2000);
	assert_has(w, "ca", WAITING, "");
	assert_has(w, "cl", WAITING, "");
}

static void a_broker_that_was_down_has_let_no_time_pass(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 2);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(accept_offer(w, "c1", shown(w, "c1").offer, "lin"), PARLOR_E_OK);
	says(w, "c1", "lin"); /* the visitor may be silent for half an hour */
	opened(w, "c2", "v2");
	uint64_t offer = shown(w, "c2").offer;
	restart_after_ms(w, 3600 * 1000);
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(shown(w, "c2").offer, offer);
	pass_ms(w, 19000);
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(shown(w, "c2").offer, offer);
	online(w, "lin");
	assert_int_equal(accept_offer(w, "c2", offer, "lin"), PARLOR_E_OK);
	restart_after_ms(w, 0);
	pass_ms(w, 61000);
	assert_has(w, "c2", WAITING, ""); /* lin did not come back */
}

static void a_clock_that_jumps_ends_nothing(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	uint64_t offer = shown(w, "c1").offer;
	w->call.now_us += (uint64_t)3600 * 1000000;
	pass_ms(w, 10000);
	assert_int_equal(shown(w, "c1").offer, offer);
	pass_ms(w, 11000);
	assert_int_not_equal(shown(w, "c1").offer, offer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_visitor_is_served_by_who_is_there),
		STORY(who_asked_first_is_first),
		STORY(a_priority_is_a_head_start),
		STORY(an_offer_is_accepted_once),
		STORY(an_offer_ends_with_its_conversation),
		STORY(an_offer_that_nobody_takes_goes_to_the_next),
		STORY(who_misses_three_offers_is_away),
		STORY(who_declines_is_not_asked_again_while_another_is_there),
		STORY(all_limits_hold_at_once),
		STORY(one_of_two_who_claim_has_it),
		STORY(who_comes_late_by_weight_does_not_catch_up),
		STORY(a_seat_that_is_changed_keeps_its_turn_by_weight),
		STORY(whoever_has_it_keeps_it_until_it_is_taken),
		STORY(a_team_takes_what_is_passed_on_to_it),
		STORY(what_is_given_back_waits_where_it_stood),
		STORY(a_team_goes_when_its_queue_has_gone_to_another),
		STORY(an_agent_may_be_gone_for_a_minute),
		STORY(who_takes_it_without_being_there_has_time_to_come),
		STORY(many_who_go_at_once_have_twice_as_long),
		STORY(a_broker_that_was_down_has_let_no_time_pass),
		STORY(a_clock_that_jumps_ends_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
