#include "hash.h"

#include <xxhash.h>

uint64_t hash64(const void *bytes, size_t len)
{
	return XXH3_64bits(bytes, len);
}

struct hash128 hash128(const void *bytes, size_t len)
{
	XXH128_hash_t hash = XXH3_128bits(bytes, len);
	return (struct hash128){.low = hash.low64, .high = hash.high64};
}
