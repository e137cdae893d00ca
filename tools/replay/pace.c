#include "pace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool pace_parse(struct pace *pace, const char *text)
{
	char *end;

	if (strcmp(text, "recorded") == 0) {
		pace->speed = 1;
		return true;
	}
	if (strcmp(text, "max") == 0) {
		pace->speed = 0;
		return true;
	}
	pace->speed = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(pace->speed) && pace->speed > 0;
}

bool pace_parse_rate(struct pace *pace, const char *text)
{
	char *end;

	pace->rate = strtod(text, &end);
	return end != text && (*end == '\0' || strcmp(end, "/s") == 0) && isfinite(pace->rate) &&
	       pace->rate > 0;
}

bool pace_is_timed(const struct pace *pace)
{
	return pace->speed > 0 || pace->rate > 0;
}

uint64_t pace_post_us(const struct pace *pace, uint64_t posts)
{
	return pace->rate > 0 ? (uint64_t)((double)posts * 1e6 / pace->rate) : 0;
}

uint64_t pace_due_us(const struct pace *pace, const struct corpus_room *room, uint32_t event)
{
	double ms;

	if (pace->speed <= 0)
		return 0;
	if (room->timed)
		ms = (double)room->events[event].t_ms - (double)room->events[room->first].t_ms;
	else
		ms = (double)(event - room->first) * PACE_UNTIMED_GAP_MS;
	return (uint64_t)(ms * 1000 / pace->speed);
}

uint64_t pace_event_us(const struct pace *pace, int64_t first_ms, int64_t t_ms)
{
	if (pace->speed <= 0 || t_ms <= first_ms)
		return 0;
	return (uint64_t)(((double)t_ms - (double)first_ms) * 1000 / pace->speed);
}
