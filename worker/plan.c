#include "plan.h"

#include "base/mem.h"
#include "project.h"

#include <stdlib.h>

void plan_fini(struct plan *plan)
{
	free(plan->changes);
	*plan = (struct plan){0};
}

static void add_change(struct plan *plan, const struct fold_room *room)
{
	MEM_GROW(plan->changes, plan->len, plan->cap, 16);
	plan->changes[plan->len++] = (struct stale_change){.tenant = room->tenant,
							   .room = room->room,
							   .counted = room->counted,
							   .last_seq = room->last_seq,
							   .members = room->members,
							   .renamed = room->renamed};
}

void plan_add(struct plan *plan, const struct fold *fold)
{
	for (const struct fold_room *room = fold->rooms; room; room = room->hh.next)
		if (room->posted || room->renamed)
			add_change(plan, room);
}

enum parlor_err plan_project(const struct plan *plan, struct db *db)
{
	struct projection rooms = {0};
	for (size_t i = 0; i < plan->len; i++) {
		const struct stale_change *change = &plan->changes[i];
		projection_add(&rooms, (struct project_room){.tenant = change->tenant,
							     .room = change->room,
							     .counted = change->counted,
							     .last_seq = change->last_seq,
							     .renamed = change->renamed});
	}
	enum parlor_err err = project_rooms(db, &rooms);
	projection_fini(&rooms);
	return err;
}

void plan_done(const struct plan *plan, struct stale *stale, uint64_t position, uint64_t now_us)
{
	for (size_t i = 0; i < plan->len; i++)
		stale_add(stale, &plan->changes[i], position, now_us);
}
