/* Which records may go: the limits, and what holds them back. */
#include "turn/retention.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* 1000 records of 100 bytes that everybody has. */
static const struct retention_facts all_have_them = {.first = 1,
						     .last = 1000,
						     .bytes = 100000,
						     .young = 1,
						     .synced = 1000,
						     .covered = 1000,
						     .snapshot = 1000};

static uint64_t first(struct retention_limits limits, struct retention_facts facts)
{
	return retention_rule_first(&limits, &facts);
}

static void without_a_limit_everything_stays(void **state)
{
	(void)state;
	assert_int_equal(first((struct retention_limits){0}, all_have_them), 1);
}

static void each_limit_lets_go_what_is_beyond_it(void **state)
{
	(void)state;
	struct retention_facts f = all_have_them;
	assert_int_equal(first((struct retention_limits){.records = 10}, f), 991);
	assert_int_equal(first((struct retention_limits){.records = 1000}, f), 1);
	assert_int_equal(first((struct retention_limits){.bytes = 100000}, f), 1);
	uint64_t half = first((struct retention_limits){.bytes = 50000}, f);
	assert_true(half >= 500 && half <= 502);
	f.young = 700;
	assert_int_equal(first((struct retention_limits){.seconds = 60}, f), 700);
	assert_int_equal(first((struct retention_limits){.records = 10, .seconds = 60}, f), 991);
	assert_int_equal(first((struct retention_limits){.records = 900, .seconds = 60}, f), 700);
}

static void an_age_that_is_not_known_lets_nothing_go(void **state)
{
	(void)state;
	struct retention_facts f = all_have_them;
	f.young = 0;
	assert_int_equal(first((struct retention_limits){.seconds = 1}, f), 1);
}

static void what_somebody_lacks_stays(void **state)
{
	(void)state;
	struct retention_limits l = {.records = 10};
	struct retention_facts f = all_have_them;
	f.synced = 300;
	assert_int_equal(first(l, f), 301);
	l.without_mysql = true;
	assert_int_equal(first(l, f), 991);
	f.snapshot = 200;
	assert_int_equal(first(l, f), 991);
	l.snapshots = true;
	assert_int_equal(first(l, f), 201);
	f.covered = 100;
	assert_int_equal(first(l, f), 100);
	f.covered = 0;
	assert_int_equal(first(l, f), 1);
}

static void what_is_gone_does_not_come_back(void **state)
{
	(void)state;
	struct retention_facts f = all_have_them;
	f.first = 900;
	f.synced = 0;
	assert_int_equal(first((struct retention_limits){.records = 10}, f), 900);
	f.first = 1001;
	f.bytes = 4096;
	f.synced = 1000;
	assert_int_equal(first((struct retention_limits){.bytes = 1, .records = 1}, f), 1001);
}

/* However uneven the sizes, repeating comes below the limit, and not far. */
static void by_size_it_converges(void **state)
{
	(void)state;
	struct retention_limits l = {.bytes = 10000};
	struct retention_facts f = all_have_them;
	unsigned steps = 0;
	/* The first hundred have 1 byte, the others the rest. */
	while (f.bytes > l.bytes) {
		f.first = retention_rule_first(&l, &f);
		f.bytes = f.first <= 100 ? 101 - f.first + 900 * 111 : (1001 - f.first) * 111;
		assert_true(++steps < 100);
	}
	assert_true(f.bytes > l.bytes / 2);
}

static void rows_keep_up_with_a_small_window(void **state)
{
	(void)state;
	struct retention_facts f = all_have_them;
	f.last = 100000;
	assert_int_equal(retention_rule_behind(&(struct retention_limits){0}, &f, 400000), 400000);
	assert_int_equal(
		retention_rule_behind(&(struct retention_limits){.records = 50}, &f, 400000), 1000);
	assert_int_equal(
		retention_rule_behind(&(struct retention_limits){.records = 5000}, &f, 400000),
		5000);
	assert_int_equal(
		retention_rule_behind(&(struct retention_limits){.records = 5000}, &f, 500), 500);
	f.young = 90001;
	assert_int_equal(
		retention_rule_behind(&(struct retention_limits){.seconds = 5}, &f, 400000), 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_limit_everything_stays),
		cmocka_unit_test(each_limit_lets_go_what_is_beyond_it),
		cmocka_unit_test(an_age_that_is_not_known_lets_nothing_go),
		cmocka_unit_test(what_somebody_lacks_stays),
		cmocka_unit_test(what_is_gone_does_not_come_back),
		cmocka_unit_test(by_size_it_converges),
		cmocka_unit_test(rows_keep_up_with_a_small_window),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
