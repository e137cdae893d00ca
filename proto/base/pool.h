/* Many objects of one size: cut from large blocks that ask for huge pages, so
 * that a table of millions is walked with few misses of the TLB, and the object
 * freed last, still in the cache, is given out next. Owns the blocks; they are
 * kept until pool_fini. Knows nothing of what the objects are. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

struct pool {
	size_t size; /* of an object, rounded up to 16; 0: not yet used */
	void *free;  /* list, linked through the objects */
	char *fresh; /* not yet given out, of the newest block */
	size_t fresh_len;
	void *blocks;
	size_t used; /* objects given out now */
};

/* Zeroed memory of `size` bytes, the same size for every call on a pool. Ends
 * the process when there is none, as mem_new. */
void *pool_get(struct pool *, size_t size) __attribute__((returns_nonnull));
void pool_put(struct pool *, void *object);
void pool_fini(struct pool *); /* whatever is given out is gone */

#endif
