/* Buckets that grow with what they hold: values below 2^bits have one each, and every doubling
 * above has 2^bits of them, so that a value is known within that part of itself. Pure
 * arithmetic. */
#ifndef BASE_OCTAVE_H
#define BASE_OCTAVE_H

#include <stddef.h>
#include <stdint.h>

/* How many there are for values below 2^width. */
#define OCTAVE_BUCKETS(bits, width) ((size_t)((width) - (bits) + 1) << (bits))

static inline size_t octave_bucket(uint64_t value, unsigned bits)
{
	if (value >> bits == 0)
		return (size_t)value;
	unsigned shift = 63U - (unsigned)__builtin_clzll(value) - bits;
	return ((size_t)shift << bits) + (size_t)(value >> shift);
}

/* The greatest value in it. */
static inline uint64_t octave_end(size_t bucket, unsigned bits)
{
	if (bucket >> bits <= 1)
		return bucket;
	size_t shift = (bucket >> bits) - 1;
	uint64_t lead = bucket - (shift << bits);
	return (lead << shift) + ((UINT64_C(1) << shift) - 1);
}

#endif
