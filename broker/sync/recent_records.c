#include "sync/recent_records.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

void recent_records_init(struct recent_records *t, size_t cap, uint64_t after)
{
	assert(cap > 0);
	*t = (struct recent_records){
		.ring = mem_new(cap * sizeof *t->ring), .cap = cap, .after = after};
}

void recent_records_fini(struct recent_records *t)
{
	free(t->ring);
	*t = (struct recent_records){0};
}

uint64_t recent_records_at(const struct recent_records *t, size_t index)
{
	assert(index < t->len);
	return t->ring[(t->first + index) % t->cap];
}

void recent_records_push(struct recent_records *t, uint64_t position)
{
	assert(position > (t->len ? recent_records_at(t, t->len - 1) : t->after));
	if (t->len == t->cap) {
		t->after = recent_records_at(t, 0);
		t->first = (t->first + 1) % t->cap;
		t->len--;
	}
	t->ring[(t->first + t->len++) % t->cap] = position;
}

size_t recent_records_above(const struct recent_records *t, uint64_t position)
{
	size_t low = 0, high = t->len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (recent_records_at(t, middle) <= position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
