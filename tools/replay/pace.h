/* When an event of a room is due: by the recorded times, so many times as
 * fast, or at once. Pure arithmetic; reads no clock. */
#ifndef PACE_H
#define PACE_H

#include "corpus.h"

/* Between two events of a room whose source had no times: about the median of
 * a help conversation between people. */
#define PACE_UNTIMED_GAP_MS 20000

struct pace {
	double speed; /* times as fast as recorded; 0: as fast as it goes */
};

/* "recorded", "max" or a number above 0. False when it is none of them. */
bool pace_parse(struct pace *, const char *text);

/* Microseconds from the start of the room to the event. */
uint64_t pace_due_us(const struct pace *, const struct corpus_room *, uint32_t event);

#endif
