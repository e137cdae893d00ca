/* Percentiles against the sorted values themselves. */
#include "histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static struct histogram h;

static int clear(void **state)
{
	(void)state;
	h = (struct histogram){0};
	return 0;
}

static void empty_gives_nothing(void **state)
{
	(void)state;
	assert_int_equal(histogram_percentile(&h, 50), 0);
	assert_true(histogram_mean(&h) == 0.0);
}

static void small_values_are_exact(void **state)
{
	(void)state;
	for (uint64_t v = 1; v <= 50; v++)
		histogram_add(&h, v);
	assert_int_equal(histogram_percentile(&h, 0), 1);
	assert_int_equal(histogram_percentile(&h, 50), 25);
	assert_int_equal(histogram_percentile(&h, 100), 50);
	assert_true(histogram_mean(&h) == 25.5);
}

static void extremes_fit(void **state)
{
	(void)state;
	histogram_add(&h, 0);
	histogram_add(&h, UINT64_MAX);
	assert_int_equal(histogram_percentile(&h, 50), 0);
	assert_int_equal(histogram_percentile(&h, 100), UINT64_MAX);
	assert_int_equal(h.max, UINT64_MAX);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void percentiles_are_within_a_bucket(void **state)
{
	(void)state;
	enum { N = 20000 };
	static uint64_t values[N];
	uint64_t random = 88172645463325252U;

	for (size_t i = 0; i < N; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		values[i] = random >> (random % 60);
		histogram_add(&h, values[i]);
	}
	qsort(values, N, sizeof(values[0]), compare);
	assert_int_equal(h.count, N);
	assert_int_equal(h.max, values[N - 1]);
	for (size_t percent = 1; percent <= 100; percent++) {
		uint64_t exact = values[N * percent / 100 - 1];
		uint64_t got = histogram_percentile(&h, (double)percent);
		assert_true(got >= exact);
		assert_true(got - exact <= exact / HISTOGRAM_OCTAVE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty_gives_nothing, clear),
		cmocka_unit_test_setup(small_values_are_exact, clear),
		cmocka_unit_test_setup(extremes_fit, clear),
		cmocka_unit_test_setup(percentiles_are_within_a_bucket, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
