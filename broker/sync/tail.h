/* The newest positions of one part, in a ring: what to send next is known
 * without walking the journal. The oldest fall out when it is full; behind
 * what fell out the journal must be walked. */
#ifndef SYNC_TAIL_H
#define SYNC_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tail {
	uint64_t *ring;
	size_t cap;
	size_t first; /* index of the oldest */
	size_t len;
	uint64_t after; /* every position of the part above this is in the ring */
};

void tail_init(struct tail *, size_t cap, uint64_t after);
void tail_fini(struct tail *);
void tail_push(struct tail *, uint64_t position); /* rising */
/* Index of the first position above the given one; len when there is none. */
size_t tail_above(const struct tail *, uint64_t position);
uint64_t tail_at(const struct tail *, size_t index);

#endif
