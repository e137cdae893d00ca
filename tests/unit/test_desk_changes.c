/* What changes under those who wait: hours, teams and levels that come and go, agents who leave,
 * a broker that begins again; and requests that are refused and leave nothing. Time is the
 * tests' own. */
#include "desk_world.h"

#include "core/desk/config_row.h"
#include "core/desk/room_side.h"
#include "core/desk/words.h"
#include "core/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AUTO ((struct row_team){0})
#define OFFERS ((struct row_team){.accept = 1})

static void hours_set(struct world *w, const char *rules, bool remove)
{
	struct row_hours hours = {.hours = text("day"), .rules = text(rules)};
	assert_int_equal(row_set(w, CONFIG_HOURS, &hours, remove), PARLOR_E_OK);
}

static void desk_set(struct world *w, const char *hours)
{
	struct row_desk desk = {.desk = text("shop"), .hours = text(hours)};
	assert_int_equal(row_set(w, CONFIG_DESK, &desk, false), PARLOR_E_OK);
}

static struct conversation_view open_at(struct world *w, const char *id, const char *team)
{
	struct conversation_view view;
	struct core_desk_open q = {
		.conversation = text(id), .visitor = text(id), .team = text(team)};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
	return view;
}

static void seat_at(struct world *w, const char *agent, const char *team, uint8_t level)
{
	team_seat_set(w, (struct row_team_seat){
				 .agent = text(agent), .team = text(team), .level = level});
}

static void robot_add(struct world *w, const char *id)
{
	agent_set(w, (struct row_agent){.agent = text(id), .robot = true});
	seat_set(w, (struct row_seat){.agent = text(id)});
	team_seat_set(w, (struct row_team_seat){.agent = text(id)});
	online(w, id);
}

static enum parlor_err assign(struct world *w, const char *id, const char *agent)
{
	struct conversation_view view;
	struct core_desk_act q = {.conversation = text(id), .agent = text(agent)};
	enum parlor_err err = core_desk_assign(w->core, &w->call, &q, true, &view);
	pass_ms(w, 1);
	return err;
}

/* ---- hours ------------------------------------------------------------------------------ */

static void who_waits_for_hours_is_served_when_these_go(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	hours_set(w, "1970-01-05 closed", false); /* never open */
	desk_set(w, "day");
	agent_add(w, "lin", 9);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_has(w, "c1", DEFERRED, "");
	desk_set(w, ""); /* of the desk */
	assert_has(w, "c1", ACTIVE, "lin");
	desk_set(w, "day");
	opened(w, "c2", "v2");
	assert_has(w, "c2", DEFERRED, "");
	hours_set(w, "", true); /* altogether */
	assert_has(w, "c2", ACTIVE, "lin");
}

static void what_is_passed_on_to_a_team_does_not_keep_it_from_closing(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	team_set(w, (struct row_team){.team = text("x"), .at_close = 1});
	agent_add(w, "lin", 9);
	online(w, "lin");
	opened(w, "c1", "v1");
	pass_ms(w, 1);
	open_at(w, "c2", "x");
	assert_int_equal(to_team(w, "c1", "lin", "x", false), PARLOR_E_OK);
	open_at(w, "c3", "x");
	team_set(w, (struct row_team){.team = text("x"), .at_close = 1, .off = true});
	assert_has(w, "c1", ACTIVE, "lin");
	assert_has(w, "c2", DEFERRED, "");
	assert_has(w, "c3", DEFERRED, "");
}

/* ---- teams -------------------------------------------------------------------------------- */

static enum parlor_err team_remove(struct world *w, const char *team, const char *move_to)
{
	struct core_desk_row row;
	struct row_team t = {.desk = text("shop"), .team = text(team)};
	return core_desk_set(w->core, &w->call, CONFIG_TEAM, &t, true, text(move_to), &row);
}

static void a_team_that_goes_takes_nothing_with_it(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	team_set(w, (struct row_team){.team = text("x")});
	agent_add(w, "lin", 9);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(to_team(w, "c1", "lin", "x", false), PARLOR_E_OK);
	assert_int_equal(team_remove(w, "x", ""), PARLOR_E_TEAM_BUSY);
	assert_int_equal(team_remove(w, "x", "*"), PARLOR_E_OK);
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(shown(w, "c1").transfer, 0);
}

static void a_level_is_reached_also_where_the_one_below_has_no_time(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.level2_ms = 10000});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	agent_add(w, "chen", 1);
	agent_add(w, "wu", 1);
	seat_at(w, "chen", "*", 2);
	seat_at(w, "wu", "*", 3);
	online(w, "chen");
	online(w, "wu");
	opened(w, "c2", "v2");
	opened(w, "c3", "v3");
	pass_ms(w, 9000);
	assert_has(w, "c2", WAITING, "");
	pass_ms(w, 1500);
	assert_has(w, "c2", ACTIVE, "chen");
	pass_ms(w, 60000);
	assert_has(w, "c3", WAITING, ""); /* no time is said for that level */
}

/* ---- agents --------------------------------------------------------------------------------- */

static void who_has_declined_and_left_keeps_nobody_from_being_asked_again(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(decline_offer(w, "c1", shown(w, "c1").offer, "lin"), PARLOR_E_OK);
	offline(w, "lin");
	online(w, "chen");
	assert_int_equal(decline_offer(w, "c1", shown(w, "c1").offer, "chen"), PARLOR_E_OK);
	assert_has(w, "c1", WAITING, "");
	pass_ms(w, 4000);
	assert_has(w, "c1", WAITING, "");
	pass_ms(w, 1500);
	assert_has(w, "c1", OFFERED, "");
}

static void what_waits_for_one_agent_has_waited(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.max_wait_ms = 40000});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	opened(w, "c2", "v2");
	opened(w, "c3", "v1"); /* waits for lin, who was there before */
	pass_ms(w, 39000);
	assert_has(w, "c3", WAITING, "");
	pass_ms(w, 1500);
	assert_has(w, "c3", CLOSED, "");
}

static void a_robot_may_come_back_after_a_start(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.robot_policy = ROBOT_FIRST});
	robot_add(w, "rob");
	opened(w, "c1", "v1");
	says(w, "c1", "rob");
	opened(w, "c2", "v2");
	says(w, "c2", "rob");
	restart_after_ms(w, 1000);
	pass_ms(w, 15000);
	assert_has(w, "c1", BOT, "rob");
	online(w, "rob");
	pass_ms(w, 15000);
	assert_has(w, "c1", BOT, "rob");
	restart_after_ms(w, 1000);
	pass_ms(w, 21000); /* and no longer */
	assert_has(w, "c2", WAITING, "");
}

static void what_a_robot_has_is_not_assigned_to_it_again(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.robot_policy = ROBOT_FIRST});
	robot_add(w, "rob");
	opened(w, "c1", "v1");
	uint64_t stint = shown(w, "c1").stint;
	assert_int_equal(assign(w, "c1", "rob"), PARLOR_E_OK);
	assert_has(w, "c1", BOT, "rob");
	assert_int_equal(shown(w, "c1").stint, stint);
}

static void a_robot_takes_what_waited_for_it_without_being_asked(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	desk_begin(w, (struct row_team){.accept = 1});
	agent_add(w, "lin", 9);
	online(w, "lin");
	robot_add(w, "rob");
	seat_set(w, (struct row_seat){.agent = text("rob"), .max = 1});
	opened(w, "c1", "v1");
	assert_int_equal(claim(w, "c1", "rob"), PARLOR_E_NOT_WAITING);
	assert_int_equal(accept_offer(w, "c1", shown(w, "c1").offer, "lin"), PARLOR_E_OK);
	opened(w, "c2", "v2");
	assert_int_equal(accept_offer(w, "c2", shown(w, "c2").offer, "lin"), PARLOR_E_OK);
	assert_int_equal(to_agent(w, "c1", "lin", "rob"), PARLOR_E_OK);
	assert_has(w, "c1", BOT, "rob");
	const struct core_desk_act q = {.conversation = text("c2"), .by = text("lin")};
	const struct core_desk_transfer to = {.agent = text("rob"), .wait = true};
	assert_int_equal(core_desk_transfer(w->core, &w->call, &q, &to, &view), PARLOR_E_OK);
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	assert_has(w, "c2", BOT, "rob");
}

static void a_claim_shortens_no_rest(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.wrap_up_ms = 30000, .gap_ms = 1000});
	agent_add(w, "lin", 2);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	opened(w, "c2", "v2");
	opened(w, "c3", "v3");
	assert_int_equal(claim(w, "c2", "lin"), PARLOR_E_OK);
	pass_ms(w, 29000);
	assert_has(w, "c3", WAITING, "");
	pass_ms(w, 1500);
	assert_has(w, "c3", ACTIVE, "lin");
}

static void passes_by(struct world *w, const char *id, const char *agent, int times)
{
	for (int n = 0; n < times; n++) {
		assert_int_equal(claim(w, id, agent), PARLOR_E_OK);
		assert_int_equal(returned(w, id, agent), PARLOR_E_OK);
	}
}

static uint64_t unread_of(struct world *w, const char *id, const char *agent)
{
	char room[65];
	assert_int_equal(claim(w, id, agent), PARLOR_E_OK);
	struct conversation_view v = shown(w, id);
	(void)snprintf(room, sizeof room, "%.*s", (int)v.room.len, (const char *)v.room.data);
	uint64_t n = unread(w, room, agent);
	assert_int_equal(returned(w, id, agent), PARLOR_E_OK);
	return n;
}

static void who_served_long_ago_is_looked_for_so_far_and_no_further(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.strategy = STRATEGY_MANUAL});
	agent_add(w, "lin", 9);
	agent_add(w, "chen", 9);
	opened(w, "c1", "v1");
	says(w, "c1", "v1");
	passes_by(w, "c1", "lin", 1);
	says(w, "c1", "v1");
	passes_by(w, "c1", "chen", 199);
	assert_int_equal(unread_of(w, "c1", "lin"), 1);
	says(w, "c1", "v1");
	passes_by(w, "c1", "chen", 200);
	assert_int_equal(unread_of(w, "c1", "lin"), 4);
}

static size_t teams_walked(struct world *w, const char *agent)
{
	struct desk *desk = desk_find(w->core, 1, text("shop"));
	uint64_t member;
	size_t n = 0;
	assert_int_equal(core_member_find(w->core, &w->call, text(agent), &member), PARLOR_E_OK);
	for (const struct team_seat *t = seat_find(w->core, desk, member)->teams; t; t = t->next)
		n++;
	return n;
}

static void teams_that_a_seat_has_left_cost_it_nothing(void **state)
{
	struct world *w = *state;
	char team[16];
	desk_begin(w, AUTO);
	agent_add(w, "lin", 9);
	online(w, "lin");
	for (int n = 0; n < 100; n++) {
		(void)snprintf(team, sizeof team, "t%d", n);
		team_set(w, (struct row_team){.team = text(team)});
		seat_at(w, "lin", team, 0);
		const struct row_team_seat seat = {
			.desk = text("shop"), .team = text(team), .agent = text("lin")};
		assert_int_equal(row_set(w, CONFIG_TEAM_SEAT, &seat, true), PARLOR_E_OK);
	}
	assert_int_equal(teams_walked(w, "lin"), 1);
	seat_at(w, "lin", "t7", 0); /* and back again */
	assert_int_equal(teams_walked(w, "lin"), 2);
	open_at(w, "c1", "t7");
	assert_has(w, "c1", ACTIVE, "lin");
	open_at(w, "c2", "t8");
	assert_has(w, "c2", WAITING, "");
}

/* ---- texts ------------------------------------------------------------------------------------
 */

static void a_text_that_is_filled_in_stays_short(void **state)
{
	(void)state;
	char name[256], wish[2048];
	struct buf out = {0};
	memset(name, 'n', sizeof name);
	for (size_t at = 0; at < sizeof wish; at += 8)
		memcpy(wish + at, "{team}, ", 8);
	const struct words words = {.team = {name, sizeof name}};
	words_fill(&out, (struct span){wish, sizeof wish}, &words);
	assert_in_range(out.len, sizeof wish, WORDS_BYTES_MAX);
	assert_memory_equal(out.data + out.len - 8, "{team}, ", 8);
	buf_fini(&out);
}

/* ---- refused --------------------------------------------------------------------------------- */

static void a_post_that_is_refused_opens_nothing(void **state)
{
	struct world *w = *state;
	struct core_posted posted;
	const struct span lin = text("lin");
	desk_begin(w, (struct row_team){.post_opens = true});
	agent_add(w, "lin", 1);
	online(w, "lin");
	const struct conversation_view v = opened(w, "c1", "v1");
	struct core_post post = {.room = v.room,
				 .sender = text("v1"),
				 .client_id = text("later"),
				 .body = text("@lin?"),
				 .type = MESSAGE_TYPE_MESSAGE,
				 .mentions = &lin,
				 .mentions_len = 1};
	char room[65];
	assert_in_range(v.room.len, 1, sizeof room);
	post.room = (struct span){memcpy(room, v.room.data, v.room.len), v.room.len};
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	w->call.random[0]++;
	/* Who has left with the end cannot be mentioned. */
	assert_int_equal(core_desk_post(w->core, &w->call, &post, &posted), PARLOR_E_NOT_MEMBER);
	pass_ms(w, 1);
	struct core_desk_list open = {.desk = text("shop"), .limit = 1};
	assert_int_equal(core_desk_list(w->core, &w->call, &open, NULL, NULL), PARLOR_E_OK);
	post.mentions_len = 0;
	assert_int_equal(core_desk_post(w->core, &w->call, &post, &posted), PARLOR_E_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(who_waits_for_hours_is_served_when_these_go),
		STORY(what_is_passed_on_to_a_team_does_not_keep_it_from_closing),
		STORY(a_team_that_goes_takes_nothing_with_it),
		STORY(a_level_is_reached_also_where_the_one_below_has_no_time),
		STORY(who_has_declined_and_left_keeps_nobody_from_being_asked_again),
		STORY(what_waits_for_one_agent_has_waited),
		STORY(a_robot_may_come_back_after_a_start),
		STORY(what_a_robot_has_is_not_assigned_to_it_again),
		STORY(a_robot_takes_what_waited_for_it_without_being_asked),
		STORY(a_claim_shortens_no_rest),
		STORY(who_served_long_ago_is_looked_for_so_far_and_no_further),
		STORY(teams_that_a_seat_has_left_cost_it_nothing),
		STORY(a_text_that_is_filled_in_stays_short),
		STORY(a_post_that_is_refused_opens_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
