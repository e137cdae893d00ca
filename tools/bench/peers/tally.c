#include "tally.h"

#include "load.h"

#include "base/mem.h"

#include <stdlib.h>

void tally_init(struct tally *t, uint32_t rooms, uint32_t members)
{
	*t = (struct tally){.rooms = rooms, .members = members, .seed = 1};
	t->of_room = mem_new(rooms * sizeof *t->of_room);
	t->of_member = mem_new((size_t)rooms * members * sizeof *t->of_member);
}

void tally_fini(struct tally *t)
{
	free(t->of_room);
	free(t->of_member);
	*t = (struct tally){0};
}

void tally_draw(struct tally *t, uint32_t *room, uint32_t *member)
{
	uint64_t random = load_random(&t->seed);
	*room = (uint32_t)((random >> 32) % t->rooms);
	*member = (uint32_t)random % t->members;
	t->of_room[*room]++;
	t->of_member[(size_t)*room * t->members + *member]++;
	t->posts++;
}

uint64_t tally_room(const struct tally *t, uint32_t room)
{
	return t->of_room[room];
}

uint64_t tally_unread(const struct tally *t, uint32_t room, uint32_t member)
{
	return t->of_room[room] - t->of_member[(size_t)room * t->members + member];
}
