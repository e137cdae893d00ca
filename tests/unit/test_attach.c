/* Attaches that take several turns, in a broker whose loop does not run: what others do
 * meanwhile, and what is left of one that comes to nothing. */
#include "api/attach.h"

#include "api/dispatch.h"
#include "api/lifecycle.h"
#include "core/kinds.h"
#include "core/room.h"
#include "core/tenant.h"
#include "house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static char acme[] = "acme";
static const struct core_call call = {.tenant = {"acme", 4}, .now_us = 1000000};
static char names[][3] = {"m1", "m2", "m3", "t1", "t2"};
static char *mine[] = {names[0], names[1], names[2]}, *theirs[] = {names[3], names[4]};

static struct attach_request all_of_mine(void)
{
	return (struct attach_request){.members = mine, .n = 3};
}

/* A little of it, in a turn of its own: as much as it takes to look for one member. */
#define PIECE (2 * METER_ROW_STEPS)
static enum parlor_err go_on(struct broker *b, struct session *s, struct attach_request *q)
{
	b->meter = (struct meter){.steps_end = PIECE};
	return attach_add(b, s, q);
}

static enum parlor_err attach(struct broker *b, struct session *s, char **members, size_t n)
{
	struct attach_request q = {.members = members, .n = n};
	b->meter = (struct meter){0};
	return attach_add(b, s, &q);
}

static uint64_t known(struct broker *b)
{
	struct core_counts counts;
	core_counts(b->core, &counts);
	return counts.members;
}

/* It has introduced the first of several members, and stops there. */
static struct session *half_way(struct broker *b)
{
	struct session *s = house_meets(b, 1, acme);
	struct attach_request q = all_of_mine();
	while (!known(b))
		assert_int_equal(go_on(b, s, &q), PARLOR_E_BUSY);
	assert_int_equal(known(b), 1);
	return s;
}

static void finish(struct broker *b, struct session *s)
{
	enum parlor_err err;
	struct attach_request q = all_of_mine();
	while ((err = go_on(b, s, &q)) == PARLOR_E_BUSY)
		assert_false(s->ending);
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(session_member_count(s), 3);
}

/* Else it would be refused, and leave names that are known for ever. */
static void what_an_attach_needs_is_not_taken_by_another(struct broker *b, enum parlor_err refusal)
{
	struct session *s = half_way(b), *other = house_meets(b, 2, acme);
	assert_int_equal(attach(b, other, theirs, 1), refusal);
	assert_int_equal(known(b), 1);
	finish(b, s);
	assert_int_equal(known(b), 3);
	assert_int_equal(attach(b, other, theirs, 1), refusal);
	assert_int_equal(known(b), 3);
	assert_int_equal(attach(b, other, mine, 0), PARLOR_E_OK);
}

static void numbers_are_kept_for_who_is_half_way_introduced(void **state)
{
	what_an_attach_needs_is_not_taken_by_another(
		house_with(state, "tenant.tenant_members", "3"), PARLOR_E_TENANT_FULL);
}

static void places_to_listen_are_kept_for_who_is_half_way_introduced(void **state)
{
	what_an_attach_needs_is_not_taken_by_another(
		house_with(state, "tenant.tenant_entries", "3"), PARLOR_E_TOO_MANY);
}

static void a_tenant_without_room_for_its_members_is_not_introduced(void **state)
{
	struct broker *b = house_with(state, "tenant.tenant_members", "2");
	uint32_t tenant;
	assert_int_equal(attach(b, house_meets(b, 1, acme), mine, 3), PARLOR_E_TENANT_FULL);
	assert_int_equal(core_tenant_find(b->core, call.tenant, &tenant), PARLOR_E_OK);
	assert_int_equal(tenant, 0);
}

static void a_session_that_ends_half_way_gives_back_what_was_kept(void **state)
{
	struct broker *b = house_with(state, "tenant.tenant_members", "3");
	struct session *s = half_way(b), *other = house_meets(b, 2, acme);
	assert_int_equal(attach(b, other, theirs, 2), PARLOR_E_TENANT_FULL);
	lifecycle_end(b, s, PARLOR_E_TIMEOUT);
	assert_int_equal(attach(b, other, theirs, 2), PARLOR_E_OK);
	assert_int_equal(known(b), 3);
}

static void an_attach_waits_where_the_disk_fills_half_way(void **state)
{
	struct broker *b = house_with(state, NULL, NULL);
	struct session *s = house_meets(b, 1, acme);
	struct attach_request q = all_of_mine();
	q.full = true;
	b->meter = (struct meter){0};
	assert_int_equal(attach_add(b, s, &q), PARLOR_E_STORE_FULL);
	assert_int_equal(known(b), 0);
	lifecycle_end(b, s, PARLOR_E_OK);

	s = half_way(b);
	uint64_t heard_us = s->heard_us;
	b->listened_us++;
	for (int i = 0; i < 5; i++)
		assert_int_equal(go_on(b, s, &q), PARLOR_E_BUSY);
	assert_int_equal(known(b), 1);
	assert_int_equal(s->heard_us, heard_us);
	finish(b, s);
}

/* Nor is it tried again and again before there can be more room. */
static void what_waits_for_room_is_tried_once_a_turn(void **state)
{
	struct broker *b = house_with(state, NULL, NULL);
	struct session *s = half_way(b);
	Parlor__Attach attach = PARLOR__ATTACH__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT, *requests = &request;
	attach.members = mine;
	attach.n_members = 3;
	request.op_case = PARLOR__REQUEST__OP_ATTACH;
	request.attach = &attach;
	b->commit.rows_late = (struct late){.is = true, .next_us = UINT64_MAX};
	house_turn(b);
	assert_ptr_equal(house_hears(b, 1, &requests, 1), s);
	for (int turn = 0; turn < 3; turn++) {
		assert_false(dispatch_backlog(b));
		assert_int_equal(known(b), 1);
		assert_in_range(b->price.spent[PRICE_REQUESTS], 1, 2);
		house_turn(b);
	}
	b->commit.rows_late = (struct late){0};
	assert_false(dispatch_backlog(b));
	assert_int_equal(known(b), 3);
	assert_null(s->backlog.frames);
}

static void who_is_put_into_too_many_rooms_half_way_has_its_session_ended(void **state)
{
	enum { ROOMS = 5 };
	struct broker *b = house_with(state, "tenant.tenant_entries", "6");
	struct session *s = half_way(b);
	const struct core_member_spec spec = {.id = SPAN_TEXT(mine[2]), .type = MEMBER_TYPE_MEMBER};
	for (uint64_t i = 0; i < ROOMS; i++) {
		struct core_room_view view;
		const struct core_call another = {
			.tenant = call.tenant, .now_us = call.now_us, .random = {i, i}};
		const struct core_room_create room = {.members = &spec, .members_len = 1};
		assert_int_equal(core_room_create(b->core, &another, &room, &view), PARLOR_E_OK);
	}
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	struct attach_request q = all_of_mine();
	while (!s->ending)
		assert_int_equal(go_on(b, s, &q), PARLOR_E_BUSY);
	assert_int_equal(s->end_code, PARLOR_E_BUSY);
}

static void a_hello_is_refused_where_disk_and_sessions_are_full(void **state)
{
	struct broker *b = house_with(state, "session.sessions", "1");
	(void)house_meets(b, 1, acme);
	Parlor__Request *request = house_hello(acme);
	request->hello->members = mine;
	request->hello->n_members = 3;
	b->commit.rows_late = (struct late){.is = true, .next_us = UINT64_MAX};
	assert_null(house_hears(b, 2, &request, 1));
	assert_int_equal(b->counts.sessions_refused, 1);
}

/* Which is asked for by one, and the others wait for. */
static void an_attach_behind_a_join_is_charged_the_commit_it_needs(void **state)
{
	static char room[] = "r";
	struct broker *b = house_with(state, NULL, NULL);
	struct session *s = house_meets(b, 1, acme);
	Parlor__MemberSpec spec = PARLOR__MEMBER_SPEC__INIT, *specs = &spec;
	Parlor__RoomCreate create = PARLOR__ROOM_CREATE__INIT;
	Parlor__Attach attach = PARLOR__ATTACH__INIT;
	Parlor__Ping ping = PARLOR__PING__INIT;
	Parlor__Request list[3], *at[] = {&list[0], &list[1], &list[2]};
	for (size_t i = 0; i < 3; i++)
		parlor__request__init(at[i]);
	spec.member = mine[0];
	spec.type = PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
	create.room = room;
	create.members = &specs;
	create.n_members = 1;
	attach.members = mine;
	attach.n_members = 1;
	list[0].op_case = PARLOR__REQUEST__OP_ROOM_CREATE;
	list[0].room_create = &create;
	list[1].op_case = PARLOR__REQUEST__OP_ATTACH;
	list[1].attach = &attach;
	list[2].op_case = PARLOR__REQUEST__OP_PING;
	list[2].ping = &ping;
	house_turn(b);
	(void)house_hears(b, 1, at, 1);
	assert_false(price_is_spent(&b->price));
	assert_true(drr_may(&b->backlog.drr, &s->backlog.flow));
	(void)house_hears(b, 1, &at[1], 2);
	assert_int_equal(b->commit.counts.awaited, 1);
	assert_true(price_is_spent(&b->price));
	assert_false(drr_may(&b->backlog.drr, &s->backlog.flow));
	assert_non_null(s->backlog.frames);
}

int main(void)
{
#define IN_A_HOUSE(test) cmocka_unit_test_teardown(test, house_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_HOUSE(numbers_are_kept_for_who_is_half_way_introduced),
		IN_A_HOUSE(places_to_listen_are_kept_for_who_is_half_way_introduced),
		IN_A_HOUSE(a_tenant_without_room_for_its_members_is_not_introduced),
		IN_A_HOUSE(a_session_that_ends_half_way_gives_back_what_was_kept),
		IN_A_HOUSE(an_attach_waits_where_the_disk_fills_half_way),
		IN_A_HOUSE(what_waits_for_room_is_tried_once_a_turn),
		IN_A_HOUSE(who_is_put_into_too_many_rooms_half_way_has_its_session_ended),
		IN_A_HOUSE(a_hello_is_refused_where_disk_and_sessions_are_full),
		IN_A_HOUSE(an_attach_behind_a_join_is_charged_the_commit_it_needs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
