#include "core/desk/hours.h"

#define DAY_S 86400
#define DAY_MIN 1440
#define WEEK_DAYS 7
#define NEVER INT64_MAX

/* ---- the text ----------------------------------------------------------------- */

struct text {
	const char *at, *end;
};

static bool is_next(const struct text *t, char first, char last)
{
	return t->at < t->end && *t->at >= first && *t->at <= last;
}

static bool take(struct text *t, char c)
{
	bool is_there = is_next(t, c, c);
	t->at += is_there;
	return is_there;
}

static void take_spaces(struct text *t)
{
	while (take(t, ' '))
		;
}

static bool take_word(struct text *t, const char *word, size_t len)
{
	bool is_there = (size_t)(t->end - t->at) >= len && !memcmp(t->at, word, len);
	t->at += is_there ? len : 0;
	return is_there;
}

static bool take_number(struct text *t, int digits_min, int digits_max, int64_t *value)
{
	int digits = 0;
	for (*value = 0; digits < digits_max && is_next(t, '0', '9'); digits++)
		*value = *value * 10 + (*t->at++ - '0');
	return digits >= digits_min;
}

static bool take_weekday(struct text *t, int *day)
{
	static const char names[WEEK_DAYS][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	for (*day = 0; *day < WEEK_DAYS; ++*day)
		if (take_word(t, names[*day], 3))
			return true;
	return false;
}

/* 24:00 is the end of a day. */
static bool take_minute(struct text *t, int64_t *minute)
{
	int64_t hour, rest;
	if (!take_number(t, 2, 2, &hour) || !take(t, ':') || !take_number(t, 2, 2, &rest))
		return false;
	*minute = hour * 60 + rest;
	return rest < 60 && *minute <= DAY_MIN;
}

static bool take_interval(struct text *t, struct hours_interval *i)
{
	int64_t from, until;
	if (!take_minute(t, &from) || !take(t, '-') || !take_minute(t, &until))
		return false;
	i->from_min = (uint16_t)from;
	i->len_min = (uint16_t)(until > from ? until - from : until + DAY_MIN - from);
	return from < DAY_MIN && until != from;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool take_date(struct text *t, int32_t *day)
{
	static const uint16_t before[] = {0,   31,  59,  90,  120, 151, 181,
					  212, 243, 273, 304, 334, 365};
	int64_t year, month, date;
	if (!take_number(t, 4, 4, &year) || !take(t, '-') || !take_number(t, 2, 2, &month) ||
	    !take(t, '-') || !take_number(t, 2, 2, &date))
		return false;
	if (year < 1970 || month < 1 || month > 12)
		return false;
	int64_t past = year - 1, leaps = past / 4 - past / 100 + past / 400 - 477;
	int64_t long_month = is_leap(year) && month == 2, behind_it = is_leap(year) && month > 2;
	*day = (int32_t)((year - 1970) * 365 + leaps + before[month - 1] + behind_it + date - 1);
	return date >= 1 && date <= before[month] - before[month - 1] + long_month;
}

static enum parlor_err add(struct hours_interval list[], uint8_t *len, struct hours_interval one)
{
	if (*len == HOURS_PARTS_MAX)
		return PARLOR_E_TOO_MANY;
	list[(*len)++] = one;
	return PARLOR_E_OK;
}

static enum parlor_err read_weekly(struct hours *h, struct text *t)
{
	struct hours_interval i;
	enum parlor_err err;
	int first, last;
	if (!take_weekday(t, &first))
		return PARLOR_E_VALUE;
	last = first;
	if (take(t, '-') && !take_weekday(t, &last))
		return PARLOR_E_VALUE;
	take_spaces(t);
	if (!take_interval(t, &i))
		return PARLOR_E_VALUE;
	for (i.day = first;; i.day = (i.day + 1) % WEEK_DAYS) {
		if ((err = add(h->weekly, &h->weekly_len, i)) || i.day == last)
			return err;
	}
}

static enum parlor_err read_exception(struct hours *h, struct text *t)
{
	struct hours_interval i = {0};
	if (!take_date(t, &i.day))
		return PARLOR_E_VALUE;
	take_spaces(t);
	if (!take_word(t, "closed", 6) && !take_interval(t, &i))
		return PARLOR_E_VALUE;
	for (int n = 0; n < h->exceptions_len; n++)
		if (h->exceptions[n].day == i.day && (!h->exceptions[n].len_min || !i.len_min))
			return PARLOR_E_VALUE;
	return add(h->exceptions, &h->exceptions_len, i);
}

static enum parlor_err read_offset(struct hours *h, struct text *t)
{
	int64_t from, ahead;
	if (!take_number(t, 1, 11, &from))
		return PARLOR_E_VALUE;
	take_spaces(t);
	bool is_behind = take(t, '-');
	if ((!is_behind && !take(t, '+')) || !take_number(t, 1, 5, &ahead) || ahead >= DAY_S)
		return PARLOR_E_VALUE;
	if (h->offsets_len && h->offsets[h->offsets_len - 1].from_s >= from)
		return PARLOR_E_VALUE;
	if (h->offsets_len == HOURS_PARTS_MAX)
		return PARLOR_E_TOO_MANY;
	h->offsets[h->offsets_len++] =
		(struct hours_offset){from, (int32_t)(is_behind ? -ahead : ahead)};
	return PARLOR_E_OK;
}

enum parlor_err hours_read(struct hours *h, struct span rules)
{
	struct text t = {rules.data, (const char *)rules.data + rules.len};
	enum parlor_err err;
	*h = (struct hours){0};
	for (take_spaces(&t); t.at < t.end; take_spaces(&t)) {
		if (take(&t, '@'))
			err = read_offset(h, &t);
		else if (is_next(&t, '0', '9'))
			err = read_exception(h, &t);
		else
			err = read_weekly(h, &t);
		if (err)
			return err;
		take_spaces(&t);
		if (t.at < t.end && !take(&t, ','))
			return PARLOR_E_VALUE;
	}
	return PARLOR_E_OK;
}

/* ---- the clock on the wall ---------------------------------------------------- */

/* Seconds that it is ahead of UTC at t; *until: when it is set the next time. */
static int64_t ahead_at(const struct hours *h, int64_t t, int64_t *until)
{
	int n = 0;
	while (n < h->offsets_len && h->offsets[n].from_s <= t)
		n++;
	*until = n < h->offsets_len ? h->offsets[n].from_s : NEVER;
	if (!h->offsets_len)
		return 0;
	return h->offsets[n ? n - 1 : 0].ahead_s;
}

static int64_t day_of(int64_t local)
{
	return local >= 0 ? local / DAY_S : -((DAY_S - 1 - local) / DAY_S);
}

static bool is_exception(const struct hours *h, int64_t day)
{
	for (int n = 0; n < h->exceptions_len; n++)
		if (h->exceptions[n].day == day)
			return true;
	return false;
}

/* What begins on a day: the n-th of them, counted with those of other days. */
struct beginning {
	const struct hours_interval *list;
	int64_t midnight_s;
	int32_t day;
	int len;
};

static struct beginning begin(const struct hours *h, int64_t day)
{
	struct beginning b = {.midnight_s = day * DAY_S};
	bool is_own = is_exception(h, day);
	b.list = is_own ? h->exceptions : h->weekly;
	b.len = is_own ? h->exceptions_len : h->weekly_len;
	/* The first of January of 1970 was a Thursday. */
	b.day = is_own ? (int32_t)day : (int32_t)(((day + 3) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS);
	return b;
}

static bool is_open_local(const struct hours *h, int64_t local)
{
	int64_t today = day_of(local);
	for (int64_t day = today - 1; day <= today; day++) {
		struct beginning b = begin(h, day);
		for (int n = 0; n < b.len; n++) {
			int64_t from = b.midnight_s + b.list[n].from_min * 60;
			if (b.list[n].day == b.day && from <= local &&
			    local < from + b.list[n].len_min * 60)
				return true;
		}
	}
	return false;
}

static void earlier(int64_t *first, int64_t t, int64_t behind)
{
	if (t > behind && t < *first)
		*first = t;
}

/* Behind that time of the wall the first at which something begins or ends, or a day. */
static int64_t edge_behind(const struct hours *h, int64_t local)
{
	int64_t today = day_of(local), first = (today + 1) * DAY_S;
	for (int64_t day = today - 1; day <= today; day++) {
		struct beginning b = begin(h, day);
		for (int n = 0; n < b.len; n++) {
			int64_t from = b.midnight_s + b.list[n].from_min * 60;
			if (b.list[n].day != b.day)
				continue;
			earlier(&first, from, local);
			earlier(&first, from + b.list[n].len_min * 60, local);
		}
	}
	return first;
}

static bool is_open(const struct hours *h, int64_t t)
{
	int64_t until;
	return is_open_local(h, t + ahead_at(h, t, &until));
}

bool hours_open(const struct hours *h, uint64_t wall_us)
{
	return is_open(h, (int64_t)(wall_us / 1000000));
}

/* When weeks that are all alike end: an exception begins, or the clock is set. */
static int64_t alike_until(const struct hours *h, int64_t t)
{
	int64_t until, ahead = ahead_at(h, t, &until);
	for (int n = 0; n < h->exceptions_len; n++)
		earlier(&until, h->exceptions[n].day * (int64_t)DAY_S - ahead, t);
	return until;
}

uint64_t hours_next(const struct hours *h, uint64_t wall_us)
{
	/* An exception reaches into the day behind it; then a week shows all there is. */
	const int64_t enough = (2 + WEEK_DAYS) * (int64_t)DAY_S;
	int64_t t = (int64_t)(wall_us / 1000000), alike_since = t, until;
	bool was_open = is_open(h, t);
	do {
		int64_t other = alike_until(h, t);
		if (t - alike_since > enough && other == NEVER)
			return UINT64_MAX;
		int64_t ahead = ahead_at(h, t, &until);
		int64_t edge = edge_behind(h, t + ahead) - ahead;
		t = edge < other && t - alike_since <= enough ? edge : other;
		if (t == other)
			alike_since = t;
	} while (is_open(h, t) == was_open);
	return (uint64_t)t * 1000000;
}
