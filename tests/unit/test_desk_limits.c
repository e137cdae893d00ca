/* How much there may be of everything at a desk, and what is said beyond it. */
#include "desk_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AUTO ((struct row_team){0})
#define LISTS 64 /* seats of an agent, teams of a seat */

static struct span letters(struct buf *b, size_t n)
{
	buf_clear(b);
	memset(buf_reserve(b, n), 'x', n);
	b->len = n;
	return buf_span(b);
}

static void rows_are_bounded_in_number_behind_a_start_too(void **state)
{
	struct world *w = *state;
	struct row_group group = {.group = text("a")};
	w->limits.desk_rows = 2;
	restart(w);
	assert_int_equal(row_set(w, CONFIG_GROUP, &group, false), PARLOR_E_OK);
	group.group = text("b");
	assert_int_equal(row_set(w, CONFIG_GROUP, &group, false), PARLOR_E_OK);
	group.group = text("c");
	assert_int_equal(row_set(w, CONFIG_GROUP, &group, false), PARLOR_E_TENANT_FULL);
	write_all(w);
	restart(w);
	assert_int_equal(row_set(w, CONFIG_GROUP, &group, false), PARLOR_E_TENANT_FULL);
	group.group = text("b");
	assert_int_equal(row_set(w, CONFIG_GROUP, &group, false), PARLOR_E_OK);
}

static enum parlor_err desk_named(struct world *w, const char *id)
{
	return row_set(w, CONFIG_DESK, &(struct row_desk){.desk = text(id)}, false);
}

static enum parlor_err team_named(struct world *w, const char *desk, const char *id)
{
	return row_set(w, CONFIG_TEAM, &(struct row_team){.desk = text(desk), .team = text(id)},
		       false);
}

static enum parlor_err agent_named(struct world *w, const char *id)
{
	return row_set(w, CONFIG_AGENT, &(struct row_agent){.agent = text(id)}, false);
}

static enum parlor_err seat_of(struct world *w, const char *desk, const char *agent)
{
	return row_set(w, CONFIG_SEAT,
		       &(struct row_seat){.desk = text(desk), .agent = text(agent), .max = 1},
		       false);
}

static enum parlor_err team_seat_of(struct world *w, const char *team, const char *agent)
{
	const struct row_team_seat row = {
		.desk = text("shop"), .team = text(team), .agent = text(agent)};
	return row_set(w, CONFIG_TEAM_SEAT, &row, false);
}

static void each_kind_of_row_has_its_own_number_of_them(void **state)
{
	struct world *w = *state;
	w->limits.desks = 2;
	w->limits.teams = 3; /* each desk has the team "*" */
	w->limits.seats = 2;
	w->limits.team_seats = 1;
	restart(w);
	desk_begin(w, AUTO);
	assert_int_equal(desk_named(w, "inn"), PARLOR_E_OK);
	assert_int_equal(desk_named(w, "bar"), PARLOR_E_TENANT_FULL);
	assert_int_equal(team_named(w, "shop", "a"), PARLOR_E_OK);
	assert_int_equal(team_named(w, "shop", "b"), PARLOR_E_TENANT_FULL);
	assert_int_equal(agent_named(w, "lin"), PARLOR_E_OK);
	assert_int_equal(agent_named(w, "chen"), PARLOR_E_OK);
	assert_int_equal(agent_named(w, "wu"), PARLOR_E_TENANT_FULL);
	assert_int_equal(seat_of(w, "shop", "lin"), PARLOR_E_OK);
	assert_int_equal(seat_of(w, "shop", "chen"), PARLOR_E_OK);
	assert_int_equal(seat_of(w, "inn", "lin"), PARLOR_E_TENANT_FULL);
	assert_int_equal(team_seat_of(w, "*", "lin"), PARLOR_E_OK);
	assert_int_equal(team_seat_of(w, "*", "chen"), PARLOR_E_TENANT_FULL);
	/* What is there may be changed. */
	assert_int_equal(team_named(w, "shop", "a"), PARLOR_E_OK);
}

static void a_seat_is_in_so_many_teams_and_an_agent_has_so_many_seats(void **state)
{
	char id[16];
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 1);
	for (int i = 1; i <= LISTS; i++) {
		snprintf(id, sizeof id, "n%d", i);
		assert_int_equal(team_named(w, "shop", id), PARLOR_E_OK);
		assert_int_equal(desk_named(w, id), PARLOR_E_OK);
		enum parlor_err then = i < LISTS ? PARLOR_E_OK : PARLOR_E_TOO_MANY;
		assert_int_equal(team_seat_of(w, id, "lin"), then);
		assert_int_equal(seat_of(w, id, "lin"), then);
	}
	/* One that goes makes room for another, and comes back to none. */
	struct row_team_seat first = {
		.desk = text("shop"), .team = text("n1"), .agent = text("lin")};
	assert_int_equal(row_set(w, CONFIG_TEAM_SEAT, &first, true), PARLOR_E_OK);
	assert_int_equal(team_seat_of(w, id, "lin"), PARLOR_E_OK);
	assert_int_equal(row_set(w, CONFIG_TEAM_SEAT, &first, false), PARLOR_E_TOO_MANY);
}

static void no_more_are_open_and_wait_than_may(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	struct core_desk_open q = {.desk = text("shop"), .visitor = text("v3")};
	w->limits.conversations_open = 2;
	restart(w);
	desk_begin(w, (struct row_team){.max_waiting = 1});
	opened(w, "c1", "v1");
	q.conversation = text("c3");
	assert_int_equal(open_as(w, q, &view), PARLOR_E_QUEUE_FULL);
	team_set(w, (struct row_team){.max_waiting = 9});
	opened(w, "c2", "v2");
	assert_int_equal(open_as(w, q, &view), PARLOR_E_QUEUE_FULL);
	assert_int_equal(closed(w, "c1", ""), PARLOR_E_OK);
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
}

/* It counts to 64, whatever became of them. */
static void a_conversation_is_passed_on_so_often(void **state)
{
	struct world *w = *state;
	desk_begin(w, AUTO);
	agent_add(w, "lin", 9);
	agent_add(w, "chen", 9);
	online(w, "lin");
	opened(w, "c1", "v1");
	online(w, "chen");
	for (int i = 0; i < 64; i++) {
		bool to_chen = strcmp(agent_of(w, "c1"), "lin") == 0;
		assert_int_equal(to_agent(w, "c1", agent_of(w, "c1"), to_chen ? "chen" : "lin"),
				 PARLOR_E_OK);
		assert_int_equal(
			accept_offer(w, "c1", shown(w, "c1").offer, to_chen ? "chen" : "lin"),
			PARLOR_E_OK);
	}
	assert_has(w, "c1", ACTIVE, "lin");
	assert_int_equal(to_agent(w, "c1", "lin", "chen"), PARLOR_E_TOO_MANY);
}

/* Then it is left to whoever claims it. */
static void a_conversation_is_offered_so_often(void **state)
{
	struct world *w = *state;
	desk_begin(w, (struct row_team){.accept = 1, .again_ms = 1});
	agent_add(w, "lin", 1);
	agent_add(w, "chen", 1);
	online(w, "lin");
	online(w, "chen");
	opened(w, "c1", "v1");
	for (int i = 0; i < 100; i++) {
		uint64_t offer = shown(w, "c1").offer;
		assert_int_not_equal(offer, 0);
		if (decline_offer(w, "c1", offer, "lin"))
			assert_int_equal(decline_offer(w, "c1", offer, "chen"), PARLOR_E_OK);
		pass_ms(w, 100);
	}
	pass_ms(w, 100000);
	assert_has(w, "c1", WAITING, "");
	assert_int_equal(claim(w, "c1", "chen"), PARLOR_E_OK);
}

static void a_field_holds_so_much(void **state)
{
	struct world *w = *state;
	struct buf b = {0};
	struct conversation_view view;
	desk_begin(w, AUTO);
	struct row_text said = {.desk = text("shop"), .which = 1, .text = letters(&b, 2048)};
	assert_int_equal(row_set(w, CONFIG_TEXT, &said, false), PARLOR_E_OK);
	said.text = letters(&b, 2049);
	assert_int_equal(row_set(w, CONFIG_TEXT, &said, false), PARLOR_E_TOO_LONG);
	struct core_desk_open q = {
		.desk = text("shop"), .visitor = text("v1"), .product = letters(&b, 151)};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_TOO_LONG);
	q.product = letters(&b, 150);
	q.priority = 4;
	assert_int_equal(open_as(w, q, &view), PARLOR_E_VALUE);
	q.priority = 3;
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
	agent_add(w, "lin", 65535);
	struct row_seat seat = {.desk = text("shop"), .agent = text("lin"), .max = 65536};
	assert_int_equal(row_set(w, CONFIG_SEAT, &seat, false), PARLOR_E_VALUE);
	buf_fini(&b);
}

static void a_tenant_has_no_more_than_its_share(void **state)
{
	struct world *w = *state;
	struct conversation_view view;
	struct row_group group = {.group = text("a")};
	w->limits.tenant_desks = w->limits.tenant_desk_rows = 1;
	w->limits.tenant_conversations = 2;
	restart(w);
	desk_begin(w, (struct row_team){0});
	const struct row_desk second = {.desk = text("second")};
	assert_int_equal(row_set(w, CONFIG_DESK, &second, false), PARLOR_E_TENANT_FULL);
	assert_int_equal(row_set(w, CONFIG_GROUP, &group, false), PARLOR_E_OK);
	group.group = text("b");
	assert_int_equal(row_set(w, CONFIG_GROUP, &group, false), PARLOR_E_TENANT_FULL);
	opened(w, "c1", "v1");
	opened(w, "c2", "v2");
	write_all(w);
	restart_after_ms(w, 1000);
	const struct core_desk_open q = {.visitor = text("v3")};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_QUEUE_FULL);
	w->call.tenant = text("other");
	assert_int_equal(row_set(w, CONFIG_GROUP, &group, false), PARLOR_E_OK);
	assert_int_equal(row_set(w, CONFIG_DESK, &(struct row_desk){.desk = text("shop")}, false),
			 PARLOR_E_OK);
	opened(w, "c1", "v1");
	w->call.tenant = text("acme");
	assert_int_equal(closed(w, "c1", "v1"), PARLOR_E_OK);
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(rows_are_bounded_in_number_behind_a_start_too),
		STORY(each_kind_of_row_has_its_own_number_of_them),
		STORY(a_seat_is_in_so_many_teams_and_an_agent_has_so_many_seats),
		STORY(no_more_are_open_and_wait_than_may),
		STORY(a_conversation_is_passed_on_so_often),
		STORY(a_conversation_is_offered_so_often),
		STORY(a_field_holds_so_much),
		STORY(a_tenant_has_no_more_than_its_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
