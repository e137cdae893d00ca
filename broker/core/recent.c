#include "core/recent.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

#define CAP_MIN 16
#define SEQ_BITS 10
_Static_assert(RECENT_SPAN == 1 << SEQ_BITS, "a seq stands in a slot by these bits");

void recent_make(struct recent *r, uint64_t from)
{
	recent_fini(r);
	*r = (struct recent){
		.slots = mem_new(CAP_MIN * sizeof *r->slots), .cap = CAP_MIN, .from = from};
}

void recent_fini(struct recent *r)
{
	free(r->slots);
	*r = (struct recent){0};
}

size_t recent_bytes(const struct recent *r)
{
	return r->cap * sizeof *r->slots;
}

/* One bit is always set: what is taken is not free. */
static uint32_t slot_of(struct hash128 key, uint64_t seq)
{
	uint32_t part = (uint32_t)(key.high >> (32 + SEQ_BITS)) | 1;
	return part << SEQ_BITS | (uint32_t)(seq % RECENT_SPAN);
}

static uint32_t home_of(uint32_t slot)
{
	return slot >> (SEQ_BITS + 1);
}

static uint64_t seq_of(const struct recent *r, uint32_t slot)
{
	uint64_t first = r->from + 1;
	return first + ((slot - first) % RECENT_SPAN);
}

static void put(struct recent *r, uint32_t slot)
{
	uint32_t at = home_of(slot) % r->cap;
	while (r->slots[at] && r->slots[at] != slot)
		at = (at + 1) % r->cap;
	r->len += r->slots[at] == 0;
	r->slots[at] = slot;
}

static void rebuild(struct recent *r, uint64_t keep_from)
{
	struct recent old = *r;
	uint32_t kept = 0;
	if (keep_from < old.from)
		keep_from = old.from;
	for (uint32_t i = 0; i < old.cap; i++)
		kept += old.slots[i] && seq_of(&old, old.slots[i]) > keep_from;
	uint32_t cap = CAP_MIN;
	while (cap < 2 * kept + 2)
		cap *= 2;
	*r = (struct recent){
		.slots = mem_new(cap * sizeof *r->slots), .cap = cap, .from = keep_from};
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.slots[i] && seq_of(&old, old.slots[i]) > keep_from)
			put(r, old.slots[i]);
	free(old.slots);
}

void recent_add(struct recent *r, struct hash128 key, uint64_t seq, uint64_t keep_from)
{
	if (!r->slots || seq <= r->from)
		return;
	if (4 * (r->len + 1) > 3 * r->cap || seq - r->from >= RECENT_SPAN)
		rebuild(r, keep_from);
	if (seq <= r->from)
		return;
	assert(seq - r->from <= RECENT_SPAN);
	put(r, slot_of(key, seq));
}

uint64_t recent_find(const struct recent *r, struct hash128 key, uint32_t *step)
{
	uint32_t want = slot_of(key, 0), slot;
	while ((slot = r->slots[(home_of(want) + *step) % r->cap])) {
		++*step;
		if ((slot ^ want) >> SEQ_BITS == 0)
			return seq_of(r, slot);
	}
	return 0;
}
