/* The clock of a zone as rules of hours have it. Needs the zones of the machine. */
#include "zone.h"

#include "core/desk/hours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>

#define JUNE 1780272000 /* 2026-06-01 */
#define YEAR 1767225600 /* 2026-01-01 */

static void assert_begins(const char *rules, const char *zone, const char *expected)
{
	char *text = zone_rules(rules, zone, JUNE);
	assert_non_null(text);
	assert_true(strlen(text) >= strlen(expected));
	text[strlen(expected)] = 0;
	assert_string_equal(text, expected);
	free(text);
}

static void assert_all(const char *zone, const char *expected)
{
	char *text = zone_rules("", zone, JUNE);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void a_zone_is_its_offsets_from_the_beginning_of_the_year(void **state)
{
	(void)state;
	assert_begins("mon 09:00-17:00", "Europe/Berlin",
		      "mon 09:00-17:00, @1767225600 +3600, @1774746000 +7200, @1792890000 +3600,"
		      " @1806195600 +7200, @1824944400 +3600, @");
	assert_begins("", "America/New_York",
		      "@1767225600 -18000, @1772953200 -14400, @1793512800 -18000, @");
	assert_begins("", "Australia/Lord_Howe",
		      "@1767225600 +39600, @1775314800 +37800, @1791041400 +39600, @");
	assert_all("Asia/Shanghai", "@1767225600 +28800");
	assert_all("Asia/Kolkata", "@1767225600 +19800");
	assert_all("UTC", "@1767225600 +0");
}

static void it_is_the_same_text_all_year(void **state)
{
	char *early = zone_rules("", "Europe/Berlin", YEAR);
	char *late = zone_rules("", "Europe/Berlin", YEAR + 365ll * 86400 - 1);
	char *next = zone_rules("", "Europe/Berlin", YEAR + 365ll * 86400);
	(void)state;
	assert_string_equal(early, late);
	assert_string_not_equal(late, next);
	free(early);
	free(late);
	free(next);
}

static void ten_years_of_any_zone_are_rules_of_hours(void **state)
{
	static const char *const zones[] = {"Europe/Berlin", "America/New_York",
					    "Africa/Casablanca", "Asia/Kathmandu",
					    "America/St_Johns"};
	(void)state;
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		struct hours h;
		char *text = zone_rules("mon-sun 00:00-24:00", zones[i], JUNE);
		assert_int_equal(hours_read(&h, SPAN_TEXT(text)), PARLOR_E_OK);
		assert_in_range(h.offsets_len, 1, 50);
		if (h.offsets_len > 1)
			assert_true(h.offsets[h.offsets_len - 1].from_s > YEAR + 9ll * 365 * 86400);
		free(text);
	}
}

static void what_is_no_zone_is_refused(void **state)
{
	static const char *const wrong[] = {
		"Mars/Base", "", "Europe", "../../etc/hostname", "/usr/share/zoneinfo/UTC",
		"CET-1CEST",
	};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_null(zone_rules("", wrong[i], JUNE));
}

static void the_zone_of_the_process_is_as_before(void **state)
{
	const time_t june = JUNE;
	struct tm local;
	(void)state;
	assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
	free(zone_rules("", "Europe/Berlin", JUNE));
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	assert_non_null(localtime_r(&june, &local));
	assert_int_equal(local.tm_gmtoff, 32400);
	assert_int_equal(unsetenv("TZ"), 0);
	free(zone_rules("", "Europe/Berlin", JUNE));
	assert_null(getenv("TZ"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_is_its_offsets_from_the_beginning_of_the_year),
		cmocka_unit_test(it_is_the_same_text_all_year),
		cmocka_unit_test(ten_years_of_any_zone_are_rules_of_hours),
		cmocka_unit_test(what_is_no_zone_is_refused),
		cmocka_unit_test(the_zone_of_the_process_is_as_before),
	};
	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
