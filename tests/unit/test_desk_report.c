/* What is counted of a team: by the hour, of the team and of its agents, and no longer than
 * a day. */
#include "core/desk/desk.h"
#include "core/desk/report.h"

#include "desk_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_US UINT64_C(3600000000)
#define MINUTE_MS 60000
#define AUTO ((struct row_team){0})

struct agents {
	struct report_seat_view list[4];
	char ids[4][16];
	size_t len;
};

static void add(void *ctx, const struct report_seat_view *view)
{
	struct agents *a = ctx;
	assert_true(a->len < 4);
	(void)snprintf(a->ids[a->len], sizeof a->ids[0], "%.*s", (int)view->agent.len,
		       (const char *)view->agent.data);
	a->list[a->len++] = *view;
}

static struct report_view report_of(struct world *w, const char *team, uint64_t hours,
				    struct agents *agents)
{
	struct report_view view;
	struct core_desk_report q = {
		.desk = text("shop"), .team = text(team), .hours = hours, .limit = 4};
	*agents = (struct agents){.len = 0};
	assert_int_equal(core_desk_report(w->core, &w->call, &q, &view, add, agents), PARLOR_E_OK);
	assert_false(q.more);
	return view;
}

static struct report_view report(struct world *w, uint64_t hours, struct agents *agents)
{
	return report_of(w, "*", hours, agents);
}

/* The hour on the wall turns, and hardly any time passes. */
static void until_hour(struct world *w, unsigned hours)
{
	w->call.now_us = (w->call.now_us / HOUR_US + hours) * HOUR_US;
}

static void begin(struct world *w, struct row_team t)
{
	until_hour(w, 100);
	desk_begin(w, t);
	agent_add(w, "lin", 1);
}

static void rate(struct world *w, const char *id, unsigned score)
{
	struct conversation_view view;
	const struct core_desk_act q = {.conversation = text(id)};
	assert_int_equal(core_desk_rate(w->core, &w->call, &q, score, text(""), &view),
			 PARLOR_E_OK);
}

static void a_team_is_counted_as_its_conversations_come_and_go(void **state)
{
	struct world *w = *state;
	struct agents agents;
	begin(w, (struct row_team){.sla_first_ms = 5000, .sla_close_ms = 60000});
	online(w, "lin");
	opened(w, "c1", "v1");
	pass_ms(w, 1000);
	opened(w, "c2", "v2");
	opened(w, "c3", "v3");
	says(w, "c1", "lin");
	pass_ms(w, 9000);
	assert_int_equal(closed(w, "c3", "v3"), PARLOR_E_OK);
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	pass_ms(w, 60000);
	says(w, "c2", "lin");
	assert_int_equal(closed(w, "c2", "lin"), PARLOR_E_OK);
	rate(w, "c1", 5);
	rate(w, "c2", 4);
	rate(w, "c2", 4); /* again, and counted once */
	struct report_view v = report(w, 0, &agents);
	assert_int_equal(v.arrivals, 3);
	assert_int_equal(v.closed, 3);
	assert_int_equal(v.handled, 2);
	assert_int_equal(v.abandoned, 1);
	assert_int_equal(v.wait_p50_ms, 0);
	/* Within a quarter of what it was. */
	assert_in_range(v.wait_p95_ms, 9000, 11250);
	assert_int_equal(v.sla_first, 3);
	assert_int_equal(v.sla_first_met, 1);
	assert_int_equal(v.sla_close, 3);
	assert_int_equal(v.sla_close_met, 2);
	assert_int_equal(v.ratings, 2);
	assert_int_equal(v.rating_milli, 4500);
	assert_int_equal(agents.len, 1);
	assert_string_equal(agents.ids[0], "lin");
	assert_int_equal(agents.list[0].assigned, 2);
	assert_int_equal(agents.list[0].busy_ms, 70000);
	assert_int_equal(agents.list[0].available_ms, 70000);
}

static void an_agent_is_busy_or_available_while_it_is_and_no_longer(void **state)
{
	struct world *w = *state;
	struct agents agents;
	begin(w, (struct row_team){.grace_ms = UINT32_MAX});
	agent_add(w, "wu", 3);
	agent_add(w, "idle", 3);
	pass_ms(w, 1000);
	online(w, "lin");
	pass_ms(w, 2000);
	opened(w, "c1", "v1");
	pass_ms(w, 3000);
	offline(w, "lin"); /* and serves on */
	pass_ms(w, 4000);
	online(w, "wu");
	opened(w, "c2", "v2");
	opened(w, "c3", "v3");
	pass_ms(w, 5000);
	assert_int_equal(closed(w, "c2", "wu"), PARLOR_E_OK);
	pass_ms(w, 6000);
	assert_int_equal(closed(w, "c3", "wu"), PARLOR_E_OK);
	pass_ms(w, 7000);
	report(w, 24, &agents);
	assert_int_equal(agents.len, 2);
	assert_string_equal(agents.ids[0], "lin");
	assert_int_equal(agents.list[0].available_ms, 5000);
	assert_int_equal(agents.list[0].busy_ms, 25000);
	assert_int_equal(agents.list[1].available_ms, 18000);
	assert_int_equal(agents.list[1].busy_ms, 11000);
	assert_int_equal(agents.list[1].assigned, 2);
}

static void what_was_more_than_a_day_ago_is_not_counted(void **state)
{
	struct world *w = *state;
	struct agents agents;
	begin(w, (struct row_team){0});
	online(w, "lin");
	uint64_t began = w->call.now_us / HOUR_US * HOUR_US;
	opened(w, "c1", "v1");
	until_hour(w, 1);
	opened(w, "c2", "v2");
	struct report_view v = report(w, 0, &agents);
	assert_int_equal(v.arrivals, 1);
	assert_int_equal(v.since_us, began + HOUR_US);
	v = report(w, 1, &agents);
	assert_int_equal(v.arrivals, 2);
	assert_int_equal(agents.list[0].available_ms, 3600000);
	until_hour(w, 24);
	v = report(w, 24, &agents);
	assert_int_equal(v.arrivals, 1);
	assert_int_equal(v.since_us, began + HOUR_US);
	assert_int_equal(agents.list[0].busy_ms, 24 * 3600000);
	until_hour(w, 30);
	v = report(w, 24, &agents);
	assert_int_equal(v.arrivals, 0);
	assert_int_equal(agents.list[0].assigned, 0);
	assert_int_equal(agents.list[0].available_ms, 24 * 3600000);
}

static void a_broker_that_begins_counts_from_there_and_says_so(void **state)
{
	struct world *w = *state;
	struct agents agents;
	begin(w, (struct row_team){0});
	online(w, "lin");
	opened(w, "c1", "v1");
	pass_ms(w, 10 * MINUTE_MS);
	write_all(w);
	restart_after_ms(w, 10 * MINUTE_MS);
	uint64_t began = w->call.now_us;
	pass_ms(w, 2000);
	struct report_view v = report(w, 24, &agents);
	assert_int_equal(v.arrivals, 0);
	assert_int_equal(v.since_us, began);
	assert_int_equal(agents.len, 1);
	assert_int_equal(agents.list[0].available_ms, 0);
	assert_int_equal(agents.list[0].busy_ms, 2000);
}

static void asks(struct world *w, const char *id, const char *team)
{
	struct conversation_view view;
	struct core_desk_open q = {
		.conversation = text(id), .visitor = text(id), .team = text(team)};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
}

static void a_report_is_of_so_many_teams_and_the_one_without_news_begins_anew(void **state)
{
	struct world *w = *state;
	struct agents agents;
	struct core_desk_counts n;
	w->limits.report_teams = 2;
	restart(w);
	begin(w, AUTO);
	uint64_t began = report(w, 24, &agents).since_us;
	team_set(w, (struct row_team){.team = text("b")});
	team_set(w, (struct row_team){.team = text("c")});
	asks(w, "c1", "*");
	pass_ms(w, MINUTE_MS);
	asks(w, "c2", "b");
	asks(w, "c3", "*");
	pass_ms(w, MINUTE_MS);
	asks(w, "c4", "c");
	assert_int_equal(report(w, 24, &agents).arrivals, 2);
	assert_int_equal(report(w, 24, &agents).since_us, began);
	struct report_view b = report_of(w, "b", 24, &agents);
	assert_int_equal(b.arrivals, 0);
	assert_int_equal(b.since_us, b.until_us);
	asks(w, "c5", "b");
	b = report_of(w, "b", 24, &agents);
	assert_int_equal(b.arrivals, 1);
	assert_int_equal(b.since_us, w->call.now_us);
	core_desk_counts(w->core, &n);
	assert_int_equal(n.reports, 2);
	assert_int_equal(n.reports_dropped, 2);
}

static void a_report_is_of_so_many_seats_and_others_are_not_in_it(void **state)
{
	struct world *w = *state;
	struct agents agents;
	struct core_desk_counts n;
	w->limits.report_seats = 1;
	restart(w);
	begin(w, AUTO);
	agent_add(w, "chen", 1);
	online(w, "lin");
	online(w, "chen");
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	assert_int_equal(report(w, 24, &agents).arrivals, 2);
	assert_int_equal(agents.len, 1);
	assert_string_equal(agents.ids[0], "lin");
	assert_int_equal(agents.list[0].assigned, 1);
	core_desk_counts(w->core, &n);
	assert_int_equal(n.tallies, 1);
	assert_true(n.tallies_refused > 0);
}

static void what_is_wrong_is_refused(void **state)
{
	struct world *w = *state;
	struct report_view view;
	struct agents agents = {.len = 0};
	begin(w, (struct row_team){0});
	struct core_desk_report q = {
		.desk = text("shop"), .team = text("*"), .hours = 25, .limit = 4};
	assert_int_equal(core_desk_report(w->core, &w->call, &q, &view, add, &agents),
			 PARLOR_E_VALUE);
	q.team = text("none");
	assert_int_equal(core_desk_report(w->core, &w->call, &q, &view, add, &agents),
			 PARLOR_E_TEAM_UNKNOWN);
	q.desk = text("none");
	assert_int_equal(core_desk_report(w->core, &w->call, &q, &view, add, &agents),
			 PARLOR_E_DESK_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_team_is_counted_as_its_conversations_come_and_go),
		STORY(an_agent_is_busy_or_available_while_it_is_and_no_longer),
		STORY(what_was_more_than_a_day_ago_is_not_counted),
		STORY(a_broker_that_begins_counts_from_there_and_says_so),
		STORY(a_report_is_of_so_many_teams_and_the_one_without_news_begins_anew),
		STORY(a_report_is_of_so_many_seats_and_others_are_not_in_it),
		STORY(what_is_wrong_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
