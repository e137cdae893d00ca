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

/* Stands at the beginning of each block. */
struct block {
	struct block *next;
	size_t unused;
};

static void add_block(struct pool *p)
{
	struct block *block = aligned_alloc(HUGE_PAGE, HUGE_PAGE);
	if (!block) {
		log_error("out of memory: %zu bytes", HUGE_PAGE);
		exit(MEM_EXIT_STATUS);
	}
	/* Advice only: without huge pages it works as well. */
	(void)madvise(block, HUGE_PAGE, MADV_HUGEPAGE);
	block->next = p->blocks;
	p->blocks = block;
	p->fresh = (char *)(block + 1);
	p->fresh_len = HUGE_PAGE - sizeof *block;
}

void *pool_get(struct pool *p, size_t size)
{
	void *object = p->free;
	if (!p->size)
		p->size = (size + 15) / 16 * 16;
	assert(size <= p->size && p->size >= sizeof(void *) && p->size <= HUGE_PAGE / 16);
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
		ASAN_UNPOISON_MEMORY_REGION(block, HUGE_PAGE);
		free(block);
	}
	*p = (struct pool){0};
}
