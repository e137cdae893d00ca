/* What goes wrong at other desks, each in one story (tests/README.md has the list): who is
 * forgotten in a queue, asked again and again, or bound to somebody who is not there. Time is
 * the tests' own. */
#include "desk_world.h"

#include "core/desk/desk.h"
#include "core/desk/room_side.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AUTO ((struct row_team){0})
#define OFFERS ((struct row_team){.accept = 1})

static struct conversation_view opened_for(struct world *w, const char *id, const char *visitor,
					   const char *team)
{
	struct conversation_view view;
	struct core_desk_open q = {
		.conversation = text(id), .visitor = text(visitor), .team = text(team)};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
	return view;
}

static enum parlor_err ask(struct world *w,
			   enum parlor_err fn(struct core *, const struct core_call *,
					      const struct core_desk_act *,
					      struct conversation_view *),
			   const char *id, const char *by)
{
	struct conversation_view view;
	struct core_desk_act q = {.conversation = text(id), .by = text(by)};
	enum parlor_err err = fn(w->core, &w->call, &q, &view);
	pass_ms(w, 1);
	return err;
}

static enum parlor_err assign(struct world *w, const char *id, const char *agent)
{
	struct conversation_view view;
	struct core_desk_act q = {.conversation = text(id), .agent = text(agent)};
	enum parlor_err err = core_desk_assign(w->core, &w->call, &q, true, &view);
	pass_ms(w, 1);
	return err;
}

static enum parlor_err rate(struct world *w, const char *id, const char *by, uint32_t score)
{
	struct conversation_view view;
	struct core_desk_act q = {.conversation = text(id), .by = text(by)};
	return core_desk_rate(w->core, &w->call, &q, score, text(""), &view);
}

static enum parlor_err posted(struct world *w, const char *id, const char *member)
{
	struct core_posted posted;
	const struct core_post post = {.room = shown(w, id).room,
				       .sender = text(member),
				       .client_id = text("later"),
				       .body = text("?"),
				       .type = MESSAGE_TYPE_MESSAGE};
	return core_desk_post(w->core, &w->call, &post, &posted);
}

/* ---- who is forgotten ------------------------------------------------------------------ */

/* lin has one conversation, and c2, c3 ... wait; is the next one served now? */
static void assert_next(struct world *w, const char *id)
{
	assert_has(w, id, ACTIVE, "lin");
	assert_int_equal(closed(w, id, ""), PARLOR_E_OK);
}

static void whatever_makes_room_serves_who_waits(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.hold_frees = true});
	agent_add(w, "lin", 1);
	online(w, "lin");
	for (const char *id = "123456789"; *id; id++)
		opened(w, (char[]){'c', *id, 0}, (char[]){'v', *id, 0});
	assert_next(w, "c1"); /* an end */
	assert_int_equal(returned(w, "c2", "lin"), PARLOR_E_OK);
	assert_next(w, "c3"); /* what is given back */
	assert_int_equal(ask(w, core_desk_hold, "c4", "lin"), PARLOR_E_OK);
	assert_has(w, "c5", ACTIVE, "lin"); /* what is held */
	seat_set(w, (struct row_seat){.agent = text("lin"), .max = 2});
	assert_has(w, "c6", ACTIVE, "lin"); /* a limit that is raised */
	assert_int_equal(mode_set(w, "lin", MODE_AWAY), PARLOR_E_OK);
	assert_int_equal(closed(w, "c5", ""), PARLOR_E_OK);
	assert_has(w, "c7", WAITING, "");
	assert_int_equal(mode_set(w, "lin", MODE_READY), PARLOR_E_OK);
	assert_next(w, "c7"); /* who is ready again */
	offline(w, "lin");
	assert_int_equal(closed(w, "c6", ""), PARLOR_E_OK);
	online(w, "lin");
	assert_has(w, "c9", ACTIVE, "lin"); /* and there again */
	assert_int_equal(closed(w, "c8", ""), PARLOR_E_OK);
	pass_ms(w, 60000);
	assert_has(w, "c2", ACTIVE, "lin"); /* and may be asked again */
}

static void every_state_has_an_end(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.strategy = STRATEGY_MANUAL});
	team_set(w, (struct row_team){.team = text("closed"), .off = true});
	team_set(w, (struct row_team){.team = text("asks"), .accept = 1});
	agent_add(w, "lin", 9);
	team_seat_set(w, (struct row_team_seat){.team = text("asks"), .agent = text("lin")});
	online(w, "lin");
	agent_set(w, (struct row_agent){.agent = text("rob"), .robot = true});
	seat_set(w, (struct row_seat){.agent = text("rob")});
	online(w, "rob");
	opened_for(w, "deferred", "v1", "closed");
	opened_for(w, "waiting", "v2", "*");
	opened_for(w, "offered", "v3", "asks");
	opened_for(w, "robot's", "v4", "*");
	assert_int_equal(assign(w, "robot's", "rob"), PARLOR_E_OK);
	opened_for(w, "active", "v5", "*");
	assert_int_equal(claim(w, "active", "lin"), PARLOR_E_OK);
	opened_for(w, "held", "v6", "*");
	assert_int_equal(claim(w, "held", "lin"), PARLOR_E_OK);
	assert_int_equal(ask(w, core_desk_hold, "held", "lin"), PARLOR_E_OK);
	offline(w, "lin");
	const struct {
		const char *id;
		int state;
	} all[] = {{"deferred", DEFERRED}, {"waiting", WAITING}, {"offered", WAITING},
		   {"robot's", BOT},       {"active", ACTIVE},   {"held", HELD}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_int_equal(state_of(w, all[i].id), all[i].state);
		assert_int_equal(closed(w, all[i].id, ""), PARLOR_E_OK);
		assert_has(w, all[i].id, CLOSED, "");
	}
}

static void a_queue_is_whole_whoever_comes_and_goes(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.strategy = STRATEGY_MANUAL});
	agent_add(w, "lin", 1);
	for (const char *id = "123"; *id; id++)
		opened(w, (char[]){'c', *id, 0}, (char[]){'v', *id, 0});
	for (int n = 0; n < 2; n++) {
		online(w, "lin");
		assert_int_equal(mode_set(w, "lin", MODE_AWAY), PARLOR_E_OK);
		assert_int_equal(mode_set(w, "lin", MODE_READY), PARLOR_E_OK);
		offline(w, "lin");
		for (const char *id = "123"; *id; id++)
			assert_int_equal(place_of(w, (char[]){'c', *id, 0}), *id - '0');
		restart_after_ms(w, 1000);
	}
}

static void who_waits_for_nobody_is_closed_in_time(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.max_wait_ms = 60000});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	offline(w, "lin"); /* the last one leaves */
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	pass_ms(w, 59000);
	assert_has(w, "c2", WAITING, "");
	pass_ms(w, 2000);
	assert_has(w, "c2", CLOSED, "");
}

static void who_was_away_before_opening_serves_then(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.off = true});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	offline(w, "lin");
	online(w, "lin");
	assert_has(w, "c1", DEFERRED, "");
	team_set(w, AUTO);
	assert_has(w, "c1", ACTIVE, "lin");
}

static void a_heavy_queue_does_not_block_a_light_one(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	team_set(w, (struct row_team){.team = text("heavy"), .weight_ms = 3600000});
	agent_add(w, "lin", 1); /* in "*" alone */
	opened_for(w, "h1", "v1", "heavy");
	opened_for(w, "c1", "v2", "*");
	online(w, "lin");
	assert_has(w, "c1", ACTIVE, "lin");
	assert_has(w, "h1", WAITING, "");
	/* Of both, the heavy one is first. */
	team_seat_set(w, (struct row_team_seat){.team = text("heavy"), .agent = text("lin")});
	opened_for(w, "c2", "v3", "*");
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	assert_has(w, "h1", ACTIVE, "lin");
}

/* ---- who is asked ---------------------------------------------------------------------- */

static void whose_turn_it_was_has_had_it(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	for (const char *id = "123"; *id; id++) {
		agent_add(w, (char[]){'a', *id, 0}, 9);
		online(w, (char[]){'a', *id, 0});
	}
	assert_int_equal(accept_offer(w, "c1", opened(w, "c1", "v1").offer, "a1"), PARLOR_E_OK);
	assert_int_equal(decline_offer(w, "c2", opened(w, "c2", "v2").offer, "a2"), PARLOR_E_OK);
	assert_int_equal(accept_offer(w, "c2", shown(w, "c2").offer, "a3"), PARLOR_E_OK);
	/* a2 has said no, and has had its turn; so has who is not asked any more. */
	uint64_t offer = opened(w, "c3", "v3").offer;
	assert_int_equal(decline_offer(w, "c3", offer, "a2"), PARLOR_E_NOT_YOURS);
	assert_int_equal(decline_offer(w, "c3", offer, "a3"), PARLOR_E_NOT_YOURS);
	assert_int_equal(closed(w, "c3", ""), PARLOR_E_OK);
	assert_int_equal(accept_offer(w, "c4", opened(w, "c4", "v4").offer, "a2"), PARLOR_E_OK);
}

static void who_goes_while_it_is_asked_is_asked_once(void **state)
{
	struct world *w = *state;
	struct core_desk_counts n;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 1);
	online(w, "lin");
	uint64_t offer = opened(w, "c1", "v1").offer;
	offline(w, "lin");
	assert_has(w, "c1", WAITING, "");
	pass_ms(w, 3000);
	core_desk_counts(w->core, &n);
	assert_int_equal(n.offers, 1);
	assert_int_equal(accept_offer(w, "c1", offer, "lin"), PARLOR_E_OFFER_GONE);
	agent_add(w, "chen", 1);
	online(w, "chen");
	assert_has(w, "c1", OFFERED, "");
	core_desk_counts(w->core, &n);
	assert_int_equal(n.offers, 2);
}

static void who_does_not_come_back_after_a_start_is_asked_no_more(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.accept = 1, .offer_ms = DESK_OFF});
	agent_add(w, "lin", 2);
	agent_add(w, "chen", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	restart_after_ms(w, 1000);
	online(w, "chen");
	pass_ms(w, 20000);
	assert_int_equal(decline_offer(w, "c1", shown(w, "c1").offer, "chen"), PARLOR_E_NOT_YOURS);
	pass_ms(w, 1000);
	assert_int_equal(accept_offer(w, "c1", shown(w, "c1").offer, "chen"), PARLOR_E_OK);
	/* Who comes back may answer as before. */
	online(w, "lin");
	uint64_t offer = opened(w, "c2", "v2").offer;
	restart_after_ms(w, 1000);
	online(w, "lin");
	pass_ms(w, 60000);
	assert_int_equal(accept_offer(w, "c2", offer, "lin"), PARLOR_E_OK);
}

static void an_offer_that_is_over_cannot_be_accepted_by_who_waits(void **state)
{
	struct world *w = *state;
	desk_begin(w, OFFERS);
	agent_add(w, "lin", 1);
	online(w, "lin");
	uint64_t offer = opened(w, "c1", "v1").offer;
	pass_ms(w, 21000);
	assert_has(w, "c1", WAITING, "");
	assert_int_equal(accept_offer(w, "c1", offer, "lin"), PARLOR_E_OFFER_GONE);
	assert_has(w, "c1", WAITING, "");
}

static void who_served_last_is_asked_first_if_it_can(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.sticky_ms = 3600000});
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 9);
	online(w, "lin");
	opened(w, "c1", "v1");
	online(w, "chen");
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	opened(w, "c2", "v1");
	assert_has(w, "c2", ACTIVE, "lin"); /* whose turn it was not */
	assert_int_equal(closed(w, "c2", ""), PARLOR_E_OK);
	opened(w, "c3", "v3");
	assert_has(w, "c3", ACTIVE, "chen");
	assert_int_equal(assign(w, "c3", "lin"), PARLOR_E_NOT_WAITING);
	opened(w, "c4", "v4");
	assert_has(w, "c4", ACTIVE, "lin");
	opened(w, "c5", "v1");
	assert_has(w, "c5", WAITING, ""); /* lin is full: for so long it waits */
	pass_ms(w, 31000);
	assert_has(w, "c5", ACTIVE, "chen");
	assert_int_equal(closed(w, "c4", ""), PARLOR_E_OK);
	offline(w, "chen");
	opened(w, "c6", "v6");
	assert_has(w, "c6", ACTIVE, "lin");
	online(w, "chen");
	offline(w, "lin");
	assert_int_equal(closed(w, "c6", ""), PARLOR_E_OK);
	opened(w, "c7", "v6");
	assert_has(w, "c7", ACTIVE, "chen"); /* lin is not there */
}

static void who_served_long_ago_is_nobody_special(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.sticky_ms = 60000});
	agent_add(w, "lin", 9);
	agent_add(w, "chen", 9);
	online(w, "lin");
	opened(w, "c1", "v1");
	online(w, "chen");
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	pass_ms(w, 61000);
	opened(w, "c2", "v1");
	assert_has(w, "c2", ACTIVE, "chen");
}

static void who_comes_first_does_not_get_all(void **state)
{
	struct world *w = *state;
	int of_lin = 0;
	desk_begin(w, (struct row_team){.gap_ms = 2000});
	agent_add(w, "lin", 9);
	agent_add(w, "chen", 9);
	for (const char *id = "abcdefgh"; *id; id++)
		opened(w, (char[]){'c', *id, 0}, (char[]){'v', *id, 0});
	online(w, "lin");
	pass_ms(w, 1000);
	online(w, "chen");
	pass_ms(w, 20000);
	for (const char *id = "abcdefgh"; *id; id++)
		of_lin += strcmp(agent_of(w, (char[]){'c', *id, 0}), "lin") == 0;
	assert_int_equal(of_lin, 4);
}

/* ---- who has it ------------------------------------------------------------------------ */

static void who_lets_go_is_out_of_the_room(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	team_set(w, (struct row_team){.team = text("x")});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	assert_int_equal(to_team(w, "c1", "lin", "x", true), PARLOR_E_OK);
	assert_has(w, "c1", WAITING, "");
	assert_int_equal(posted(w, "c1", "lin"), PARLOR_E_NOT_MEMBER);
	assert_int_equal(place_of(w, "c1"),
			 1); /* in the queue of who may see it, and of nobody else */
	assert_int_equal(claim(w, "c1", "lin"), PARLOR_E_NOT_SEATED);
}

static void whoever_does_not_answer_loses_it_each_time(void **state)
{
	struct world *w = *state;
	static const char *const has[] = {"chen", "lin", "chen", "chen"};
	desk_begin(w,
		   (struct row_team){.take_away_ms = 30000, .takeaways_max = 3, .again_ms = 20000});
	agent_add(w, "lin", 1);
	online(w, "lin");
	opened(w, "c1", "v1");
	agent_add(w, "chen", 1);
	online(w, "chen");
	for (int n = 0; n < 4; n++) {
		pass_ms(w, 31000);
		assert_has(w, "c1", ACTIVE, has[n]); /* in the end it stays */
	}
}

static void each_visit_is_rated_for_itself(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	online(w, "lin");
	for (const char *id = "12"; *id; id++) {
		const char conversation[] = {'c', *id, 0};
		opened(w, conversation, "v1");
		assert_int_equal(closed(w, conversation, "lin"), PARLOR_E_OK);
		/* Also when who served is there no more. */
		agent_set(w, (struct row_agent){.agent = text("lin"), .off = *id == '2'});
		assert_int_equal(rate(w, conversation, "v1", 4), PARLOR_E_OK);
	}
	assert_int_equal(rate(w, "c1", "v1", 5), PARLOR_E_RATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(whatever_makes_room_serves_who_waits),
		STORY(every_state_has_an_end),
		STORY(a_queue_is_whole_whoever_comes_and_goes),
		STORY(who_waits_for_nobody_is_closed_in_time),
		STORY(who_was_away_before_opening_serves_then),
		STORY(a_heavy_queue_does_not_block_a_light_one),
		STORY(whose_turn_it_was_has_had_it),
		STORY(who_goes_while_it_is_asked_is_asked_once),
		STORY(who_does_not_come_back_after_a_start_is_asked_no_more),
		STORY(an_offer_that_is_over_cannot_be_accepted_by_who_waits),
		STORY(who_served_last_is_asked_first_if_it_can),
		STORY(who_served_long_ago_is_nobody_special),
		STORY(who_comes_first_does_not_get_all),
		STORY(who_lets_go_is_out_of_the_room),
		STORY(whoever_does_not_answer_loses_it_each_time),
		STORY(each_visit_is_rated_for_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
