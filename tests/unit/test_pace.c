/* When events are due. */
#include "pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct corpus_event events[] = {{.t_ms = 5000}, {.t_ms = 5000}, {.t_ms = 65000}};
static struct corpus_room room = {.timed = true, .events = events, .events_len = 3};

static void recorded_keeps_the_gaps(void **state)
{
	(void)state;
	struct pace pace;

	assert_true(pace_parse(&pace, "recorded"));
	assert_int_equal(pace_due_us(&pace, &room, 0), 0);
	assert_int_equal(pace_due_us(&pace, &room, 1), 0);
	assert_int_equal(pace_due_us(&pace, &room, 2), 60000000);
}

static void a_number_divides_the_gaps(void **state)
{
	(void)state;
	struct pace pace;

	assert_true(pace_parse(&pace, "120"));
	assert_int_equal(pace_due_us(&pace, &room, 2), 500000);
	assert_true(pace_parse(&pace, "0.5"));
	assert_int_equal(pace_due_us(&pace, &room, 2), 120000000);
}

static void max_is_at_once(void **state)
{
	(void)state;
	struct pace pace;

	assert_true(pace_parse(&pace, "max"));
	assert_int_equal(pace_due_us(&pace, &room, 2), 0);
}

static void rooms_without_times_have_a_steady_pace(void **state)
{
	(void)state;
	struct corpus_room untimed = {.events = events, .events_len = 3};
	struct pace pace;

	assert_true(pace_parse(&pace, "2"));
	assert_int_equal(pace_due_us(&pace, &untimed, 2), PACE_UNTIMED_GAP_MS * 1000);
}

static void what_is_left_out_takes_no_time(void **state)
{
	(void)state;
	struct corpus_room late = {.timed = true, .events = events, .events_len = 3, .first = 1};
	struct corpus_room untimed = {.events = events, .events_len = 3, .first = 1};
	struct pace pace;

	assert_true(pace_parse(&pace, "recorded"));
	assert_int_equal(pace_due_us(&pace, &late, 2), 60000000);
	assert_int_equal(pace_due_us(&pace, &untimed, 2), PACE_UNTIMED_GAP_MS * 1000);
}

static void a_rate_spaces_messages_evenly(void **state)
{
	(void)state;
	struct pace pace = {.speed = 0};

	assert_false(pace_is_timed(&pace));
	assert_int_equal(pace_post_us(&pace, 1000), 0);
	assert_true(pace_parse_rate(&pace, "250/s"));
	assert_true(pace_is_timed(&pace));
	assert_int_equal(pace_post_us(&pace, 0), 0);
	assert_int_equal(pace_post_us(&pace, 1), 4000);
	assert_int_equal(pace_post_us(&pace, 1000), 4000000);
	assert_true(pace_parse_rate(&pace, "0.5"));
	assert_int_equal(pace_post_us(&pace, 1), 2000000);
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	static const char *const words[] = {"", "fast", "0", "-1", "nan", "inf", "2x", "max "};
	struct pace pace;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_false(pace_parse(&pace, words[i]));
	static const char *const rates[] = {"", "x", "0", "-1/s", "nan", "inf", "2/m", "2/s "};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		assert_false(pace_parse_rate(&pace, rates[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_keeps_the_gaps),
		cmocka_unit_test(a_number_divides_the_gaps),
		cmocka_unit_test(max_is_at_once),
		cmocka_unit_test(rooms_without_times_have_a_steady_pace),
		cmocka_unit_test(what_is_left_out_takes_no_time),
		cmocka_unit_test(a_rate_spaces_messages_evenly),
		cmocka_unit_test(nonsense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
