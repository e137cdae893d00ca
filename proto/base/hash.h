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
uint64_t hash64_seeded(const void *bytes, size_t len, uint64_t seed);
struct hash128 hash128(const void *bytes, size_t len);

/* The hash128 of bytes that come in pieces. */
struct hash_stream {
	_Alignas(64) uint8_t state[640]; /* libxxhash's */
};
void hash_stream_init(struct hash_stream *);
void hash_stream_add(struct hash_stream *, const void *bytes, size_t len);
struct hash128 hash_stream_sum(const struct hash_stream *);

#endif
