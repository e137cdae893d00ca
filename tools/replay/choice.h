/* Which events of a file are played: from and until a number or a time, of
 * some rooms or of the first ones. Pure: reads no file and no clock. The number
 * of an event is its line in a corpus file, its position in a recording. */
#ifndef CHOICE_H
#define CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHOICE_ROOMS_MAX 1000

enum choice_bound_kind { CHOICE_ANY, CHOICE_NUMBER, CHOICE_TIME };
struct choice_bound {
	enum choice_bound_kind kind;
	int64_t value; /* a number, or Unix milliseconds */
};

/* Zeroed is everything. Room ids borrow from the text that was parsed. */
struct choice {
	struct choice_bound from, until; /* both inclusive */
	uint64_t rooms_first;            /* 0: not so */
	struct choice_id {
		const char *id;
		size_t len;
	} rooms[CHOICE_ROOMS_MAX];
	size_t rooms_len;
};

/* A number, or a time of RFC 3339 such as 2026-11-21T18:38:33.5Z or
 * ...+01:00; a date alone is its first moment in UTC. */
bool choice_bound_parse(struct choice_bound *, const char *text);
/* "12" is the first 12 rooms, "a,b" these two. */
bool choice_rooms_parse(struct choice *, const char *text);

/* What has no time lies within no bounds of time. */
bool choice_event(const struct choice *, int64_t number, bool timed, int64_t t_ms);
/* ordinal: how many rooms the file had before this one. */
bool choice_room(const struct choice *, const char *room, uint64_t ordinal);
/* Whether nothing can follow: every further event has a higher number. */
bool choice_past(const struct choice *, int64_t number);

#endif
