/* The tree of bits against a plain array. */
#include "engine/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#define NUMBERS 300000

static uint64_t plain_next(const bool *plain, uint64_t from)
{
	for (; from < NUMBERS; from++)
		if (plain[from])
			return from;
	return UINT64_MAX;
}

static void next_and_last_are_those_of_a_plain_array(void **state)
{
	static bool plain[NUMBERS];
	struct bits bits = {0};
	uint64_t last = 0;
	(void)state;
	srand(1);
	for (int round = 0; round < 4000; round++) {
		/* Near each other, far apart, and at the ends of words. */
		uint64_t near = (uint64_t)rand() % 200, far = (uint64_t)rand() % NUMBERS;
		uint64_t n = round % 3 == 0 ? near : round % 3 == 1 ? far : far / 64 * 64;
		bool set = rand() % 2;
		plain[n] = set;
		if (set)
			bits_set(&bits, n);
		else
			bits_clear(&bits, n);
		if (set && n > last)
			last = n;
		while (last > 0 && !plain[last])
			last--;
		assert_int_equal(bits_last(&bits), last);
		uint64_t from = (uint64_t)rand() % NUMBERS;
		assert_int_equal(bits_next(&bits, from), plain_next(plain, from));
		assert_int_equal(bits_next(&bits, n), plain_next(plain, n));
	}
	bits_fini(&bits);
}

static void an_empty_set_has_none(void **state)
{
	struct bits bits = {0};
	const uint64_t high = (uint64_t)1 << 24, beyond = (uint64_t)1 << 32;
	(void)state;
	assert_int_equal(bits_next(&bits, 0), UINT64_MAX);
	assert_int_equal(bits_last(&bits), 0);
	bits_clear(&bits, 5);
	bits_set(&bits, high);
	assert_int_equal(bits_next(&bits, 1), high);
	assert_int_equal(bits_last(&bits), high);
	assert_int_equal(bits_next(&bits, high + 1), UINT64_MAX);
	/* No number is taken for its lower 32 bits. */
	assert_int_equal(bits_next(&bits, beyond), UINT64_MAX);
	bits_clear(&bits, beyond + high);
	assert_int_equal(bits_next(&bits, 1), high);
	bits_clear(&bits, high);
	assert_int_equal(bits_next(&bits, 0), UINT64_MAX);
	bits_fini(&bits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_and_last_are_those_of_a_plain_array),
		cmocka_unit_test(an_empty_set_has_none),
	};
	return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
