/* A set of numbers that are given out densely from 1 on: a tree of bits. Setting
 * and finding the next one cost the same however many there are, so that what is
 * dirty is walked in order without sorting it. Owns its words: an eighth of a byte
 * for each number up to the highest. */
#ifndef ENGINE_BITS_H
#define ENGINE_BITS_H

#include <stddef.h>
#include <stdint.h>

#define BITS_LEVELS 6 /* of 64 each: numbers below 2^36 */

/* Zeroed: empty. */
struct bits {
	uint64_t *words[BITS_LEVELS];
	size_t len[BITS_LEVELS]; /* words */
};

void bits_fini(struct bits *);
size_t bits_bytes(const struct bits *);
void bits_set(struct bits *, uint64_t number);
void bits_clear(struct bits *, uint64_t number);
/* The lowest one from `from` on; UINT64_MAX when there is none. */
uint64_t bits_next(const struct bits *, uint64_t from);
/* The highest one; 0 when there is none. */
uint64_t bits_last(const struct bits *);

#endif
