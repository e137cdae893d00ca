/* How write-back keeps step with what comes. */
#include "turn/pacing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct pacing_limits limits = {.dirty_rows = 40000, .behind = 20000, .rows_max = 2000};

static void nothing_leaves_while_little_is_dirty(void **state)
{
	(void)state;
	struct pacing t = {0};
	assert_int_equal(pacing_rows(&t, &limits, 100, false, 9999, 9999), 0);
	assert_int_equal(pacing_rows(&t, &limits, 100, false, 0, 1000000), 0);
}

static void a_pass_begins_when_much_is_dirty_or_far_behind(void **state)
{
	(void)state;
	struct pacing t = {0};
	assert_true(pacing_rows(&t, &limits, 1, false, 10000, 0) > 0);
	assert_true(pacing_rows(&t, &limits, 1, false, 1, 10000) > 0);
}

/* So many rows were dirty, so many records come with each commit: the pass is
 * over before half as many records came as may be behind. */
static void pass(uint64_t dirty, uint64_t records)
{
	struct pacing t = {0};
	uint64_t left = dirty, came = 0, rows = pacing_rows(&t, &limits, records, false, dirty, 0);
	while (left > rows) {
		assert_true(rows == 0 || rows >= PACING_ROWS_MIN);
		left -= rows;
		came += records;
		assert_true(came <= limits.behind / 2 + PACING_ROWS_MIN * limits.behind / dirty);
		rows = pacing_rows(&t, &limits, records, true, left, came);
	}
}

static void a_pass_is_over_in_time(void **state)
{
	(void)state;
	pass(10000, 1);
	pass(10000, 16);
	pass(19000, 256);
	pass(12345, 100);
}

static void one_commit_is_never_long(void **state)
{
	(void)state;
	struct pacing t = {0};
	assert_int_equal(pacing_rows(&t, &limits, 1000000, false, 39999, 0), limits.rows_max);
	assert_int_equal(pacing_rows(&t, &limits, 100000, true, 39999, 0), limits.rows_max);
}

static void much_that_is_dirty_leaves_faster(void **state)
{
	(void)state;
	struct pacing calm = {.begun = 15000}, hurry = {.begun = 15000};
	size_t slow = pacing_rows(&calm, &limits, 100, true, 15000, 0);
	size_t fast = pacing_rows(&hurry, &limits, 100, true, 30000, 0);
	assert_true(slow > 0 && fast >= 3 * slow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_leaves_while_little_is_dirty),
		cmocka_unit_test(a_pass_begins_when_much_is_dirty_or_far_behind),
		cmocka_unit_test(a_pass_is_over_in_time),
		cmocka_unit_test(one_commit_is_never_long),
		cmocka_unit_test(much_that_is_dirty_leaves_faster),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
