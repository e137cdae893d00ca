/* Requests that keep no more than a number from turn to turn, in a broker whose loop does not
 * run: what happens meanwhile, and what the reply says of it. */
#include "api/request.h"
#include "core/member.h"
#include "core/presence.h"
#include "core/room_members.h"
#include "house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char acme[] = "acme", room[] = "r";
static const struct core_call call = {.tenant = {"acme", 4}, .now_us = 1000000};
static const struct core_notice quiet;

/* One piece of it, in a turn of its own of so many steps. */
static enum parlor_err carry_out(struct request *a, struct broker *b, struct session *s,
				 const Parlor__Request *request, uint64_t steps)
{
	*a = (struct request){.broker = b, .session = s, .request = request};
	a->call = broker_call(b, s);
	a->kind = request_kind(&b->kinds, request->op_case);
	request_begin(a);
	b->meter = (struct meter){.steps_end = steps};
	return a->kind->handle(a);
}

/* ---- a page of members --------------------------------------------------------------- */

static struct core_member_spec member(const char *id)
{
	return (struct core_member_spec){.id = SPAN_TEXT(id), .type = MEMBER_TYPE_MEMBER};
}

static void join(struct broker *b, const char *id)
{
	struct core_member_spec spec = member(id);
	struct core_room_view view;
	assert_int_equal(core_members_add(b->core, &call, SPAN_TEXT(room), &spec, 1, &quiet, &view),
			 PARLOR_E_OK);
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
}

static void leave(struct broker *b, const char *id)
{
	struct span span = SPAN_TEXT(id);
	struct core_room_view view;
	assert_int_equal(
		core_members_remove(b->core, &call, SPAN_TEXT(room), &span, 1, &quiet, &view),
		PARLOR_E_OK);
}

/* Of five that stand in rows the first three have left since. */
static void fill_room(struct broker *b)
{
	static const char *const ids[] = {"m1", "m2", "m3", "m4", "m5"};
	struct core_member_spec specs[5];
	for (int i = 0; i < 5; i++)
		specs[i] = member(ids[i]);
	const struct core_room_create create = {
		.id = SPAN_TEXT(room), .members = specs, .members_len = 5};
	struct core_room_view view;
	assert_int_equal(core_room_create(b->core, &call, &create, &view), PARLOR_E_OK);
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	assert_int_equal(commit_all_rows(&b->commit), PARLOR_E_OK);
	for (int i = 0; i < 3; i++)
		leave(b, ids[i]);
}

static void is_page(const struct request *a, bool more, const char *first, const char *last)
{
	const Parlor__MembersPage *page = a->reply.members;
	assert_int_equal(a->reply.result_case, PARLOR__REPLY__RESULT_MEMBERS);
	assert_int_equal(page->more, more);
	assert_string_equal(page->members[0]->member, first);
	assert_string_equal(page->members[page->n_members - 1]->member, last);
}

/* Who comes back meanwhile, before the place where it goes on, is on it: it is as of its end. */
static void a_page_of_members_that_goes_on_has_who_came_meanwhile(void **state)
{
	struct broker *b = house_with(state, NULL, NULL);
	struct session *s = house_meets(b, 1, acme);
	struct request a;
	Parlor__MembersList list = PARLOR__MEMBERS_LIST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT, *requests = &request;
	list.room = room;
	request.op_case = PARLOR__REQUEST__OP_MEMBERS_LIST;
	request.members_list = &list;
	fill_room(b);
	for (int i = 0; i < 3; i++)
		assert_int_equal(carry_out(&a, b, s, &request, 1), PARLOR_E_BUSY);
	assert_int_equal(carry_out(&a, b, s, &request, 1), PARLOR_E_OK);
	is_page(&a, false, "m4", "m5");

	for (int i = 0; i < 3; i++)
		assert_int_equal(carry_out(&a, b, s, &request, 1), PARLOR_E_BUSY);
	join(b, "m2");
	assert_int_equal(carry_out(&a, b, s, &request, 1), PARLOR_E_BUSY);
	assert_int_equal(commit_all_rows(&b->commit), PARLOR_E_OK);
	assert_int_equal(carry_out(&a, b, s, &request, 1), PARLOR_E_OK);
	is_page(&a, false, "m2", "m5");

	/* What comes behind one that is done begins at its own beginning. */
	leave(b, "m2");
	assert_int_equal(carry_out(&a, b, s, &request, 1), PARLOR_E_BUSY);
	join(b, "m2");
	assert_ptr_equal(house_hears(b, 1, &requests, 1), s);
	assert_int_equal(s->progress.at, 0);
}

/* ---- presence -------------------------------------------------------------------------- */

/* None of them is in memory: there is none to speak of. */
static void introduce(struct broker *b, char (*ids)[8], char **named, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t no;
		named[i] = ids[i];
		snprintf(ids[i], sizeof ids[i], "m%04zu", i);
		assert_int_equal(core_member_intern(b->core, &call, SPAN_TEXT(ids[i]), &no),
				 PARLOR_E_OK);
	}
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	assert_int_equal(commit_all_rows(&b->commit), PARLOR_E_OK);
}

static void evict(struct broker *b)
{
	for (int i = 0; i < 100; i++)
		core_evict(b->core);
}

static void presence_of_many_is_read_by_pieces(void **state)
{
	enum { MEMBERS = 1000, PIECE = 1000, STEPS_OF_ONE = 2 * METER_ROW_STEPS };
	static char ids[MEMBERS][8], *named[MEMBERS];
	struct broker *b = house_with(state, "limits.resident_bytes", "64k");
	struct session *s = house_meets(b, 1, acme);
	struct request a;
	Parlor__PresenceGet get = PARLOR__PRESENCE_GET__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	get.members = named;
	get.n_members = MEMBERS;
	request.op_case = PARLOR__REQUEST__OP_PRESENCE_GET;
	request.presence_get = &get;
	introduce(b, ids, named, MEMBERS);
	evict(b);

	int pieces = 1;
	uint64_t first;
	for (; carry_out(&a, b, s, &request, PIECE) == PARLOR_E_BUSY; pieces++)
		assert_in_range(b->meter.steps, PIECE, PIECE + STEPS_OF_ONE);
	assert_in_range(pieces, MEMBERS * STEPS_OF_ONE / PIECE / 2, MEMBERS);
	s->progress.at = 0;

	/* What has changed meanwhile is shown as it is at the end. */
	evict(b);
	assert_int_equal(carry_out(&a, b, s, &request, PIECE), PARLOR_E_BUSY);
	assert_int_equal(core_member_find(b->core, &call, SPAN_TEXT(ids[0]), &first), PARLOR_E_OK);
	assert_int_equal(core_presence_set(b->core, &call, first, PRESENCE_IS_BUSY), PARLOR_E_OK);
	assert_int_equal(carry_out(&a, b, s, &request, UINT64_MAX), PARLOR_E_OK);
	const Parlor__PresencePage *page = a.reply.presence;
	assert_int_equal(page->n_members, MEMBERS);
	assert_int_equal(page->members[0]->presence, PARLOR__PRESENCE__PRESENCE_BUSY);
	for (size_t i = 0; i < MEMBERS; i++)
		assert_string_equal(page->members[i]->member, named[i]);
}

int main(void)
{
#define IN_A_HOUSE(test) cmocka_unit_test_teardown(test, house_teardown)
	const struct CMUnitTest tests[] = {
		IN_A_HOUSE(a_page_of_members_that_goes_on_has_who_came_meanwhile),
		IN_A_HOUSE(presence_of_many_is_read_by_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
