#include "plan.h"

#include "base/mem.h"
#include "project.h"

#include <stdlib.h>

void plan_fini(struct plan *plan)
{
	free(plan->waits);
	*plan = (struct plan){0};
}

static void add_wait(struct plan *plan, const struct fold_room *room)
{
	if (plan->len == plan->cap) {
		plan->cap = plan->cap ? 2 * plan->cap : 16;
		plan->waits = mem_resize(plan->waits, plan->cap, sizeof *plan->waits);
	}
	plan->waits[plan->len++] = (struct plan_wait){room->tenant, room->room, room->members};
}

static bool must_wait(const struct plan *plan, const struct fold_room *room,
		      const struct stale *stale)
{
	if (stale_count(stale) + plan->len >= STALE_ROOMS_MAX)
		return false;
	return room->members > PLAN_MEMBERS_MAX || plan->rows + room->members > PLAN_ROWS_MAX;
}

/* Whoever read, posted or joined sees it at once, in any room. Where the fold
 * knew the room's name or counters, apply_fold has written it already. */
static void pick_members(struct picks *members, const struct fold_room *room)
{
	for (const struct fold_seat *s = room->seats; s; s = s->next) {
		bool named = s->state != FOLD_SEAT_JOINED || room->changed;
		bool counted = s->state != FOLD_SEAT_CHANGED || !s->seen_set || room->posted;
		if (!named || !counted)
			picks_add(members, (struct pick){.tenant = room->tenant,
							 .room = room->room,
							 .member = s->member});
	}
}

enum parlor_err plan_run(struct plan *plan, struct db *db, const struct fold *fold,
			 const struct stale *stale, uint64_t position)
{
	struct picks rooms = {0};
	struct picks members = {0};
	struct picks waiting = {0};
	for (const struct fold_room *room = fold->rooms; room; room = room->hh.next) {
		struct pick pick = {.tenant = room->tenant, .room = room->room};
		bool waits = stale_has(stale, room->tenant, room->room);
		bool all = !waits && (room->posted || room->renamed);
		if (all && !must_wait(plan, room, stale)) {
			picks_add(&rooms, pick);
			plan->rows += room->members;
			continue;
		}
		pick_members(&members, room);
		if (all) {
			picks_add(&waiting, pick);
			add_wait(plan, room);
		}
	}
	enum parlor_err err = project_rooms(db, &rooms);
	if (!err)
		err = project_members(db, &members);
	if (!err)
		err = stale_mark(db, &waiting, position);
	picks_fini(&rooms);
	picks_fini(&members);
	picks_fini(&waiting);
	return err;
}

void plan_done(const struct plan *plan, struct stale *stale, uint64_t position, uint64_t now_us)
{
	for (size_t i = 0; i < plan->len; i++)
		stale_add(stale, plan->waits[i].tenant, plan->waits[i].room, position,
			  plan->waits[i].members, now_us);
}
