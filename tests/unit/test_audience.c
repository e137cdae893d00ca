/* What the delivery check of a replay notices, and that it notices it. */
#include "audience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct audience a;
static struct audience_room *room;

#define BOTH 3U
#define FIRST 1U

static int open_room(void **state)
{
	(void)state;
	a = (struct audience){0};
	room = audience_open(&a, "tea", 3);
	return 0;
}

static int fini(void **state)
{
	(void)state;
	audience_fini(&a);
	return 0;
}

static void all_heard_in_order_is_good(void **state)
{
	(void)state;
	audience_expect(&a, room, 0, BOTH);
	audience_expect(&a, room, 2, FIRST);
	audience_hear(&a, 0, "tea", "r0", 1);
	assert_int_equal(audience_outstanding(&a), 2);
	audience_close(&a, room);
	audience_hear(&a, 1, "tea", "r0", 1);
	audience_hear(&a, 0, "tea", "r2", 2);
	assert_int_equal(audience_outstanding(&a), 0);
	assert_int_equal(a.heard, 3);
	assert_int_equal(a.heard_by[0], 2);
	assert_int_equal(a.unexpected + a.out_of_order + a.foreign, 0);
	assert_null(a.rooms);
}

static void doubles_and_strangers_are_unexpected(void **state)
{
	(void)state;
	audience_expect(&a, room, 0, FIRST);
	audience_hear(&a, 0, "tea", "r0", 1);
	audience_hear(&a, 0, "tea", "r0", 1);
	audience_hear(&a, 1, "tea", "r0", 1);
	audience_hear(&a, 0, "tea", "r1", 2);
	audience_hear(&a, 0, "tea", "r77", 2);
	audience_hear(&a, 0, "coffee", "r0", 1);
	assert_int_equal(a.heard, 1);
	assert_int_equal(a.unexpected, 5);
}

static void order_is_that_of_seq(void **state)
{
	(void)state;
	audience_expect(&a, room, 0, BOTH);
	audience_expect(&a, room, 1, BOTH);
	audience_hear(&a, 0, "tea", "r1", 2);
	audience_hear(&a, 1, "tea", "r0", 1);
	audience_hear(&a, 1, "tea", "r1", 2);
	assert_int_equal(a.out_of_order, 0);
	assert_int_equal(audience_outstanding(&a), 1);
	audience_hear(&a, 0, "tea", "r0", 1);
	assert_int_equal(a.out_of_order, 1);
}

static void refused_posts_are_not_waited_for(void **state)
{
	(void)state;
	audience_expect(&a, room, 0, BOTH);
	audience_cancel(&a, room, 0);
	assert_int_equal(a.expected, 0);
	audience_hear(&a, 0, "tea", "r0", 1);
	assert_int_equal(a.unexpected, 1);
}

static void noting_twice_expects_once(void **state)
{
	(void)state;
	audience_expect(&a, room, 0, FIRST);
	audience_hear(&a, 0, "tea", "r0", 1);
	audience_expect(&a, room, 0, FIRST);
	assert_int_equal(audience_outstanding(&a), 0);
}

static void posts_of_others_are_foreign(void **state)
{
	(void)state;
	audience_hear(&a, 0, "tea", "6f1c", 1);
	assert_int_equal(a.foreign, 1);
	assert_int_equal(a.unexpected, 0);
}

#define WITH_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, fini)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOM(all_heard_in_order_is_good),
		WITH_ROOM(doubles_and_strangers_are_unexpected),
		WITH_ROOM(order_is_that_of_seq),
		WITH_ROOM(refused_posts_are_not_waited_for),
		WITH_ROOM(noting_twice_expects_once),
		WITH_ROOM(posts_of_others_are_foreign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
