#include "audit/journal_point.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MS_LEAST UINT64_C(100000000000) /* 1973 */

static bool parse_number(const char *text, uint64_t *n)
{
	char *end;
	errno = 0;
	*n = strtoull(text, &end, 10);
	return isdigit((unsigned char)text[0]) && !*end && !errno;
}

/* ".5" as microseconds; what is finer is dropped. */
static const char *parse_fraction(const char *at, uint64_t *us)
{
	uint64_t unit = 100000;
	*us = 0;
	if (*at != '.')
		return at;
	for (at++; isdigit((unsigned char)*at); at++, unit /= 10)
		*us += (uint64_t)(*at - '0') * unit;
	return at;
}

/* "Z" or "+01:00", in seconds east. */
static bool parse_zone(const char *at, long *east)
{
	int hours, minutes, len = 0;
	*east = 0;
	if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0)
		return true;
	if ((*at != '+' && *at != '-') ||
	    sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &len) != 2 || at[1 + len] || hours > 23 ||
	    minutes > 59 || hours < 0 || minutes < 0)
		return false;
	*east = (*at == '-' ? -1 : 1) * (hours * 3600L + minutes * 60L);
	return true;
}

static bool parse_time(const char *text, uint64_t *us)
{
	struct tm t = {0};
	char between;
	int len = 0;
	long east;
	uint64_t fraction;
	if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &between,
		   &t.tm_hour, &t.tm_min, &t.tm_sec, &len) != 7 ||
	    !strchr("Tt ", between))
		return false;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	struct tm same = t;
	time_t seconds = timegm(&same);
	/* The 31st of April would have become the 1st of May. */
	if (same.tm_mday != t.tm_mday || same.tm_mon != t.tm_mon || same.tm_hour != t.tm_hour ||
	    same.tm_min != t.tm_min)
		return false;
	if (!parse_zone(parse_fraction(text + len, &fraction), &east) || seconds < east)
		return false;
	*us = (uint64_t)(seconds - east) * 1000000 + fraction;
	return true;
}

bool journal_point_parse(struct journal_point *m, const char *text)
{
	uint64_t n;
	*m = (struct journal_point){0};
	if (!parse_number(text, &n)) {
		m->is_time = true;
		return parse_time(text, &m->time_us);
	}
	m->is_time = n >= MS_LEAST;
	m->position = n;
	m->time_us = n * 1000;
	return n <= UINT64_MAX / 1000;
}

enum parlor_err journal_point_position(const struct journal_point *m, struct source *s,
				       uint64_t *position)
{
	if (m->is_time)
		return source_at_time(s, m->time_us, position);
	*position = m->position;
	if (m->position <= s->last)
		return PARLOR_E_OK;
	return source_fault(s, PARLOR_E_VALUE, 0, "%s: the journal ends at position %" PRIu64,
			    s->dir, s->last);
}
