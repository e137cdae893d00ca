/* Moves about a room and who is in it. */
#include "core/tenant.h"
#include "moves.h"

#include "pick.h"

static void create(struct world *w, const struct core_room_create *q)
{
	struct core_room_view core = {.no = 0}, oracle = {.no = 0};
	enum parlor_err got = core_room_create(w->core, &w->call, q, &core);
	enum parlor_err want = oracle_create(&w->now, &w->call, q, core.id, &oracle);
	move_told(w, got, want, "create %.*s with %zu members", WORDS(q->id), q->members_len);
	if (got)
		return;
	WANT(w, q->id.len || core.id.len == 32, "made an id of %zu bytes", core.id.len);
	move_same_view(w, &core, &oracle);
	w->touched = (int)core.no - 1;
}

void move_create(struct world *w)
{
	struct core_member_spec specs[O_SPECS + 1];
	struct core_room_create q = {.open = world_chance(w, 50), .members = specs};
	if (!world_chance(w, 30))
		q.id = pick_room(w);
	q.name = pick_text(w, w->limits.name_bytes);
	q.members_len = world_chance(w, 10) ? 0 : pick_specs(w, specs);
	q.notice = pick_notice(w);
	create(w, &q);
}

/* As it was created, or nearly so. */
void move_create_again(struct world *w)
{
	struct core_member_spec specs[O_SPECS + 1];
	struct span id = pick_room(w);
	if (w->touched < 0)
		return;
	const struct o_room *r = &w->now.rooms[w->touched];
	struct core_room_create q = {.id = id,
				     .name = o_label_span(&r->asked_name),
				     .open = r->open,
				     .members = specs,
				     .members_len = r->asked_len,
				     .notice = pick_notice(w)};
	for (size_t i = 0; i < q.members_len; i++)
		specs[i] = (struct core_member_spec){.id = o_span(&r->asked[i].id),
						     .type = r->asked[i].type,
						     .name = o_label_span(&r->asked[i].name),
						     .avatar = o_label_span(&r->asked[i].avatar)};
	if (world_chance(w, 15))
		q.open = !q.open;
	if (world_chance(w, 15))
		q.name = pick_text(w, w->limits.name_bytes);
	if (q.members_len && world_chance(w, 15))
		q.members_len--;
	if (q.members_len && world_chance(w, 15))
		specs[0].type = (uint8_t)(3 - specs[0].type);
	create(w, &q);
}

void move_rename(struct world *w)
{
	struct core_room_view core = {.no = 0}, oracle = {.no = 0};
	struct span room = pick_room(w), name = pick_text(w, w->limits.name_bytes);
	struct core_notice notice = pick_notice(w);
	enum parlor_err got = core_room_rename(w->core, &w->call, room, name, &notice, &core);
	enum parlor_err want = oracle_rename(&w->now, &w->call, room, name, &notice, &oracle);
	move_told(w, got, want, "rename %.*s to %.*s", WORDS(room), WORDS(name));
	if (!got)
		move_same_view(w, &core, &oracle);
}

static void set_state(struct world *w, uint8_t state)
{
	struct core_room_view core = {.no = 0}, oracle = {.no = 0};
	struct span room = pick_room(w);
	struct core_notice notice = pick_notice(w);
	if (world_chance(w, 2))
		state = world_chance(w, 50) ? 0 : 4;
	enum parlor_err got = core_room_set_state(w->core, &w->call, room, state, &notice, &core);
	enum parlor_err want = oracle_set_state(&w->now, &w->call, room, state, &notice, &oracle);
	move_told(w, got, want, "state %d for %.*s", state, WORDS(room));
	if (!got)
		move_same_view(w, &core, &oracle);
}

void move_close(struct world *w)
{
	set_state(w, ROOM_STATE_CLOSED);
}

void move_reopen(struct world *w)
{
	set_state(w, ROOM_STATE_OPEN);
}

void move_dissolve(struct world *w)
{
	set_state(w, ROOM_STATE_DISSOLVED);
}

void move_show(struct world *w)
{
	struct core_room_view core = {.no = 0}, oracle = {.no = 0};
	struct span room = pick_room(w), member = pick_in_room(w, w->touched);
	enum parlor_err got = core_room_show(w->core, &w->call, room, &core);
	enum parlor_err want = oracle_show(&w->now, &w->call, room, &oracle);
	move_told(w, got, want, "show %.*s", WORDS(room));
	if (!got)
		move_same_view(w, &core, &oracle);

	uint64_t core_no = 0, oracle_no = 0;
	got = core_room_check(w->core, &w->call, room, member, &core_no);
	want = oracle_check(&w->now, &w->call, room, member, &oracle_no);
	move_told(w, got, want, "check %.*s in %.*s", WORDS(member), WORDS(room));
	WANT_SAME(w, core_no, oracle_no);

	struct span id = {NULL, 0};
	uint32_t tenant = 0;
	int known = oracle_tenant(&w->now, w->call.tenant);
	WANT(w, !core_tenant_find(w->core, w->call.tenant, &tenant), "tenant");
	WANT_SAME(w, tenant, known + 1);
	got = core_tenant_id(w->core, tenant, &id);
	WANT_SAME(w, got, known < 0 ? PARLOR_E_NOT_FOUND : PARLOR_E_OK);
	WANT(w, known < 0 || span_equal(id, w->call.tenant), "another tenant");
}

void move_add(struct world *w)
{
	struct core_member_spec specs[O_SPECS + 1];
	struct core_room_view core = {.no = 0}, oracle = {.no = 0};
	struct span room = pick_room(w);
	size_t n = pick_specs(w, specs);
	struct span first = n ? specs[0].id : room;
	struct core_notice notice = pick_notice(w);
	enum parlor_err got = core_members_add(w->core, &w->call, room, specs, n, &notice, &core);
	enum parlor_err want = oracle_add(&w->now, &w->call, room, specs, n, &notice, &oracle);
	move_told(w, got, want, "add %zu to %.*s: %.*s", n, WORDS(room), WORDS(first));
	if (!got)
		move_same_view(w, &core, &oracle);
}

static size_t some(struct world *w)
{
	if (world_chance(w, 4))
		return world_below(w, 2) * (w->limits.request_members + 1);
	return world_chance(w, 60) ? 1 : 1 + world_below(w, w->limits.request_members);
}

void move_remove(struct world *w)
{
	struct span ids[O_SPECS + 1];
	struct core_room_view core = {.no = 0}, oracle = {.no = 0};
	struct span room = pick_room(w);
	size_t n = some(w);
	for (size_t i = 0; i < n; i++)
		ids[i] = pick_in_room(w, w->touched);
	struct span first = n ? ids[0] : room;
	struct core_notice notice = pick_notice(w);
	enum parlor_err got = core_members_remove(w->core, &w->call, room, ids, n, &notice, &core);
	enum parlor_err want = oracle_remove(&w->now, &w->call, room, ids, n, &notice, &oracle);
	move_told(w, got, want, "remove %zu of %.*s: %.*s", n, WORDS(room), WORDS(first));
	if (!got)
		move_same_view(w, &core, &oracle);
}

void move_change(struct world *w)
{
	struct core_member_change changes[O_SPECS + 1];
	struct core_room_view core = {.no = 0}, oracle = {.no = 0};
	struct span room = pick_room(w);
	size_t n = some(w);
	for (size_t i = 0; i < n; i++)
		changes[i] =
			(struct core_member_change){.id = pick_in_room(w, w->touched),
						    .type = world_chance(w, 50) ? 0 : pick_type(w),
						    .set_name = world_chance(w, 40),
						    .set_avatar = world_chance(w, 40),
						    .name = pick_text(w, w->limits.name_bytes),
						    .avatar = pick_text(w, w->limits.avatar_bytes)};
	struct span first = n ? changes[0].id : room;
	struct core_notice notice = pick_notice(w);
	enum parlor_err got =
		core_members_change(w->core, &w->call, room, changes, n, &notice, &core);
	enum parlor_err want = oracle_change(&w->now, &w->call, room, changes, n, &notice, &oracle);
	move_told(w, got, want, "change %zu of %.*s: %.*s", n, WORDS(room), WORDS(first));
	if (!got)
		move_same_view(w, &core, &oracle);
}
