/* What the delivery check of a replay notices, and that it notices it. */
#include "delivery_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct delivery_check h;
static struct delivery_check_room *room;

#define BOTH 3U
#define FIRST 1U

static int open_room(void **state)
{
	(void)state;
	h = (struct delivery_check){0};
	room = delivery_check_open(&h, "tea", 3);
	return 0;
}

static int fini(void **state)
{
	(void)state;
	delivery_check_fini(&h);
	return 0;
}

static void all_heard_in_order_is_good(void **state)
{
	(void)state;
	delivery_check_expect(&h, room, 0, BOTH);
	delivery_check_expect(&h, room, 2, FIRST);
	delivery_check_take(&h, 0, "tea", "r0", 1);
	assert_int_equal(delivery_check_outstanding(&h), 2);
	delivery_check_close(&h, room);
	delivery_check_take(&h, 1, "tea", "r0", 1);
	delivery_check_take(&h, 0, "tea", "r2", 2);
	assert_int_equal(delivery_check_outstanding(&h), 0);
	assert_int_equal(h.heard, 3);
	assert_int_equal(h.heard_by[0], 2);
	assert_int_equal(h.unexpected + h.out_of_order + h.foreign, 0);
	assert_null(h.rooms);
}

static void doubles_and_strangers_are_unexpected(void **state)
{
	(void)state;
	delivery_check_expect(&h, room, 0, FIRST);
	delivery_check_take(&h, 0, "tea", "r0", 1);
	delivery_check_take(&h, 0, "tea", "r0", 1);
	delivery_check_take(&h, 1, "tea", "r0", 1);
	delivery_check_take(&h, 0, "tea", "r1", 2);
	delivery_check_take(&h, 0, "tea", "r77", 2);
	delivery_check_take(&h, 0, "coffee", "r0", 1);
	assert_int_equal(h.heard, 1);
	assert_int_equal(h.unexpected, 5);
}

static void order_is_that_of_seq(void **state)
{
	(void)state;
	delivery_check_expect(&h, room, 0, BOTH);
	delivery_check_expect(&h, room, 1, BOTH);
	delivery_check_take(&h, 0, "tea", "r1", 2);
	delivery_check_take(&h, 1, "tea", "r0", 1);
	delivery_check_take(&h, 1, "tea", "r1", 2);
	assert_int_equal(h.out_of_order, 0);
	assert_int_equal(delivery_check_outstanding(&h), 1);
	delivery_check_take(&h, 0, "tea", "r0", 1);
	assert_int_equal(h.out_of_order, 1);
}

static void refused_posts_are_not_waited_for(void **state)
{
	(void)state;
	delivery_check_expect(&h, room, 0, BOTH);
	delivery_check_cancel(&h, room, 0);
	assert_int_equal(h.expected, 0);
	delivery_check_take(&h, 0, "tea", "r0", 1);
	assert_int_equal(h.unexpected, 1);
}

static void noting_twice_expects_once(void **state)
{
	(void)state;
	delivery_check_expect(&h, room, 0, FIRST);
	delivery_check_take(&h, 0, "tea", "r0", 1);
	delivery_check_expect(&h, room, 0, FIRST);
	assert_int_equal(delivery_check_outstanding(&h), 0);
}

static void posts_of_others_are_foreign(void **state)
{
	(void)state;
	delivery_check_take(&h, 0, "tea", "6f1c", 1);
	assert_int_equal(h.foreign, 1);
	assert_int_equal(h.unexpected, 0);
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
