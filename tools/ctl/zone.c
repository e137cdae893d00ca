#include "zone.h"

#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* No zone changes twice in so short a time. */
#define STEP_S (6 * 3600)

/* Of a name that it does not know the C library makes UTC, without a word. */
static bool is_known(const char *zone)
{
	char path[512];
	struct stat file;
	const char *dir = getenv("TZDIR");
	int len = snprintf(path, sizeof path, "%s/%s", dir ? dir : "/usr/share/zoneinfo", zone);
	if (len < 0 || (size_t)len >= sizeof path || strstr(zone, "..") || *zone == '/')
		return false;
	return stat(path, &file) == 0 && S_ISREG(file.st_mode);
}

/* NULL: as the machine has it. */
static bool set_zone(const char *zone)
{
	int failed = zone ? setenv("TZ", zone, 1) : unsetenv("TZ");
	tzset();
	return !failed;
}

static long ahead_at(time_t t)
{
	struct tm local;
	return localtime_r(&t, &local) ? local.tm_gmtoff : 0;
}

/* Between a time and one behind it that has another offset, the first that has it. */
static time_t first_of(time_t before, time_t behind)
{
	long ahead = ahead_at(behind);
	while (behind - before > 1) {
		time_t middle = before + (behind - before) / 2;
		if (ahead_at(middle) == ahead)
			behind = middle;
		else
			before = middle;
	}
	return behind;
}

static time_t year_begin(time_t t)
{
	struct tm utc = {.tm_year = 70};
	(void)gmtime_r(&t, &utc);
	utc = (struct tm){.tm_year = utc.tm_year, .tm_mday = 1};
	return timegm(&utc);
}

static void put_offset(struct buf *rules, time_t from, long ahead)
{
	char text[64];
	int len = snprintf(text, sizeof text, "%s@%lld %+ld", rules->len ? ", " : "",
			   (long long)from, ahead);
	buf_put(rules, text, (size_t)len);
}

static void put_offsets(struct buf *rules, time_t from)
{
	time_t until = from + (time_t)ZONE_YEARS * 366 * 24 * 3600;
	long ahead = ahead_at(from);
	put_offset(rules, from, ahead);
	for (int n = 1; from < until && n < ZONE_OFFSETS_MAX; from += STEP_S) {
		if (ahead_at(from + STEP_S) == ahead)
			continue;
		ahead = ahead_at(from + STEP_S);
		put_offset(rules, first_of(from, from + STEP_S), ahead);
		n++;
	}
}

char *zone_rules(const char *rules, const char *zone, int64_t now_s)
{
	const char *own = getenv("TZ");
	struct buf text = {0};
	if (!is_known(zone)) {
		fprintf(stderr, "parlor: this machine has no zone \"%s\"\n", zone);
		return NULL;
	}
	char *before = own ? mem_text(own, strlen(own)) : NULL;
	buf_put(&text, rules, strlen(rules));
	bool is_set = set_zone(zone);
	put_offsets(&text, year_begin((time_t)now_s));
	buf_put_u8(&text, 0);
	is_set = set_zone(before) && is_set;
	free(before);
	if (is_set)
		return (char *)text.data;
	fputs("parlor: no memory\n", stderr);
	buf_fini(&text);
	return NULL;
}
