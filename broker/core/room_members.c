#include "core/room_members.h"

#include "core/decide.h"
#include "core/tenant.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* How many are new; MEMBER_CONFLICT when one is there otherwise. Leaves what
 * it looked at resident. */
static enum parlor_err count_new(struct core *c, struct room *room,
				 const struct core_member_spec *specs, size_t n, size_t *news)
{
	*news = 0;
	for (size_t i = 0; i < n; i++) {
		struct member *m;
		struct membership *ms = NULL;
		enum parlor_err err = tables_member(c, room->row.tenant, specs[i].id, &m);
		if (!err && m)
			err = tables_membership(c, room, m, &ms);
		if (err)
			return err;
		if (!ms)
			++*news;
		else if (!membership_is_as(ms, &specs[i]))
			return PARLOR_E_MEMBER_CONFLICT;
	}
	return PARLOR_E_OK;
}

enum parlor_err core_members_add(struct core *c, const struct core_call *call, struct span id,
				 const struct core_member_spec *specs, size_t n,
				 const struct core_notice *notice, struct core_room_view *view)
{
	struct room *room;
	struct tenant *t;
	size_t news = 0;
	core_clock(c, call);
	enum parlor_err err = membership_check_specs(c, specs, n);
	if (!err && n == 0)
		err = PARLOR_E_EMPTY;
	if (!err)
		err = message_check_notice(c, notice);
	if (!err)
		err = decide_living_room(c, call, id, &room);
	if (!err)
		err = count_new(c, room, specs, n, &news);
	if (!err && room->row.members + news > c->limits.room_members)
		err = PARLOR_E_ROOM_FULL;
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (!err)
		err = member_capacity(c, t, specs, n);
	if (!err)
		err = membership_emit_joins(c, t, room, specs, n);
	if (err)
		return err;
	if (news)
		message_emit_notice(c, room, notice);
	room_view(room, view);
	view->position = news ? c->state.position : 0;
	return PARLOR_E_OK;
}

static enum parlor_err find_all(struct core *c, const struct core_call *call, struct room *room,
				const struct span *ids, size_t n, struct membership **out)
{
	for (size_t i = 0; i < n; i++) {
		enum parlor_err err = decide_membership(c, call, room, ids[i], &out[i]);
		if (err)
			return err;
	}
	return PARLOR_E_OK;
}

enum parlor_err core_members_remove(struct core *c, const struct core_call *call, struct span id,
				    const struct span *ids, size_t n,
				    const struct core_notice *notice, struct core_room_view *view)
{
	struct room *room;
	core_clock(c, call);
	if (n > c->limits.request_members)
		return PARLOR_E_TOO_MANY;
	if (n == 0)
		return PARLOR_E_EMPTY;
	struct membership **found = mem_new(n * sizeof *found);
	enum parlor_err err = message_check_notice(c, notice);
	for (size_t i = 0; !err && i < n; i++)
		err = decide_id(ids[i]);
	if (!err)
		err = decide_distinct(c, ids, n);
	if (!err)
		err = decide_living_room(c, call, id, &room);
	if (!err)
		err = find_all(c, call, room, ids, n, found);
	if (err)
		goto out;
	for (size_t i = 0; i < n; i++)
		membership_emit_left(c, found[i]);
	message_emit_notice(c, room, notice);
	room_view(room, view);
	view->position = c->state.position;
out:
	free(found);
	return err;
}

static enum parlor_err check_change(struct core *c, const struct core_member_change *change)
{
	enum parlor_err err = decide_id(change->id);
	if (!err && change->type && !membership_type_valid(change->type))
		err = PARLOR_E_VALUE;
	if (!err && (change->name.len > c->limits.name_bytes ||
		     change->avatar.len > c->limits.avatar_bytes))
		err = PARLOR_E_TOO_LONG;
	return err;
}

/* True when there was something to change. */
static bool emit_change(struct core *c, const struct membership *ms,
			const struct core_member_change *change)
{
	struct core_member_spec want = {
		.type = change->type ? change->type : ms->row.type,
		.name = change->set_name ? change->name : ms->row.name,
		.avatar = change->set_avatar ? change->avatar : ms->row.avatar,
	};
	if (membership_is_as(ms, &want))
		return false;
	membership_emit_changed(c, ms, &want);
	return true;
}

enum parlor_err core_members_change(struct core *c, const struct core_call *call, struct span id,
				    const struct core_member_change *changes, size_t n,
				    const struct core_notice *notice, struct core_room_view *view)
{
	struct room *room;
	core_clock(c, call);
	if (n > c->limits.request_members)
		return PARLOR_E_TOO_MANY;
	if (n == 0)
		return PARLOR_E_EMPTY;
	struct membership **found = mem_new(n * sizeof *found);
	struct span *ids = decide_id_list(c, n);
	enum parlor_err err = message_check_notice(c, notice);
	for (size_t i = 0; !err && i < n; i++) {
		ids[i] = changes[i].id;
		err = check_change(c, &changes[i]);
	}
	if (!err)
		err = decide_distinct(c, ids, n);
	if (!err)
		err = decide_living_room(c, call, id, &room);
	for (size_t i = 0; !err && i < n; i++)
		err = decide_membership(c, call, room, changes[i].id, &found[i]);
	if (err)
		goto out;
	bool changed = false;
	for (size_t i = 0; i < n; i++)
		changed |= emit_change(c, found[i], &changes[i]);
	if (changed)
		message_emit_notice(c, room, notice);
	room_view(room, view);
	view->position = changed ? c->state.position : 0;
out:
	free(found);
	return err;
}

/* ---- listing ------------------------------------------------------------------- */

static int by_member_id(const void *a, const void *b)
{
	struct span x = (*(struct membership *const *)a)->member->row.id;
	struct span y = (*(struct membership *const *)b)->member->row.id;
	int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
	return order ? order : (x.len > y.len) - (x.len < y.len);
}

static bool behind(struct span id, struct span after)
{
	int order = memcmp(id.data, after.data, id.len < after.len ? id.len : after.len);
	return order ? order > 0 : id.len > after.len;
}

enum parlor_err core_members_list(struct core *c, const struct core_call *call, struct span id,
				  struct span after, size_t limit, core_member_fn *fn, void *ctx,
				  bool *more)
{
	struct room *room;
	enum parlor_err err = decide_room(c, call, id, &room);
	if (!err)
		err = tables_load_members(c, room);
	if (err)
		return err;

	struct membership **found = mem_new((room->row.members + 1) * sizeof *found);
	struct membership *ms;
	size_t n = 0;
	DL_FOREACH2(room->memberships, ms, room_next)
	if (!ms->base.gone && (!after.len || behind(ms->member->row.id, after))) {
		assert(n < room->row.members);
		found[n++] = ms;
	}
	qsort(found, n, sizeof *found, by_member_id);
	*more = n > limit;
	for (size_t i = 0; i < n && i < limit; i++) {
		ms = found[i];
		struct core_member_view view = {.id = ms->member->row.id,
						.name = ms->row.name,
						.avatar = ms->row.avatar,
						.type = ms->row.type,
						.read_seq = ms->row.read_seq,
						.unread = room->row.counted - ms->row.seen,
						.joined_us = ms->row.joined_us,
						.joined_seq = ms->row.joined_seq};
		fn(ctx, &view);
	}
	free(found);
	return PARLOR_E_OK;
}
