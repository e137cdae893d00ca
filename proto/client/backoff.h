/* Waiting times between attempts: each about twice the one before, with jitter
 * so that clients of a restarted broker do not come back all at once. Owns the
 * growth; reads no clock and no randomness. */
#ifndef CLIENT_BACKOFF_H
#define CLIENT_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t min_ms;
	uint32_t max_ms;
	uint32_t ceiling_ms; /* of the next wait */
};

/* 0 < min_ms <= max_ms */
void backoff_init(struct backoff *, uint32_t min_ms, uint32_t max_ms);
/* The next wait starts from min_ms again. */
void backoff_reset(struct backoff *);
/* The time to wait now: between half the ceiling and the ceiling, picked by
 * `random` (any value). */
uint32_t backoff_next(struct backoff *, uint64_t random);

#endif
