#include "pick.h"

#include <string.h>

static const char long_text[] = "0123456789012345678901234567890123456789"
				"0123456789012345678901234567890123456789";

static struct span bad_id(struct world *w)
{
	return world_chance(w, 50) ? (struct span){NULL, 0}
				   : (struct span){long_text, ROW_ID_MAX + 1};
}

struct span pick_tenant(struct world *w)
{
	static const char *const ids[] = {"acme", "bell", "coda"};
	if (world_chance(w, 1))
		return bad_id(w);
	if (w->now.tenants_len && world_chance(w, 95))
		return o_span(&w->now.tenants[world_below(w, (uint64_t)w->now.tenants_len)]);
	const char *id = ids[world_below(w, 3)];
	return SPAN_TEXT(id);
}

struct span pick_room(struct world *w)
{
	static const char *const ids[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
	int tenant = oracle_tenant(&w->now, w->call.tenant);
	w->touched = -1;
	if (world_chance(w, 2))
		return bad_id(w);
	bool known = !world_chance(w, 3);
	for (int tries = 0; known && tries < 40 && w->now.rooms_len; tries++) {
		int room = (int)world_below(w, (uint64_t)w->now.rooms_len);
		const struct o_room *r = &w->now.rooms[room];
		if (r->tenant != tenant ||
		    (r->state == ROOM_STATE_DISSOLVED && !world_chance(w, 10)))
			continue;
		w->touched = room;
		return o_span(&r->id);
	}
	const char *id = ids[world_below(w, 8)];
	w->touched = oracle_room(&w->now, tenant, SPAN_TEXT(id));
	return SPAN_TEXT(id);
}

struct span pick_member(struct world *w)
{
	static const char *const ids[] = {"ann", "bob", "cyd", "dan", "eve",
					  "fay", "gus", "hal", "客户"};
	uint64_t dice = world_below(w, 100);
	if (dice < 2)
		return bad_id(w);
	if (dice < 4)
		return (struct span){long_text, ROW_ID_MAX};
	const char *id = ids[world_below(w, 9)];
	return SPAN_TEXT(id);
}

struct span pick_in_room(struct world *w, int room)
{
	for (int tries = 0; room >= 0 && w->now.members_len && tries < 12; tries++) {
		int member = (int)world_below(w, (uint64_t)w->now.members_len);
		if (w->now.rooms[room].intervals[member].in)
			return o_span(&w->now.members[member].id);
		if (tries == 0 && world_chance(w, 10))
			break;
	}
	return pick_member(w);
}

struct span pick_text(struct world *w, uint64_t limit)
{
	static const char *const texts[] = {"", "a", "b", "ab", "你", "xyz"};
	uint64_t dice = world_below(w, 100);
	if (dice < 2)
		return (struct span){long_text, limit + 1};
	if (dice < 6)
		return (struct span){long_text, limit};
	if (dice < 20)
		return (struct span){NULL, 0};
	const char *text = texts[world_below(w, 6)];
	return SPAN_TEXT(text);
}

struct core_notice pick_notice(struct world *w)
{
	struct core_notice notice = {.body = {NULL, 0}};
	if (!world_chance(w, 35))
		return notice;
	notice.body = pick_text(w, w->limits.body_bytes);
	if (world_chance(w, 50))
		notice.sender = pick_in_room(w, w->touched);
	return notice;
}

uint8_t pick_type(struct world *w)
{
	if (world_chance(w, 2))
		return world_chance(w, 50) ? 0 : 9;
	return world_chance(w, 30) ? MEMBER_TYPE_MANAGER : MEMBER_TYPE_MEMBER;
}

size_t pick_specs(struct world *w, struct core_member_spec specs[O_SPECS + 1])
{
	size_t n = world_chance(w, 3)    ? world_below(w, 2) * (w->limits.request_members + 1)
		   : world_chance(w, 50) ? 1
					 : 1 + world_below(w, w->limits.request_members);
	for (size_t i = 0; i < n; i++) {
		specs[i] = (struct core_member_spec){.id = pick_member(w), .type = pick_type(w)};
		if (world_chance(w, 40))
			specs[i].name = pick_text(w, w->limits.name_bytes);
		if (world_chance(w, 30))
			specs[i].avatar = pick_text(w, w->limits.avatar_bytes);
	}
	return n;
}
