/* Many objects of one size: cut from large blocks that ask for huge pages, so that a
 * table of millions is walked with few misses of the TLB, and the object freed last,
 * still in the cache, is given out next. A block of which no object is given out goes
 * back to the system. Owns the blocks. Knows nothing of what the objects are. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

struct pool_block;

struct pool {
	size_t size;               /* of an object, rounded up to 16; 0: not yet used */
	struct pool_block *blocks; /* all; those with something to give come first */
	size_t blocks_len;
	size_t used; /* objects given out now */
};

/* Zeroed memory of `size` bytes, the same size for every call on a pool. Ends
 * the process when there is none, as mem_new. */
void *pool_get(struct pool *, size_t size) __attribute__((returns_nonnull));
void pool_put(struct pool *, void *object);
void pool_fini(struct pool *); /* whatever is given out is gone */

#endif
