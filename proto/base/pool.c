#include "base/pool.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define HUGE_PAGE ((size_t)2 << 20)
/* A pool that stays small shall cost little: blocks double up to a huge page. */
#define BLOCK_MIN ((size_t)16 << 10)

/* Stands at the beginning of each block. */
struct block {
	struct block *next;
	size_t size;
};

static void add_block(struct pool *p)
{
	struct block *newest = p->blocks;
	size_t size = newest ? 2 * newest->size : BLOCK_MIN;
	if (size > HUGE_PAGE)
		size = HUGE_PAGE;
	struct block *block = aligned_alloc(size, size);
	if (!block) {
		log_fatal("out of memory: %zu bytes", size);
		exit(MEM_EXIT_STATUS);
	}
	/* Advice only: without huge pages it works as well. */
	if (size == HUGE_PAGE)
		(void)madvise(block, size, MADV_HUGEPAGE);
	*block = (struct block){.next = newest, .size = size};
	p->blocks = block;
	p->fresh = (char *)(block + 1);
	p->fresh_len = size - sizeof *block;
}

void *pool_get(struct pool *p, size_t size)
{
	void *object = p->free;
	if (!p->size)
		p->size = (size + 15) / 16 * 16;
	assert(size <= p->size && p->size >= sizeof(void *) && p->size <= BLOCK_MIN / 16);
	p->used++;
	if (object) {
		ASAN_UNPOISON_MEMORY_REGION(object, p->size);
		memcpy(&p->free, object, sizeof p->free);
	} else {
		if (p->fresh_len < p->size)
			add_block(p);
		object = p->fresh;
		p->fresh += p->size;
		p->fresh_len -= p->size;
	}
	memset(object, 0, p->size);
	return object;
}

void pool_put(struct pool *p, void *object)
{
	assert(p->used > 0);
	p->used--;
	memcpy(object, &p->free, sizeof p->free);
	p->free = object;
	ASAN_POISON_MEMORY_REGION(object, p->size);
}

void pool_fini(struct pool *p)
{
	struct block *next;
	for (struct block *block = p->blocks; block; block = next) {
		next = block->next;
		ASAN_UNPOISON_MEMORY_REGION(block, block->size);
		free(block);
	}
	*p = (struct pool){0};
}
