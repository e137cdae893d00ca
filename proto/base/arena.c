#include "arena.h"

#include "mem.h"

#include <stdlib.h>

#define ALIGN ((size_t)16)

void arena_init(struct arena *a, size_t size)
{
	*a = (struct arena){.block = mem_new(size), .size = size};
}

void arena_fini(struct arena *a)
{
	free(a->block);
	*a = (struct arena){0};
}

void arena_clear(struct arena *a)
{
	a->used = 0;
}

void *arena_get(struct arena *a, size_t size)
{
	/* An empty piece gets an address of its own, as from malloc. */
	size_t padded = ((size ? size : 1) + ALIGN - 1) & ~(ALIGN - 1);
	if (padded < size || padded > a->size - a->used)
		return NULL;
	void *at = a->block + a->used;
	a->used += padded;
	return at;
}
