/* uthash as the core uses it. */
#ifndef ENGINE_HASH_H
#define ENGINE_HASH_H

#include "base/mem.h"
#include "base/table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The same hash, inlined. */
#undef HASH_FUNCTION
#define HASH_FUNCTION(key, len, hash) \
	((hash) = (unsigned)XXH3_64bits_withSeed(key, len, table_seed))

/* Chains are walked through cold memory: keep them short. uthash doubles its
 * buckets when one chain is longer than this; at 8 that is about one entry a
 * bucket, at its own 10 two or three. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 8U

/* What an entry costs beside its own bytes: its share of the buckets. */
#define HASH_ENTRY_BYTES 16

#endif
