/* Which events of a file are played. */
#include "choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t bound_of(const char *text, enum choice_bound_kind kind)
{
	struct choice_bound bound;
	if (!choice_bound_parse(&bound, text))
		fail_msg("%s is refused", text);
	assert_int_equal(bound.kind, kind);
	return bound.value;
}

static void bounds_are_numbers_or_times(void **state)
{
	(void)state;
	assert_int_equal(bound_of("0", CHOICE_NUMBER), 0);
	assert_int_equal(bound_of("1700000000000", CHOICE_NUMBER), 1700000000000);
	assert_int_equal(bound_of("1970-01-01", CHOICE_TIME), 0);
	assert_int_equal(bound_of("2023-11-14T22:13:20Z", CHOICE_TIME), 1700000000000);
	assert_int_equal(bound_of("2023-11-14 22:13:20.5Z", CHOICE_TIME), 1700000000500);
	assert_int_equal(bound_of("2023-11-14T22:13:20.1239Z", CHOICE_TIME), 1700000000123);
	assert_int_equal(bound_of("2023-11-15T00:13:20+02:00", CHOICE_TIME), 1700000000000);
	assert_int_equal(bound_of("2023-11-14T20:43:20-01:30", CHOICE_TIME), 1700000000000);
}

static void what_is_neither_is_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "-1",
					    "12x",
					    "99999999999999999999",
					    "2023-13-01",
					    "2023-11-14T22:13:20",
					    "2023-11-14T22:13Z",
					    "2023-11-14T22:13:20+2",
					    "2023-11-14T22:13:20+24:00",
					    "2023-11-14Z",
					    "yesterday"};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct choice_bound bound;
		if (choice_bound_parse(&bound, wrong[i]))
			fail_msg("\"%s\" is taken", wrong[i]);
	}
}

static void both_bounds_are_inclusive(void **state)
{
	struct choice c = {.from = {CHOICE_NUMBER, 3}, .until = {CHOICE_NUMBER, 5}};
	(void)state;
	assert_false(choice_event(&c, 2, true, 0));
	assert_true(choice_event(&c, 3, true, 0));
	assert_true(choice_event(&c, 5, false, 0));
	assert_false(choice_event(&c, 6, true, 0));
	assert_false(choice_past(&c, 5));
	assert_true(choice_past(&c, 6));
}

static void what_has_no_time_lies_within_no_times(void **state)
{
	struct choice all = {.rooms_len = 0};
	struct choice c = {.until = {CHOICE_TIME, 1000}};
	(void)state;
	assert_true(choice_event(&all, 7, false, 0));
	assert_true(choice_event(&c, 7, true, 1000));
	assert_false(choice_event(&c, 7, true, 1001));
	assert_false(choice_event(&c, 7, false, 0));
	assert_false(choice_past(&c, INT64_MAX));
}

static void rooms_are_named_or_the_first_ones(void **state)
{
	struct choice first = {.rooms_len = 0}, named = {.rooms_len = 0}, all = {.rooms_len = 0};
	(void)state;
	assert_true(choice_rooms_parse(&first, "2"));
	assert_true(choice_room(&first, "x", 1));
	assert_false(choice_room(&first, "x", 2));
	assert_true(choice_rooms_parse(&named, "desk,12,tea-1"));
	assert_true(choice_room(&named, "12", 99));
	assert_true(choice_room(&named, "tea-1", 99));
	assert_false(choice_room(&named, "tea", 0));
	assert_true(choice_room(&all, "any", 99));
}

static void lists_that_name_no_room_are_refused(void **state)
{
	static const char *const wrong[] = {"", "0", ",", "a,", "a,,b", "99999999999999999999999"};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct choice c = {.rooms_len = 0};
		if (choice_rooms_parse(&c, wrong[i]))
			fail_msg("\"%s\" is taken", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_numbers_or_times),
		cmocka_unit_test(what_is_neither_is_refused),
		cmocka_unit_test(both_bounds_are_inclusive),
		cmocka_unit_test(what_has_no_time_lies_within_no_times),
		cmocka_unit_test(rooms_are_named_or_the_first_ones),
		cmocka_unit_test(lists_that_name_no_room_are_refused),
	};
	return cmocka_run_group_tests_name("choice", tests, NULL, NULL);
}
