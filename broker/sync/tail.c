#include "sync/tail.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

void tail_init(struct tail *t, size_t cap, uint64_t after)
{
	assert(cap > 0);
	*t = (struct tail){.ring = mem_new(cap * sizeof *t->ring), .cap = cap, .after = after};
}

void tail_fini(struct tail *t)
{
	free(t->ring);
	*t = (struct tail){0};
}

uint64_t tail_at(const struct tail *t, size_t index)
{
	assert(index < t->len);
	return t->ring[(t->first + index) % t->cap];
}

void tail_push(struct tail *t, uint64_t position)
{
	assert(position > (t->len ? tail_at(t, t->len - 1) : t->after));
	if (t->len == t->cap) {
		t->after = tail_at(t, 0);
		t->first = (t->first + 1) % t->cap;
		t->len--;
	}
	t->ring[(t->first + t->len++) % t->cap] = position;
}

size_t tail_above(const struct tail *t, uint64_t position)
{
	size_t low = 0, high = t->len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (tail_at(t, middle) <= position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
