/* Linked with --wrap=mem_map,--wrap=mem_unmap, for tests that make thousands of small
 * cores: the first block of a pool, which each core has some of, is kept for the next
 * core. Most of their time would be pages that are touched once. Such a block need not
 * be zeroed: a pool clears what it gives out. */
#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define KEPT 64

void *__real_mem_map(size_t size, bool huge);
void __real_mem_unmap(void *memory, size_t size);
void *__wrap_mem_map(size_t size, bool huge);
void __wrap_mem_unmap(void *memory, size_t size);

static struct {
	void *memory;
	bool used;
} maps[KEPT];

void *__wrap_mem_map(size_t size, bool huge)
{
	size_t i = 0;
	if (huge || size != MEM_HUGE)
		return __real_mem_map(size, huge);
	while (i < KEPT && maps[i].used)
		i++;
	if (i == KEPT)
		return __real_mem_map(size, huge);
	if (!maps[i].memory)
		maps[i].memory = __real_mem_map(size, huge);
	maps[i].used = true;
	ASAN_UNPOISON_MEMORY_REGION(maps[i].memory, size);
	return maps[i].memory;
}

void __wrap_mem_unmap(void *memory, size_t size)
{
	for (size_t i = 0; i < KEPT; i++) {
		if (maps[i].memory == memory) {
			maps[i].used = false;
			ASAN_POISON_MEMORY_REGION(memory, size);
			return;
		}
	}
	__real_mem_unmap(memory, size);
}
