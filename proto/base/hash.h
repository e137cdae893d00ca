/* XXH3 (libxxhash) behind two names, with the seed fixed: the values are
 * stored in the data directory and must never change. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash128 {
	uint64_t low;
	uint64_t high;
};

uint64_t hash64(const void *bytes, size_t len);
struct hash128 hash128(const void *bytes, size_t len);

#endif
