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

uint64_t pace_due_us(const struct pace *pace, const struct corpus_room *room, uint32_t event)
{
	double ms;

	if (pace->speed <= 0)
		return 0;
	if (room->timed)
		ms = (double)room->events[event].t_ms - (double)room->events[0].t_ms;
	else
		ms = (double)event * PACE_UNTIMED_GAP_MS;
	return (uint64_t)(ms * 1000 / pace->speed);
}
