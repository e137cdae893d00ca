/* Which idempotency keys the last messages of a room have: a small table of hashes
 * for each room that is posted to, so that a new key, which nearly every post
 * brings, is known to be new at once. Tells of a key in which message it may be;
 * whether it is, the message says. Owns the table, of which the older half goes
 * whenever it is full. */
#ifndef CORE_RECENT_H
#define CORE_RECENT_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages that a table may be about: seqs stand in it by their last bits. */
#define RECENT_SPAN 1024

/* Zeroed: not made, nothing is known. */
struct recent {
	uint32_t *slots; /* a part of the hash, then of the seq; 0: free */
	uint32_t cap, len;
	uint64_t from; /* keys of messages behind it are here */
};

void recent_make(struct recent *, uint64_t from);
void recent_fini(struct recent *);
static inline bool recent_is_made(const struct recent *r)
{
	return r->slots != NULL;
}
size_t recent_bytes(const struct recent *);
/* seq: at most RECENT_SPAN behind keep_from. Of those up to keep_from some may be
 * forgotten. */
void recent_add(struct recent *, struct hash128 key, uint64_t seq, uint64_t keep_from);
/* The next message that may have the key; 0: there is none. *step: 0 at first. */
uint64_t recent_find(const struct recent *, struct hash128 key, uint32_t *step);

#endif
