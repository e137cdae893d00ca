/* What a seed decides, and what is told of it: random numbers, the town's
 * clock, and the transcript of the last steps. One world runs at a time, since
 * the code under test asks for clock and log by plain functions. */
#ifndef TOWN_CHANCE_H
#define TOWN_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

#define SAID_LINES 60
#define SAID_WIDTH 220

struct chance {
	uint64_t seed, random;
	uint64_t now_us;
	int step;
	char transcript[SAID_LINES][SAID_WIDTH];
	unsigned long said;
	bool loud; /* every line goes to stdout as well */
};

/* The world of that seed is the one that runs. */
void chance_begin(struct chance *, uint64_t seed);

uint64_t chance_random(struct chance *);
uint64_t chance_below(struct chance *, uint64_t n); /* 0 .. n-1 */
bool chance_of(struct chance *, unsigned per_mille);

__attribute__((format(printf, 2, 3))) void say(struct chance *, const char *, ...);
/* Tells seed, step and transcript, and ends the process. */
__attribute__((format(printf, 4, 5), noreturn)) void fail(struct chance *, const char *file,
							  int line, const char *, ...);

#endif
