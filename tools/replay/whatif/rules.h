/* Other rules than those that were recorded: the strategy and settings of one team, the limit
 * of its desk's seats; and what of every team's is left to the model of people. Owns the words
 * they are given in, and how rows change by them. */
#ifndef WHATIF_RULES_H
#define WHATIF_RULES_H

#include "core/desk/form.h"

#include <stdbool.h>
#include <stddef.h>

#define RULES_MAX 32

struct rules {
	const char *desk, *team; /* whose they are */
	uint8_t strategy;        /* 0: as it was */
	uint64_t seat_max;
	bool has_seat_max;
	struct rule {
		size_t field; /* of the form of a team */
		uint64_t value;
	} list[RULES_MAX];
	size_t len;
};

/* "least_busy", "least-busy", "LEAST_BUSY". NULL, or what it has to be. */
const char *rules_take_strategy(void *rules, const char *word);
/* "offer=20s,gap_ms=off,max=3": settings of the team as in `parlor desk team set`, `_ms` may be
 * left out; max is of seats. NULL, or what it has to be. */
const char *rules_take_set(void *rules, const char *words);

void rules_change_team(const struct rules *, struct row_team *);
void rules_change_seat(const struct rules *, struct row_seat *);

#endif
