/* Conversations and their rooms: words, silence, the end; and who else may serve: robots,
 * several at once, those who are on duty. Time is the tests' own. */
#include "desk_world.h"

#include "core/desk/desk.h"
#include "core/desk/room_side.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AUTO ((struct row_team){0})

/* ---- messages --------------------------------------------------------------------------- */

static uint64_t unread_of(struct world *w, const char *id, const char *member)
{
	char room[65];
	struct conversation_view v = shown(w, id);
	memcpy(room, v.room.data, v.room.len);
	room[v.room.len] = 0;
	return unread(w, room, member);
}

static void who_comes_has_what_waited_as_unread(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 1);
	opened(w, "c1", "v1");
	says(w, "c1", "v1");
	says(w, "c1", "v1");
	online(w, "lin");
	assert_int_equal(unread_of(w, "c1", "lin"), 3);
	says(w, "c1", "lin");
	online(w, "chen");
	assert_int_equal(to_agent(w, "c1", "lin", "chen"), PARLOR_E_OK);
	assert_int_equal(accept_offer(w, "c1", shown(w, "c1").offer, "chen"), PARLOR_E_OK);
	assert_int_equal(unread_of(w, "c1", "chen"), 4);
	says(w, "c1", "chen");
	says(w, "c1", "v1");
	/* Who served before has what came since it left. */
	assert_int_equal(to_agent(w, "c1", "chen", "lin"), PARLOR_E_OK);
	assert_int_equal(accept_offer(w, "c1", shown(w, "c1").offer, "lin"), PARLOR_E_OK);
	assert_int_equal(unread_of(w, "c1", "lin"), 2);
}

static void a_silent_visitor_is_let_go_but_not_one_who_waits_for_an_answer(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 2);
	online(w, "lin");
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	says(w, "c1", "lin");
	says(w, "c2", "v2");
	pass_ms(w, 1790 * 1000);
	assert_has(w, "c1", ACTIVE, "lin");
	pass_ms(w, 20 * 1000);
	assert_int_equal(state_of(w, "c1"), CLOSED);
	assert_has(w, "c2", ACTIVE, "lin");
}

static void who_writes_again_has_its_seat_reminded_again(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	says(w, "c1", "v1");
	uint64_t before = core_position(w->core);
	pass_ms(w, 130 * 1000);
	assert_int_equal(core_position(w->core), before + 1);
	pass_ms(w, 130 * 1000);
	assert_int_equal(core_position(w->core), before + 1);
	says(w, "c1", "v1");
	pass_ms(w, 130 * 1000);
	assert_int_equal(core_position(w->core), before + 3);
}

static void a_visitor_has_one_conversation_at_a_desk(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	desk_begin(w, AUTO);
	opened(w, "c1", "v1");
	struct core_desk_open again = {.conversation = text("c9"), .visitor = text("v1")};
	assert_int_equal(open_as(w, again, &view), PARLOR_E_OK);
	assert_true(span_equal(view.conversation, text("c1")));
	struct core_desk_open other = {
		.conversation = text("c1"), .visitor = text("v1"), .priority = 2};
	assert_int_equal(open_as(w, other, &view), PARLOR_E_DESK_CONFLICT);
	assert_int_equal(closed(w, "c1", "v1"), PARLOR_E_OK);
	assert_int_equal(open_as(w, again, &view), PARLOR_E_OK);
	assert_true(span_equal(view.conversation, text("c9")));
	assert_int_equal(view.reopens, shown(w, "c1").no);
}

/* ---- the room ---------------------------------------------------------------------------- */

static enum parlor_err post_to(struct world *w, struct span room, const char *member,
			       const char *client_id)
{
	struct core_posted posted;
	const struct core_post post = {.room = room,
				       .sender = text(member),
				       .client_id = text(client_id),
				       .body = text("well?"),
				       .type = MESSAGE_TYPE_MESSAGE};
	return core_desk_post(w->core, &w->call, &post, &posted);
}

static void behind_the_end_a_visitor_posts_nothing(void **state)
{
	struct world *w = *state;
	char room[65] = {0};
	desk_begin(w, AUTO);
	struct conversation_view v = opened(w, "c1", "v1");
	memcpy(room, v.room.data, v.room.len);
	assert_int_equal(post_to(w, text(room), "v1", "a"), PARLOR_E_OK);
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	assert_int_equal(post_to(w, text(room), "v1", "a"), PARLOR_E_OK); /* a repeat */
	assert_int_equal(post_to(w, text(room), "v1", "b"), PARLOR_E_CONVERSATION_CLOSED);
	team_set(w, (struct row_team){.post_opens = true});
	assert_int_equal(post_to(w, text(room), "v1", "b"), PARLOR_E_OK);
	struct conversation_view again = opened(w, "c2", "v1");
	assert_false(span_equal(again.conversation, text("c2")));
	assert_int_equal(again.state, WAITING);
	assert_true(span_equal(again.room, text(room)));
}

static void who_is_needed_cannot_be_removed_and_a_closed_room_ends_it(void **state)
{
	struct world *w = *state;
	struct core_room_view view;
	char room[65] = {0};
	const struct span visitor = text("v1"), agent = text("lin"), other = text("bob");
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	struct conversation_view v = opened(w, "c1", "v1");
	memcpy(room, v.room.data, v.room.len);
	assert_int_equal(core_desk_may_leave(w->core, &w->call, text(room), &visitor, 1),
			 PARLOR_E_CONVERSATION_OPEN);
	assert_int_equal(core_desk_may_leave(w->core, &w->call, text(room), &agent, 1),
			 PARLOR_E_CONVERSATION_OPEN);
	assert_int_equal(core_desk_may_leave(w->core, &w->call, text(room), &other, 1),
			 PARLOR_E_OK);
	assert_int_equal(core_room_set_state(w->core, &w->call, text(room), ROOM_STATE_DISSOLVED,
					     &quiet, &view),
			 PARLOR_E_OK);
	pass_ms(w, 1);
	assert_has(w, "c1", CLOSED, "");
	opened(w, "c2", "v2");
	assert_has(w, "c2", ACTIVE, "lin");
}

static void a_row_of_a_visitor_says_who_is_blocked_and_whose_it_is(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 1);
	online(w, "lin");
	online(w, "chen");
	struct row_visitor bad = {.visitor = text("v1"), .blocked = true};
	struct row_visitor ours = {.visitor = text("v2"), .owner = text("chen")};
	assert_int_equal(row_set(w, CONFIG_VISITOR, &bad, false), PARLOR_E_OK);
	assert_int_equal(row_set(w, CONFIG_VISITOR, &ours, false), PARLOR_E_OK);
	struct core_desk_open q = {.visitor = text("v1")};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_VISITOR_BLOCKED);
	opened(w, "c2", "v2");
	assert_has(w, "c2", ACTIVE, "chen"); /* whose turn it was not */
	assert_int_equal(closed(w, "c2", "chen"), PARLOR_E_OK);
	write_all(w);
	restart_after_ms(w, 10);
	q.visitor = text("v1");
	assert_int_equal(open_as(w, q, &view), PARLOR_E_VISITOR_BLOCKED);
	assert_int_equal(row_set(w, CONFIG_VISITOR, &bad, true), PARLOR_E_OK);
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
}

/* ---- robots, holding, hours, several at once ------------------------------------------- */

static void robot_add(struct world *w, const char *id)
{
	agent_set(w, (struct row_agent){.agent = text(id), .robot = true});
	seat_set(w, (struct row_seat){.agent = text(id)});
	team_seat_set(w, (struct row_team_seat){.agent = text(id)});
	online(w, id);
}

static enum parlor_err hand_off(struct world *w, const char *id, const char *by)
{
	struct conversation_view view;
	struct core_desk_act q = {.conversation = text(id), .by = text(by)};
	enum parlor_err err = core_desk_handoff(w->core, &w->call, &q, &view);
	pass_ms(w, 1);
	return err;
}

static void a_robot_answers_first_and_leaves_when_a_human_comes(void **state)
{
	struct world *w = *state;
	char room[65] = {0};
	desk_begin(w, (struct row_team){.robot_policy = ROBOT_FIRST, .robot_stays = true});
	agent_add(w, "lin", 1);
	online(w, "lin");
	robot_add(w, "r2");
	struct conversation_view v = opened(w, "c1", "v1");
	memcpy(room, v.room.data, v.room.len);
	assert_has(w, "c1", BOT, "r2");
	assert_int_equal(mode_set(w, "lin", MODE_AWAY), PARLOR_E_OK);
	assert_int_equal(hand_off(w, "c1", "r2"), PARLOR_E_OK);
	assert_has(w, "c1", WAITING, "r2");
	assert_int_equal(post_to(w, text(room), "r2", "still here"), PARLOR_E_OK);
	assert_int_equal(mode_set(w, "lin", MODE_READY), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(post_to(w, text(room), "r2", "and now"), PARLOR_E_NOT_MEMBER);
	/* A robot that does not answer, or is gone, hands over. */
	opened(w, "c2", "v2");
	pass_ms(w, 31000);
	assert_has(w, "c2", WAITING, "r2");
	opened(w, "c3", "v3");
	offline(w, "r2");
	assert_int_equal(state_of(w, "c3"), WAITING);
}

static void what_is_held_is_resumed_by_the_visitor(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	desk_begin(w, (struct row_team){.hold_frees = true});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	struct core_desk_act q = {.conversation = text("c1"), .by = text("lin")};
	assert_int_equal(core_desk_hold(w->core, &w->call, &q, &view), PARLOR_E_OK);
	opened(w, "c2", "v2");
	assert_has(w, "c2", ACTIVE, "lin");
	assert_int_equal(core_desk_resume(w->core, &w->call, &q, &view), PARLOR_E_SEAT_FULL);
	says(w, "c1", "v1");
	assert_has(w, "c1", WAITING, ""); /* for lin, for a while */
	assert_int_equal(closed(w, "c2", "lin"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "lin");
}

static void what_is_held_stays_held_while_its_agent_comes_and_goes(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1"); /* whose last word is unanswered */
	struct core_desk_act q = {.conversation = text("c1"), .by = text("lin")};
	assert_int_equal(core_desk_hold(w->core, &w->call, &q, &view), PARLOR_E_OK);
	offline(w, "lin");
	assert_has(w, "c1", HELD, "lin");
	pass_ms(w, 30000);
	online(w, "lin");
	assert_has(w, "c1", HELD, "lin");
	restart_after_ms(w, 1000);
	online(w, "lin");
	assert_has(w, "c1", HELD, "lin");
	says(w, "c1", "v1");
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(core_desk_hold(w->core, &w->call, &q, &view), PARLOR_E_OK);
	offline(w, "lin");
	says(w, "c1", "v1");
	assert_has(w, "c1", WAITING, ""); /* lin is not there to go on */
}

static void whatever_is_asked_is_followed_up_in_the_same_commit(void **state)
{
	struct world *w = *state;
	struct core_room_view view;
	struct conversation_view conversation;
	char room[65] = {0};
	desk_begin(w, AUTO);
	agent_add(w, "lin", 2);
	online(w, "lin");
	struct conversation_view v = opened(w, "c1", "v1");
	memcpy(room, v.room.data, v.room.len);
	opened(w, "c2", "v2");
	struct core_desk_act q = {.conversation = text("c2"), .by = text("lin")};
	assert_int_equal(core_desk_hold(w->core, &w->call, &q, &conversation), PARLOR_E_OK);
	commit(w, 0);
	assert_false(core_desk_woken(w->core));
	assert_int_equal(core_room_set_state(w->core, &w->call, text(room), ROOM_STATE_CLOSED,
					     &quiet, &view),
			 PARLOR_E_OK);
	assert_true(core_desk_woken(w->core));
	core_desk_settle(w->core, &w->call);
	assert_int_equal(state_of(w, "c1"), CLOSED);
	assert_false(core_desk_woken(w->core));
	memcpy(room, shown(w, "c2").room.data, shown(w, "c2").room.len);
	said(w, room, "v2", "back");
	assert_true(core_desk_woken(w->core));
	core_desk_settle(w->core, &w->call);
	assert_has(w, "c2", ACTIVE, "lin");
}

static void who_helps_may_change_while_they_wait(void **state)
{
	struct world *w = *state;
	struct row_team with = {.overflow_ms = 1000, .overflow_team = text("y")};
	desk_begin(w, AUTO);
	team_set(w, (struct row_team){.team = text("x")});
	team_set(w, (struct row_team){.team = text("y")});
	agent_set(w, (struct row_agent){.agent = text("lin")});
	seat_set(w, (struct row_seat){.agent = text("lin"), .max = 1});
	team_seat_set(w, (struct row_team_seat){.team = text("x"), .agent = text("lin")});
	team_set(w, with);
	opened(w, "c1", "v1");
	pass_ms(w, 2000);
	online(w, "lin");
	assert_has(w, "c1", WAITING, "");
	assert_int_equal(claim(w, "c1", "lin"), PARLOR_E_NOT_SEATED);
	with.overflow_team = text("x");
	team_set(w, with);
	assert_has(w, "c1", ACTIVE, "lin");
}

static void who_helps_may_claim_what_waits_for_another(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	desk_begin(w, AUTO);
	team_set(w, (struct row_team){.team = text("y")});
	team_set(w, (struct row_team){.overflow_ms = 1000,
				      .overflow_team = text("y"),
				      .sticky_wait_ms = 60000});
	agent_add(w, "lin", 1);
	agent_set(w, (struct row_agent){.agent = text("chen")});
	seat_set(w, (struct row_seat){.agent = text("chen"), .max = 1});
	team_seat_set(w, (struct row_team_seat){.team = text("y"), .agent = text("chen")});
	online(w, "lin");
	opened(w, "c1", "v1");
	struct core_desk_open q = {
		.conversation = text("c2"), .visitor = text("v2"), .agent = text("lin")};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
	pass_ms(w, 2000);
	assert_has(w, "c2", WAITING, "");
	assert_int_equal(claim(w, "c2", "chen"), PARLOR_E_OK);
}

static void of_several_who_are_asked_the_first_has_it(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.strategy = STRATEGY_BROADCAST, .broadcast = 2});
	agent_add(w, "a1", 1);
	agent_add(w, "a2", 1);
	agent_add(w, "a3", 1);
	online(w, "a1");
	online(w, "a2");
	online(w, "a3");
	opened(w, "c1", "v1");
	uint64_t offer = shown(w, "c1").offer;
	assert_int_equal(accept_offer(w, "c1", offer, "a3"), PARLOR_E_NOT_YOURS);
	assert_int_equal(decline_offer(w, "c1", offer, "a1"), PARLOR_E_OK);
	assert_int_equal(shown(w, "c1").offer, offer);
	assert_int_equal(accept_offer(w, "c1", offer, "a2"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "a2");
	opened(w, "c2", "v2");
	offer = shown(w, "c2").offer;
	assert_int_equal(accept_offer(w, "c2", offer, "a3"), PARLOR_E_OK);
	assert_int_equal(accept_offer(w, "c2", offer, "a1"), PARLOR_E_OFFER_GONE);
	opened(w, "c3", "v3");
	assert_int_equal(accept_offer(w, "c3", shown(w, "c3").offer, "a1"), PARLOR_E_OK);
}

static void of_three_who_are_asked_by_twos_each_is_left_out_in_turn(void **state)
{
	struct world *w = *state;
	const char *const left_out[] = {"a3", "a2", "a1", "a3", "a2", "a1"};
	desk_begin(w, (struct row_team){.strategy = STRATEGY_BROADCAST, .broadcast = 2});
	for (const char *id = "123"; *id; id++) {
		const char agent[] = {'a', *id, 0};
		agent_add(w, agent, 9);
		online(w, agent);
	}
	for (int n = 0; n < 6; n++) {
		const char id[] = {'c', (char)('0' + n), 0};
		opened(w, id, id);
		assert_int_equal(decline_offer(w, id, shown(w, id).offer, left_out[n]),
				 PARLOR_E_NOT_YOURS);
		assert_int_equal(closed(w, id, ""), PARLOR_E_OK);
	}
}

static void who_comes_outside_the_hours_waits_for_the_morning(void **state)
{
	struct world *w = *state;
	struct row_hours hours = {.hours = text("day"), .rules = text("mon-sun 09:00-17:00")};
	w->call.now_us = (uint64_t)1774742400 * 1000000; /* a midnight of UTC */
	assert_int_equal(row_set(w, CONFIG_HOURS, &hours, false), PARLOR_E_OK);
	desk_begin(w, (struct row_team){.hours = text("day")});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	assert_int_equal(state_of(w, "c1"), DEFERRED);
	assert_int_equal(place_of(w, "c1"), 0);
	w->call.now_us += (uint64_t)9 * 3600 * 1000000;
	pass_ms(w, 1);
	assert_has(w, "c1", ACTIVE, "lin");
	assert_has(w, "c2", WAITING, "");
	restart_after_ms(w, (uint64_t)9 * 3600 * 1000);
	struct conversation_view view;
	team_set(w, (struct row_team){.hours = text("day"), .when_closed = 1});
	struct core_desk_open q = {.visitor = text("v3")};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_TEAM_CLOSED);
}

static void a_score_belongs_to_who_served_last(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	struct core_desk_act q = {.conversation = text("c1"), .by = text("v1")};
	assert_int_equal(core_desk_rate(w->core, &w->call, &q, 5, text(""), &view),
			 PARLOR_E_NOT_RATABLE);
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK); /* a repeat */
	assert_int_equal(core_desk_rate(w->core, &w->call, &q, 6, text(""), &view), PARLOR_E_VALUE);
	assert_int_equal(core_desk_rate(w->core, &w->call, &q, 4, text("ok"), &view), PARLOR_E_OK);
	assert_int_equal(core_desk_rate(w->core, &w->call, &q, 4, text("ok"), &view), PARLOR_E_OK);
	assert_int_equal(view.position, 0);
	assert_int_equal(core_desk_rate(w->core, &w->call, &q, 1, text(""), &view), PARLOR_E_RATED);
	opened(w, "c2", "v2"); /* waits */
	assert_int_equal(closed(w, "c2", "v2"), PARLOR_E_OK);
}

static void all_that_was_said_holds_after_a_kill(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 2);
	online(w, "lin");
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	opened(w, "c3", "v3");
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	write_all(w);
	opened(w, "c4", "v4");
	restart_after_ms(w, 1000);
	assert_has(w, "c1", CLOSED, "");
	assert_has(w, "c2", ACTIVE, "lin");
	assert_has(w, "c3", ACTIVE, "lin");
	assert_int_equal(place_of(w, "c4"), 1);
	online(w, "lin");
	assert_int_equal(closed(w, "c2", "lin"), PARLOR_E_OK);
	pass_ms(w, 4000);
	assert_has(w, "c4", ACTIVE, "lin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(who_comes_has_what_waited_as_unread),
		STORY(a_silent_visitor_is_let_go_but_not_one_who_waits_for_an_answer),
		STORY(who_writes_again_has_its_seat_reminded_again),
		STORY(a_visitor_has_one_conversation_at_a_desk),
		STORY(behind_the_end_a_visitor_posts_nothing),
		STORY(who_is_needed_cannot_be_removed_and_a_closed_room_ends_it),
		STORY(a_row_of_a_visitor_says_who_is_blocked_and_whose_it_is),
		STORY(a_robot_answers_first_and_leaves_when_a_human_comes),
		STORY(what_is_held_is_resumed_by_the_visitor),
		STORY(what_is_held_stays_held_while_its_agent_comes_and_goes),
		STORY(whatever_is_asked_is_followed_up_in_the_same_commit),
		STORY(who_helps_may_change_while_they_wait),
		STORY(who_helps_may_claim_what_waits_for_another),
		STORY(of_several_who_are_asked_the_first_has_it),
		STORY(of_three_who_are_asked_by_twos_each_is_left_out_in_turn),
		STORY(who_comes_outside_the_hours_waits_for_the_morning),
		STORY(a_score_belongs_to_who_served_last),
		STORY(all_that_was_said_holds_after_a_kill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
