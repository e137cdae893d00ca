#include "base/pool.h"

#include "base/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <utlist.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_register_root_region(at, size) ((void)(at), (void)(size))
#define __lsan_unregister_root_region(at, size) ((void)(at), (void)(size))
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

/* A huge page; its objects find it by their address. */
#define BLOCK_BYTES MEM_HUGE
#define OBJECT_MAX ((size_t)4096)
#define ALIGN 16

/* Stands at the beginning of each block. */
struct pool_block {
	struct pool_block *prev, *next; /* pool.blocks */
	void *free;                     /* list, linked through the objects */
	char *fresh;                    /* not yet given out */
	size_t fresh_len;
	size_t ready; /* bytes from the beginning on whose pages are there, or come one by one */
	size_t used;
};
#define BLOCK_HEAD ((sizeof(struct pool_block) + ALIGN - 1) / ALIGN * ALIGN)

_Static_assert((BLOCK_BYTES & (BLOCK_BYTES - 1)) == 0, "an address without its last bits");
_Static_assert(BLOCK_HEAD + OBJECT_MAX <= BLOCK_BYTES, "each block has an object");
_Static_assert((MEM_LARGE & (MEM_LARGE - 1)) == 0, "doubled, it comes to a block");

static struct pool_block *block_of(void *object)
{
	uintptr_t at = (uintptr_t)object & (BLOCK_BYTES - 1);
	return (struct pool_block *)(void *)((char *)object - at);
}

static void add_block(struct pool *p)
{
	/* A pool that stays small shall cost little: its first block is not huge. */
	struct pool_block *block = mem_map(BLOCK_BYTES, p->blocks_len > 0);
	*block = (struct pool_block){.fresh = (char *)block + BLOCK_HEAD,
				     .fresh_len = BLOCK_BYTES - BLOCK_HEAD,
				     .ready = MEM_LARGE};
	/* What objects point to is not lost; the leak check looks at no mapped memory else. */
	__lsan_register_root_region(block, BLOCK_BYTES);
	DL_PREPEND(p->blocks, block);
	p->blocks_len++;
}

static void drop_block(struct pool *p, struct pool_block *block)
{
	DL_DELETE(p->blocks, block);
	p->blocks_len--;
	ASAN_UNPOISON_MEMORY_REGION(block, (size_t)(block->fresh - (char *)block));
	__lsan_unregister_root_region(block, BLOCK_BYTES);
	mem_unmap(block, BLOCK_BYTES);
}

static bool is_full(const struct pool *p, const struct pool_block *block)
{
	return !block->free && block->fresh_len < p->size;
}

/* As much again as is used: whoever takes objects waits seldom for a page, and a pool that
 * stays small has few. */
static void ready_more(struct pool_block *block)
{
	if ((size_t)(block->fresh - (char *)block) <= block->ready)
		return;
	mem_ready((char *)block + block->ready, block->ready);
	block->ready *= 2;
}

void *pool_get(struct pool *p, size_t size)
{
	if (!p->size)
		p->size = (size + ALIGN - 1) / ALIGN * ALIGN;
	assert(size <= p->size && p->size >= sizeof(void *) && p->size <= OBJECT_MAX);
	if (!p->blocks || is_full(p, p->blocks))
		add_block(p);
	struct pool_block *block = p->blocks;
	void *object = block->free;
	if (object) {
		ASAN_UNPOISON_MEMORY_REGION(object, p->size);
		memcpy(&block->free, object, sizeof block->free);
	} else {
		object = block->fresh;
		block->fresh += p->size;
		block->fresh_len -= p->size;
		ready_more(block);
	}
	p->used++;
	block->used++;
	if (is_full(p, block) && block->next) {
		DL_DELETE(p->blocks, block);
		DL_APPEND(p->blocks, block);
	}
	memset(object, 0, p->size);
	return object;
}

void pool_put(struct pool *p, void *object)
{
	struct pool_block *block = block_of(object);
	assert(p->used > 0 && block->used > 0);
	p->used--;
	block->used--;
	memcpy(object, &block->free, sizeof block->free);
	block->free = object;
	ASAN_POISON_MEMORY_REGION(object, p->size);
	struct pool_block *other = block == p->blocks ? block->next : p->blocks;
	/* Kept while no other has room: or one object more or less would be a block. */
	if (!block->used && other && !is_full(p, other)) {
		drop_block(p, block);
	} else if (block != p->blocks) {
		DL_DELETE(p->blocks, block);
		DL_PREPEND(p->blocks, block);
	}
}

void pool_fini(struct pool *p)
{
	while (p->blocks)
		drop_block(p, p->blocks);
	*p = (struct pool){0};
}
