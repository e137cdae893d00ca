/* Deciding about members of a room: add, remove, change, list; and where a
 * member is. Several members in one request: all or none. */
#include "core/decide.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool type_valid(uint8_t type)
{
	return type == MEMBER_TYPE_MANAGER || type == MEMBER_TYPE_MEMBER;
}

/* The ids of a request, for decide_distinct. */
static struct span *id_list(struct core *c, size_t n)
{
	buf_clear(&c->scan);
	return (struct span *)(void *)buf_reserve(&c->scan, n * sizeof(struct span) + 1);
}

enum parlor_err decide_specs(struct core *c, const struct core_member_spec *specs, size_t n)
{
	if (n > c->limits.request_members)
		return PARLOR_E_TOO_MANY;
	struct span *ids = id_list(c, n);
	for (size_t i = 0; i < n; i++) {
		enum parlor_err err = decide_id(specs[i].id);
		if (err)
			return err;
		if (!type_valid(specs[i].type))
			return PARLOR_E_VALUE;
		if (specs[i].name.len > c->limits.name_bytes ||
		    specs[i].avatar.len > c->limits.avatar_bytes)
			return PARLOR_E_TOO_LONG;
		ids[i] = specs[i].id;
	}
	return decide_distinct(c, ids, n);
}

enum parlor_err core_emit_joins(struct core *c, struct tenant *t, struct room *room,
				const struct core_member_spec *specs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct member *m;
		struct membership *ms;
		enum parlor_err err = decide_intern(c, t, specs[i].id, &m);
		if (!err)
			err = tables_membership(c, room, m, &ms);
		if (err) {
			core_break(c, err);
			return err;
		}
		if (ms)
			continue;
		struct record r = {.kind = RECORD_JOINED,
				   .tenant = t->no,
				   .room = room->no,
				   .member = m->no,
				   .seq = room->row.last_seq,
				   .counted = room->row.counted,
				   .seen = room->row.counted,
				   .read_seq = room->row.last_seq,
				   .type = specs[i].type,
				   .members = room->row.members + 1,
				   .room_id = room->row.id,
				   .room_name = room->row.name,
				   .member_id = m->row.id,
				   .name = specs[i].name,
				   .avatar = specs[i].avatar};
		core_emit(c, &r);
	}
	return PARLOR_E_OK;
}

static bool same_profile(const struct membership *ms, const struct core_member_spec *spec)
{
	return ms->row.type == spec->type && span_equal(ms->row.name, spec->name) &&
	       span_equal(ms->row.avatar, spec->avatar);
}

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
		else if (!same_profile(ms, &specs[i]))
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
	enum parlor_err err = decide_specs(c, specs, n);
	if (!err && n == 0)
		err = PARLOR_E_EMPTY;
	if (!err)
		err = decide_notice(c, notice);
	if (!err)
		err = decide_living_room(c, call, id, &room);
	if (!err)
		err = count_new(c, room, specs, n, &news);
	if (!err && room->row.members + news > c->limits.room_members)
		err = PARLOR_E_ROOM_FULL;
	if (!err)
		err = decide_tenant(c, call, &t);
	if (!err)
		err = decide_capacity(c, t, specs, n);
	if (!err)
		err = core_emit_joins(c, t, room, specs, n);
	if (err)
		return err;
	if (news)
		core_emit_notice(c, room, notice);
	core_view_room(room, view);
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
	enum parlor_err err = decide_notice(c, notice);
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
	for (size_t i = 0; i < n; i++) {
		struct record r = {.kind = RECORD_LEFT,
				   .tenant = room->row.tenant,
				   .room = room->no,
				   .member = found[i]->member->no,
				   .members = room->row.members - 1,
				   .room_id = room->row.id,
				   .room_name = room->row.name,
				   .member_id = found[i]->member->row.id};
		core_emit(c, &r);
	}
	core_emit_notice(c, room, notice);
	core_view_room(room, view);
	view->position = c->state.position;
out:
	free(found);
	return err;
}

static enum parlor_err check_change(struct core *c, const struct core_member_change *change)
{
	enum parlor_err err = decide_id(change->id);
	if (!err && change->type && !type_valid(change->type))
		err = PARLOR_E_VALUE;
	if (!err && (change->name.len > c->limits.name_bytes ||
		     change->avatar.len > c->limits.avatar_bytes))
		err = PARLOR_E_TOO_LONG;
	return err;
}

/* True when there was something to change. */
static bool emit_change(struct core *c, struct room *room, struct membership *ms,
			const struct core_member_change *change)
{
	struct core_member_spec want = {
		.type = change->type ? change->type : ms->row.type,
		.name = change->set_name ? change->name : ms->row.name,
		.avatar = change->set_avatar ? change->avatar : ms->row.avatar,
	};
	if (same_profile(ms, &want))
		return false;
	/* The profile moves when it is set: the record must not borrow from it. */
	char *name = mem_text(want.name.data, want.name.len);
	char *avatar = mem_text(want.avatar.data, want.avatar.len);
	struct record r = {.kind = RECORD_MEMBER_CHANGED,
			   .tenant = room->row.tenant,
			   .room = room->no,
			   .member = ms->member->no,
			   .type = want.type,
			   .members = room->row.members,
			   .room_id = room->row.id,
			   .room_name = room->row.name,
			   .member_id = ms->member->row.id,
			   .name = {name, want.name.len},
			   .avatar = {avatar, want.avatar.len}};
	core_emit(c, &r);
	free(name);
	free(avatar);
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
	struct span *ids = id_list(c, n);
	enum parlor_err err = decide_notice(c, notice);
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
		changed |= emit_change(c, room, found[i], &changes[i]);
	if (changed)
		core_emit_notice(c, room, notice);
	core_view_room(room, view);
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
	if (!ms->gone && (!after.len || behind(ms->member->row.id, after))) {
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

/* ---- where a member is ----------------------------------------------------------- */

enum parlor_err core_member_rooms(struct core *c, uint64_t member, core_stay_fn *fn, void *ctx)
{
	struct member *m;
	enum parlor_err err = tables_member_no(c, member, &m);
	if (!err && !m)
		err = PARLOR_E_MEMBER_UNKNOWN;
	if (!err)
		err = tables_load_rooms(c, m);
	if (err)
		return err;
	struct membership *ms;
	DL_FOREACH2(m->memberships, ms, member_next)
	if (!ms->gone)
		fn(ctx, ms->key.room, ms->row.joined_pos, 0);
	return PARLOR_E_OK;
}

struct former_scan {
	core_stay_fn *fn;
	void *ctx;
	bool bad;
};

static bool tell_former(void *arg, const void *key, size_t key_len, struct span value)
{
	struct former_scan *scan = arg;
	struct row_former row;
	scan->bad = !row_get_former(value, &row);
	if (!scan->bad)
		scan->fn(scan->ctx, row.room, row.joined_pos, row_key_tail(key, key_len));
	return !scan->bad;
}

enum parlor_err core_member_formers(struct core *c, uint64_t member, uint64_t after,
				    core_stay_fn *fn, void *ctx)
{
	struct former_scan scan = {.fn = fn, .ctx = ctx};
	struct row_key from;
	row_key_former(&from, member, after + 1);
	enum parlor_err err = tables_scan(c, &from, ROW_PREFIX, tell_former, &scan);
	if (!err && scan.bad)
		err = PARLOR_E_STORE_CORRUPT;
	for (size_t i = c->fresh_landed; !err && i < c->fresh_len; i++) {
		const struct fresh *f = &c->fresh[i];
		if (f->key.table != ROW_MEMBERS || f->key.len != from.len ||
		    memcmp(f->key.bytes, from.bytes, ROW_PREFIX) != 0 ||
		    row_key_tail(f->key.bytes, f->key.len) <= after)
			continue;
		/* After a recovery it may be in rows already, and told. */
		struct span stored;
		err = tables_get(c, &f->key, &stored);
		if (err != PARLOR_E_NOT_FOUND)
			continue;
		err = PARLOR_E_OK;
		tell_former(&scan, f->key.bytes, f->key.len, (struct span){f->value, f->value_len});
	}
	return err;
}
