/* Percentiles and Jain's index against values worked out by hand, at the ends and where
 * a careless sum overflows. */
#include "fairness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

static void of_nothing(void **state)
{
	(void)state;
	fairness_sort(NULL, 0);
	assert_int_equal(fairness_percentile(NULL, 0, 50), 0);
	assert_true(fairness_jain(NULL, 0) == 1);
	assert_true(fairness_share(5, 0) == 0);
}

static void a_percentile_is_one_of_the_values(void **state)
{
	uint64_t waits[] = {UINT64_MAX, 30, 10, 20, 0};
	(void)state;
	fairness_sort(waits, 5);
	assert_int_equal(fairness_percentile(waits, 5, 0), 0);
	assert_int_equal(fairness_percentile(waits, 5, 20), 0);
	assert_int_equal(fairness_percentile(waits, 5, 21), 10);
	assert_int_equal(fairness_percentile(waits, 5, 50), 20);
	assert_int_equal(fairness_percentile(waits, 5, 80), 30);
	assert_true(fairness_percentile(waits, 5, 81) == UINT64_MAX);
	assert_true(fairness_percentile(waits, 5, 100) == UINT64_MAX);
	/* Of two the middle is the first: not a value between them. */
	assert_int_equal(fairness_percentile(waits, 2, 50), 0);
}

static void percentiles_of_many_are_their_ranks(void **state)
{
	uint64_t values[250];
	(void)state;
	for (size_t i = 0; i < 250; i++)
		values[i] = 250 - i;
	fairness_sort(values, 250);
	for (unsigned percent = 1; percent <= 100; percent++)
		assert_int_equal(fairness_percentile(values, 250, percent),
				 (250 * percent + 99) / 100);
}

static void what_is_shared_evenly_is_one(void **state)
{
	const double alike[] = {0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3}, none[] = {0, 0};
	(void)state;
	assert_true(fairness_jain(alike, 7) == 1);
	assert_true(fairness_jain(alike, 1) == 1);
	assert_true(fairness_jain(none, 2) == 1);
}

static void what_one_has_alone_is_one_in_n(void **state)
{
	const double alone[] = {0, 0, 9, 0}, uneven[] = {1, 2, 3};
	(void)state;
	assert_true(fairness_jain(alone, 4) == 0.25);
	assert_true(fabs(fairness_jain(uneven, 3) - 36.0 / 42) < 1e-15);
}

static void neither_large_nor_small_shares_are_lost(void **state)
{
	const double large[] = {DBL_MAX, DBL_MAX / 2}, small[] = {DBL_MIN, DBL_MIN / 2};
	(void)state;
	assert_true(fairness_jain(large, 2) == 0.9);
	assert_true(fairness_jain(small, 2) == 0.9);
	assert_true(fairness_share(3, 4) == 0.75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_nothing),
		cmocka_unit_test(a_percentile_is_one_of_the_values),
		cmocka_unit_test(percentiles_of_many_are_their_ranks),
		cmocka_unit_test(what_is_shared_evenly_is_one),
		cmocka_unit_test(what_one_has_alone_is_one_in_n),
		cmocka_unit_test(neither_large_nor_small_shares_are_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
