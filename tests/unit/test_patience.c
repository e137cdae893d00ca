/* How long visitors wait: by hand, as in any textbook. */
#include "whatif/patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND 1000000
#define LARGEST UINT64_MAX

/* Six of them: left after 1, 3 and 4 s, served after 2, 3 and 5 s. */
static struct patience six(void)
{
	struct patience p = {0};
	patience_add(&p, 3 * SECOND, false);
	patience_add(&p, 1 * SECOND, true);
	patience_add(&p, 5 * SECOND, false);
	patience_add(&p, 3 * SECOND, true);
	patience_add(&p, 2 * SECOND, false);
	patience_add(&p, 4 * SECOND, true);
	patience_estimate(&p);
	return p;
}

static void near(double a, double b)
{
	assert_true(a - b < 1e-12 && b - a < 1e-12);
}

static void who_was_served_counts_as_long_as_it_was_there(void **state)
{
	struct patience p = six();
	(void)state;
	near(patience_after(&p, 0), 1);
	near(patience_after(&p, 1 * SECOND), 5.0 / 6);
	near(patience_after(&p, 2 * SECOND), 5.0 / 6);
	near(patience_after(&p, 3 * SECOND), 5.0 / 6 * 3 / 4);
	near(patience_after(&p, 4 * SECOND), 5.0 / 6 * 3 / 4 / 2);
	near(patience_after(&p, 9 * SECOND), 5.0 / 6 * 3 / 4 / 2);
	patience_fini(&p);
}

static void what_is_drawn_is_longer_than_what_was_waited(void **state)
{
	struct patience p = six();
	(void)state;
	assert_int_equal(patience_draw(&p, 0, LARGEST), 1 * SECOND);
	/* Of those who are there after 2 s a quarter leaves after 3 s, and half of the rest
	 * after 4 s. */
	assert_int_equal(patience_draw(&p, 2 * SECOND, LARGEST), 3 * SECOND);
	assert_int_equal(patience_draw(&p, 2 * SECOND, LARGEST / 10 * 7), 4 * SECOND);
	assert_int_equal(patience_draw(&p, 2 * SECOND, LARGEST / 10 * 3), PATIENCE_ENDLESS);
	patience_fini(&p);
}

static void of_none_everybody_waits_without_end(void **state)
{
	struct patience p = {0};
	(void)state;
	patience_estimate(&p);
	near(patience_after(&p, SECOND), 1);
	assert_int_equal(patience_draw(&p, 0, 0), PATIENCE_ENDLESS);
	patience_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_served_counts_as_long_as_it_was_there),
		cmocka_unit_test(what_is_drawn_is_longer_than_what_was_waited),
		cmocka_unit_test(of_none_everybody_waits_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
