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
	double rate;  /* messages a second, of all rooms together; 0: as they come */
};

/* "recorded", "max" or a number above 0. False when it is none of them. */
bool pace_parse(struct pace *, const char *text);
/* "100" or "100/s". */
bool pace_parse_rate(struct pace *, const char *text);
/* Whether anything is ever due later than at once. */
bool pace_is_timed(const struct pace *);

/* Microseconds from the start of all to the message before which `posts` went. */
uint64_t pace_post_us(const struct pace *, uint64_t posts);

/* Microseconds from the start of all to an event, by the recorded times of it
 * and of the first one. */
uint64_t pace_event_us(const struct pace *, int64_t first_ms, int64_t t_ms);

/* Microseconds from the start of the room, its first event that is played, to
 * the event. */
uint64_t pace_due_us(const struct pace *, const struct corpus_room *, uint32_t event);

#endif
