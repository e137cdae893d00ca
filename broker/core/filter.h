/* Which idempotency keys a room may hold: a Bloom filter for each room that is
 * posted to, so that a new key, which nearly every post brings, is known to be
 * new without looking through the room's messages. Exact about what is not
 * there. Owns the bits; whoever fills it makes it anew when it is full. */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: none, and nothing is known. */
struct filter {
	uint64_t *words;
	uint32_t lines; /* of 64 bytes, a power of two */
	uint32_t entries;
};

/* An empty filter for `entries` and at least as many to come. */
void filter_make(struct filter *, size_t entries);
void filter_fini(struct filter *);
static inline bool filter_is_made(const struct filter *f)
{
	return f->words != NULL;
}
/* Of memory. */
size_t filter_bytes(const struct filter *);
/* The filter goes when it is full: it is made anew, larger, from what the room
 * holds. Nothing without a filter. */
void filter_add(struct filter *, struct hash128);
/* The filter is made. */
bool filter_may_hold(const struct filter *, struct hash128);

#endif
