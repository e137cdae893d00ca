/* Rooms of a recording: what may be unanswered together, and how messages are
 * numbered when the beginning is missing. */
#include "noun/noun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct operation_kind *of(const char *type)
{
	return kind_of_type(type)->operation;
}

static bool together(const struct operation_kind *first, const struct operation_kind *second)
{
	struct place p = {.out = 1, .last = first};
	return place_free(&p, second);
}

static void what_can_be_carried_out_twice_goes_together(void **state)
{
	(void)state;
	const struct operation_kind *kinds[] = {of("text"), of("read"), of("read")->then,
						of("join"), of("recall")};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
			assert_true(together(kinds[i], kinds[k]));
	assert_true(together(of("leave"), of("leave")));
}

/* Removed a second time, who came back meanwhile would lose what is unread. */
static void what_would_do_harm_a_second_time_waits_and_is_waited_for(void **state)
{
	(void)state;
	const struct operation_kind *alone[] = {of("create"), of("rename"), of("state"),
						of("profile"), of("leave")};
	for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++) {
		struct place quiet = {.out = 0, .last = of("text")};
		assert_true(place_free(&quiet, alone[i]));
		assert_false(together(alone[i], of("text")));
		assert_false(together(of("text"), alone[i]));
		assert_false(together(alone[i], of("join")));
		assert_false(together(of("read"), alone[i]));
	}
	assert_false(together(of("leave"), of("profile")));
	assert_false(together(of("create"), of("create")));
}

static void messages_are_numbered_from_the_first_one_there(void **state)
{
	(void)state;
	struct place p = {.counted = false};
	assert_int_equal(place_seq(&p, 7), 0);
	p.counted = true;
	assert_int_equal(place_seq(&p, 7), 7);
	p.ahead = 6;
	assert_int_equal(place_seq(&p, 7), 1);
	assert_int_equal(place_seq(&p, 6), 0);
	assert_int_equal(place_seq(&p, 0), 0);
}

static void rooms_are_told_apart_by_tenant_and_members_met_once(void **state)
{
	(void)state;
	struct places all = {.len = 0};
	bool met;
	struct place *a = places_get(&all, 0, "desk", &met);
	assert_false(met);
	struct place *b = places_get(&all, 1, "desk", &met);
	assert_false(met);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(places_get(&all, 0, "desk", &met), a);
	assert_true(met);
	assert_int_equal(all.len, 2);
	assert_true(place_meet(a, "ann"));
	assert_false(place_meet(a, "ann"));
	assert_true(place_meet(b, "ann"));
	places_fini(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_be_carried_out_twice_goes_together),
		cmocka_unit_test(what_would_do_harm_a_second_time_waits_and_is_waited_for),
		cmocka_unit_test(messages_are_numbered_from_the_first_one_there),
		cmocka_unit_test(rooms_are_told_apart_by_tenant_and_members_met_once),
	};
	return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
