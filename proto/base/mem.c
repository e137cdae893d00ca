#include "mem.h"

#include "log.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static void *need(void *memory, size_t size)
{
	if (!memory) {
		log_fatal("out of memory: %zu bytes", size);
		_exit(MEM_EXIT_STATUS);
	}
	return memory;
}

void *mem_new(size_t size)
{
	return need(calloc(1, size ? size : 1), size);
}

void *mem_resize(void *old, size_t count, size_t size)
{
	size_t total;
	bool overflow = __builtin_mul_overflow(count, size, &total);
	assert(!overflow);
	return need(realloc(old, total ? total : 1), total);
}

_Static_assert(MEM_LARGE >= 2 * 65536, "a whole page at least, also of the largest");

/* Advice only: what an older kernel does not know costs its faults. */
void mem_ready(void *memory, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)memory + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)memory + size) & ~(page - 1);
	if (size >= MEM_LARGE)
		(void)madvise((void *)from, to - from, MADV_POPULATE_WRITE);
}

static size_t whole(size_t size)
{
	return (size + MEM_HUGE - 1) / MEM_HUGE * MEM_HUGE;
}

void *mem_map(size_t size, bool huge)
{
	size = whole(size);
	char *all = mmap(NULL, size + MEM_HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	all = need(all == MAP_FAILED ? NULL : all, size);
	size_t before = (MEM_HUGE - (uintptr_t)all % MEM_HUGE) % MEM_HUGE;
	if (before)
		(void)munmap(all, before);
	(void)munmap(all + before + size, MEM_HUGE - before);
	/* Advice only: without huge pages it works as well. */
	if (huge)
		(void)madvise(all + before, size, MADV_HUGEPAGE);
	return all + before;
}

void mem_unmap(void *memory, size_t size)
{
	(void)munmap(memory, whole(size));
}

char *mem_text(const void *bytes, size_t len)
{
	char *text = need(malloc(len + 1), len + 1);
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	return text;
}
