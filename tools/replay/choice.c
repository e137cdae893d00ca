#include "choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Hours and minutes behind a sign. */
static bool parse_zone(const char *at, int64_t *seconds)
{
	if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0) {
		*seconds = 0;
		return true;
	}
	if ((at[0] != '+' && at[0] != '-') || strlen(at) != 6 || at[3] != ':')
		return false;
	for (int i = 1; i < 6; i++)
		if (i != 3 && (at[i] < '0' || at[i] > '9'))
			return false;
	int64_t hours = (at[1] - '0') * 10 + (at[2] - '0');
	int64_t minutes = (at[4] - '0') * 10 + (at[5] - '0');
	*seconds = (hours * 60 + minutes) * 60 * (at[0] == '-' ? -1 : 1);
	return hours < 24 && minutes < 60;
}

static const char *parse_fraction(const char *at, int64_t *ms)
{
	int64_t unit = 100;

	*ms = 0;
	if (*at != '.')
		return at;
	for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
		*ms += (*at - '0') * unit;
	return at;
}

static bool parse_time(int64_t *t_ms, const char *text)
{
	struct tm tm = {0};
	int64_t zone = 0, ms = 0;
	const char *at = strptime(text, "%Y-%m-%d", &tm);

	if (!at)
		return false;
	if (*at == 'T' || *at == 't' || *at == ' ') {
		at = strptime(at + 1, "%H:%M:%S", &tm);
		if (!at)
			return false;
		at = parse_fraction(at, &ms);
		if (!parse_zone(at, &zone))
			return false;
	} else if (*at) {
		return false;
	}
	*t_ms = ((int64_t)timegm(&tm) - zone) * 1000 + ms;
	return true;
}

bool choice_bound_parse(struct choice_bound *bound, const char *text)
{
	char *end;

	errno = 0;
	bound->kind = CHOICE_NUMBER;
	bound->value = strtoll(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end && !errno)
		return true;
	bound->kind = CHOICE_TIME;
	return parse_time(&bound->value, text);
}

bool choice_rooms_parse(struct choice *c, const char *text)
{
	char *end;

	errno = 0;
	c->rooms_first = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end)
		return !errno && c->rooms_first > 0;
	c->rooms_first = 0;
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		if (len == 0 || c->rooms_len == CHOICE_ROOMS_MAX)
			return false;
		c->rooms[c->rooms_len++] = (struct choice_id){at, len};
		at += len;
		if (!*at)
			return true;
	}
}

static int64_t side(const struct choice_bound *bound, int64_t number, int64_t t_ms)
{
	return (bound->kind == CHOICE_TIME ? t_ms : number);
}

bool choice_event(const struct choice *c, int64_t number, bool timed, int64_t t_ms)
{
	if (!timed && (c->from.kind == CHOICE_TIME || c->until.kind == CHOICE_TIME))
		return false;
	return (!c->from.kind || side(&c->from, number, t_ms) >= c->from.value) &&
	       (!c->until.kind || side(&c->until, number, t_ms) <= c->until.value);
}

bool choice_room(const struct choice *c, const char *room, uint64_t ordinal)
{
	size_t len = strlen(room);

	if (c->rooms_first)
		return ordinal < c->rooms_first;
	for (size_t i = 0; i < c->rooms_len; i++)
		if (c->rooms[i].len == len && memcmp(c->rooms[i].id, room, len) == 0)
			return true;
	return c->rooms_len == 0;
}

bool choice_past(const struct choice *c, int64_t number)
{
	return c->until.kind == CHOICE_NUMBER && number > c->until.value;
}
