/* Hours: what opens and closes when, beside a table that Python's zones and dates made,
 * and texts that are none. */
#include "core/desk/hours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000ull
#define DAY (86400 * SECOND)
#define MONDAY (1773014400 * SECOND) /* 2026-03-09, at midnight of UTC */

static struct hours hours_of(const char *rules)
{
	struct hours h;
	assert_int_equal(hours_read(&h, SPAN_TEXT(rules)), PARLOR_E_OK);
	return h;
}

/* ---- beside the table ------------------------------------------------------------------- */

static uint64_t number(char **at)
{
	return strtoull(*at, at, 10);
}

/* A line of seconds: from, until, whether it is open, and all changes between. */
static void assert_week(const struct hours *h, char *line)
{
	uint64_t from = number(&line), until = number(&line), at = from, next;
	bool is_open = number(&line);
	do {
		next = number(&line);
		uint64_t behind = next ? next : until;
		for (uint64_t s = at; s < behind; s += 997)
			assert_int_equal(hours_open(h, s * SECOND), is_open);
		assert_int_equal(hours_open(h, behind * SECOND - 1), is_open);
		if (next) {
			assert_int_equal(hours_next(h, at * SECOND), next * SECOND);
			assert_int_equal(hours_next(h, next * SECOND - 1), next * SECOND);
		} else {
			assert_true(hours_next(h, at * SECOND) >= until * SECOND);
		}
		at = next;
		is_open = !is_open;
	} while (next);
}

static void they_open_and_close_as_the_clock_on_the_wall_says(void **state)
{
	static char line[8192];
	FILE *in = fopen(PARLOR_TEST_DATA "/hours.txt", "r");
	struct hours h = {0};
	int weeks = 0;
	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof line, in)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "rules ", 6))
			h = hours_of(line + 6);
		if (!strncmp(line, "week ", 5)) {
			assert_week(&h, line + 5);
			weeks++;
		}
	}
	assert_int_equal(weeks, 21);
	(void)fclose(in);
}

/* ---- never, always, and far away ----------------------------------------------------------- */

static void what_never_changes_has_no_next_time(void **state)
{
	struct hours none = hours_of(""), all = hours_of("mon-sun 00:00-24:00, @0 +3600");
	struct hours closed = hours_of("2026-03-09 closed");
	(void)state;
	for (uint64_t us = MONDAY; us < MONDAY + 9 * DAY; us += DAY / 3) {
		assert_false(hours_open(&none, us));
		assert_true(hours_open(&all, us));
		assert_int_equal(hours_next(&none, us), UINT64_MAX);
		assert_int_equal(hours_next(&all, us), UINT64_MAX);
		assert_int_equal(hours_next(&closed, us), UINT64_MAX);
	}
}

static void the_only_day_is_found_years_before(void **state)
{
	struct hours always = hours_of("mon-sun 00:00-24:00, 2035-12-24 closed, @0 -18000,"
				       " @1773039600 -14400, @1793599200 -18000");
	struct hours once = hours_of("2035-12-24 09:00-09:30");
	const uint64_t closes = 2082085200 * SECOND; /* midnight in New York */
	const uint64_t opens = 2082099600 * SECOND;  /* nine of UTC */
	(void)state;
	assert_int_equal(hours_next(&once, MONDAY), opens);
	assert_int_equal(hours_next(&once, opens), opens + 1800 * SECOND);
	assert_int_equal(hours_next(&once, opens + 1800 * SECOND), UINT64_MAX);
	assert_int_equal(hours_next(&always, MONDAY), closes);
	assert_int_equal(hours_next(&always, closes), closes + DAY);
	assert_int_equal(hours_next(&always, closes + DAY), UINT64_MAX);
}

static void a_night_ends_in_a_day_that_is_closed(void **state)
{
	struct hours h = hours_of("mon-sun 22:00-06:00, 2026-03-10 closed");
	(void)state;
	assert_true(hours_open(&h, MONDAY + 23 * DAY / 24));
	assert_true(hours_open(&h, MONDAY + DAY + DAY / 4 - 1));
	assert_false(hours_open(&h, MONDAY + DAY + DAY / 4));
	/* The next begins on Wednesday. */
	assert_int_equal(hours_next(&h, MONDAY + DAY + DAY / 4), MONDAY + 2 * DAY + 22 * DAY / 24);
}

static void intervals_that_touch_are_one(void **state)
{
	struct hours h = hours_of("mon 09:00-12:00, mon 11:00-13:00, mon 13:00-14:00");
	(void)state;
	assert_int_equal(hours_next(&h, MONDAY), MONDAY + 9 * DAY / 24);
	assert_int_equal(hours_next(&h, MONDAY + 9 * DAY / 24), MONDAY + 14 * DAY / 24);
	assert_int_equal(hours_next(&h, MONDAY + 14 * DAY / 24), MONDAY + 7 * DAY + 9 * DAY / 24);
}

static void the_first_and_the_last_offset_hold_beyond_the_table(void **state)
{
	struct hours h = hours_of("mon 00:00-01:00, @1773014400 +3600, @1773100800 -3600");
	(void)state;
	assert_int_equal(hours_next(&h, MONDAY - 3 * DAY), MONDAY - DAY / 24);
	assert_int_equal(hours_next(&h, MONDAY + 3 * DAY), MONDAY + 7 * DAY + DAY / 24);
	/* Before 1970 the clock on the wall may show 1969. */
	h = hours_of("wed 23:00-24:00, @0 -1800");
	assert_true(hours_open(&h, 0));
	assert_int_equal(hours_next(&h, 0), 1800 * SECOND);
}

/* ---- texts that are none --------------------------------------------------------------------- */

static void what_is_no_rule_is_refused(void **state)
{
	static const char *const wrong[] = {
		"x",
		"mon",
		"mon ",
		"mon 9:00-17:00",
		"mon 09:00",
		"mon 09:00-",
		"mon 09:00-17:60",
		"mon 09:00-24:01",
		"mon 24:00-24:00",
		"mon 24:00-02:00",
		"mon 09:00-09:00",
		"Mon 09:00-10:00",
		"mon-xyz 09:00-10:00",
		"mon- 09:00-10:00",
		"mon 09:00-10:00 tue 09:00-10:00",
		",",
		"mon 09:00-10:00,,",
		"mon 09:00-10:00x",
		"mon 09:00-10:00 closed",
		"mon closed",
		"2026-02-29 closed",
		"2026-13-01 closed",
		"2026-00-01 closed",
		"2026-04-31 closed",
		"2026-04-00 closed",
		"1969-12-31 closed",
		"2026-4-1 closed",
		"2026-04-01",
		"2026-04-01 open",
		"2026-04-01 closed, 2026-04-01 "
		"09:00-10:00",
		"2026-04-01 09:00-10:00, 2026-04-01 closed",
		"2026-04-01 closed, 2026-04-01 closed",
		"@",
		"@1",
		"@1 3600",
		"@1 +",
		"@1 +86400",
		"@2 +0, @1 +0",
		"@1 +0, @1 +0",
		"@-1 +0",
		"@1 +0x",
	};
	struct hours h;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (hours_read(&h, SPAN_TEXT(wrong[i])) != PARLOR_E_VALUE)
			fail_msg("not refused: %s", wrong[i]);
		/* Nothing is read behind the end. */
		char *copy = malloc(strlen(wrong[i]));
		assert_non_null(memcpy(copy, wrong[i], strlen(wrong[i])));
		for (size_t len = 0; len < strlen(wrong[i]); len++)
			(void)!hours_read(&h, (struct span){copy, len});
		free(copy);
	}
}

static void every_kind_has_its_limit(void **state)
{
	static const struct {
		const char *part;
		int most;
	} kinds[] = {{"mon 00:00-01:00,", 64},
		     {"mon-sun 00:00-01:00,", 9},
		     {"2026-01-01 00:00-01:00,", 64},
		     {"@", 64}};
	struct hours h;
	(void)state;
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		struct buf text = {0};
		for (int n = 0; n <= kinds[k].most; n++) {
			char part[32];
			(void)snprintf(part, sizeof part, "@%d +0,", n);
			const char *one = *kinds[k].part == '@' ? part : kinds[k].part;
			assert_int_equal(hours_read(&h, buf_span(&text)), PARLOR_E_OK);
			buf_put(&text, one, strlen(one));
		}
		assert_int_equal(hours_read(&h, buf_span(&text)), PARLOR_E_TOO_MANY);
		buf_fini(&text);
	}
}

static void days_are_those_of_the_calendar(void **state)
{
	static const struct {
		const char *date;
		uint64_t day;
	} known[] = {{"1970-01-01", 0},     {"1972-02-29", 789},    {"1972-03-01", 790},
		     {"2000-02-29", 11016}, {"2026-03-09", 20521},  {"2100-02-28", 47540},
		     {"2100-03-01", 47541}, {"9999-12-31", 2932896}};
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "%s 00:01-00:02", known[i].date);
		struct hours h = hours_of(text);
		assert_int_equal(hours_next(&h, 0), known[i].day * DAY + 60 * SECOND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_open_and_close_as_the_clock_on_the_wall_says),
		cmocka_unit_test(what_never_changes_has_no_next_time),
		cmocka_unit_test(the_only_day_is_found_years_before),
		cmocka_unit_test(a_night_ends_in_a_day_that_is_closed),
		cmocka_unit_test(intervals_that_touch_are_one),
		cmocka_unit_test(the_first_and_the_last_offset_hold_beyond_the_table),
		cmocka_unit_test(what_is_no_rule_is_refused),
		cmocka_unit_test(every_kind_has_its_limit),
		cmocka_unit_test(days_are_those_of_the_calendar),
	};
	return cmocka_run_group_tests_name("hours", tests, NULL, NULL);
}
