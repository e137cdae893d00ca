/* Which idempotency keys a room may hold: a Bloom filter for each room that is
 * posted to, so that a new key, which nearly every post brings, is known to be
 * new without looking for it in the store. Exact about what is not there. Owns
 * the bits; rooms beyond FILTER_ENTRIES_MAX messages do without. */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_ENTRIES_MAX 1024

/* Zeroed: none, and nothing is known. */
struct filter {
	uint64_t *words;
	uint32_t words_len; /* a power of two */
	uint32_t entries;
};

/* An empty filter for `entries` and as many to come. */
void filter_make(struct filter *, size_t entries);
void filter_fini(struct filter *);
/* The filter goes when it is full: it is made anew, larger, from what the room
 * holds. Nothing without a filter. */
void filter_add(struct filter *, struct hash128);
/* True also when there is no filter. */
bool filter_may_hold(const struct filter *, struct hash128);

#endif
