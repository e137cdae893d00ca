#include "core/activity.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert((ACTIVITY_KEPT & (ACTIVITY_KEPT - 1)) == 0, "a place in the ring is a remainder");

void activity_fini(struct activity *a)
{
	free(a->rooms);
	*a = (struct activity){0};
}

size_t activity_bytes(const struct activity *a)
{
	return a->cap * sizeof *a->rooms;
}

void activity_add(struct activity *a, uint64_t room)
{
	/* As long as it grows nothing has come round. */
	if (a->count == a->cap && a->cap < ACTIVITY_KEPT) {
		a->cap = a->cap ? 2 * a->cap : 1024;
		a->rooms = mem_resize(a->rooms, a->cap, sizeof *a->rooms);
	}
	a->rooms[a->count++ % ACTIVITY_KEPT] = room;
}

uint64_t activity_at(const struct activity *a, uint64_t at)
{
	assert(at < a->count && a->count - at <= ACTIVITY_KEPT);
	return a->rooms[at % ACTIVITY_KEPT];
}
