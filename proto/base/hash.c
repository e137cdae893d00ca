#include "hash.h"

#define XXH_STATIC_LINKING_ONLY /* the size of a state */
#include <xxhash.h>

uint64_t hash64(const void *bytes, size_t len)
{
	return XXH3_64bits(bytes, len);
}

uint64_t hash64_seeded(const void *bytes, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, len, seed);
}

struct hash128 hash128(const void *bytes, size_t len)
{
	XXH128_hash_t hash = XXH3_128bits(bytes, len);
	return (struct hash128){.low = hash.low64, .high = hash.high64};
}

_Static_assert(sizeof(XXH3_state_t) <= sizeof((struct hash_stream *)0)->state,
	       "a stream holds libxxhash's state");

void hash_stream_init(struct hash_stream *s)
{
	XXH3_128bits_reset((XXH3_state_t *)s->state);
}

void hash_stream_add(struct hash_stream *s, const void *bytes, size_t len)
{
	XXH3_128bits_update((XXH3_state_t *)s->state, bytes, len);
}

struct hash128 hash_stream_sum(const struct hash_stream *s)
{
	XXH128_hash_t hash = XXH3_128bits_digest((const XXH3_state_t *)s->state);
	return (struct hash128){.low = hash.low64, .high = hash.high64};
}
