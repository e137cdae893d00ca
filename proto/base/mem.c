#include "mem.h"

#include "log.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

char *mem_text(const void *bytes, size_t len)
{
	char *text = need(malloc(len + 1), len + 1);
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	return text;
}
