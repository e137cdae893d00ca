#include "core/room_members.h"

#include "core/decide.h"
#include "core/member_row.h"
#include "core/membership_row.h"
#include "core/tenant.h"

#include <assert.h>
#include <stdlib.h>

/* How many are new; MEMBER_CONFLICT when one is there otherwise. Leaves what
 * it looked at resident. */
static enum parlor_err count_new(struct core *c, struct room *room,
				 const struct core_member_spec *specs, size_t n, size_t *added)
{
	*added = 0;
	for (size_t i = 0; i < n; i++) {
		struct member *m;
		struct membership *ms = NULL;
		enum parlor_err err = member_find(c, room->row.tenant, specs[i].id, &m);
		if (!err && m)
			err = membership_find(c, room, m, &ms);
		if (err)
			return err;
		if (!ms)
			++*added;
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
	size_t added = 0;
	core_clock(c, call);
	enum parlor_err err = membership_check_specs(c, specs, n);
	if (!err && n == 0)
		err = PARLOR_E_EMPTY;
	if (!err)
		err = message_check_notice(c, notice);
	if (!err)
		err = decide_living_room(c, call, id, &room);
	if (!err)
		err = count_new(c, room, specs, n, &added);
	if (!err && room->row.members + added > c->limits.room_members)
		err = PARLOR_E_ROOM_FULL;
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (!err)
		err = member_capacity(c, t, specs, n);
	if (!err)
		err = membership_emit_joins(c, t, room, specs, n);
	if (err)
		return err;
	if (added)
		message_emit_notice(c, room, notice);
	room_view(room, added ? c->state.position : 0, view);
	return PARLOR_E_OK;
}

/* The room, and the memberships that are named in it, each once. */
static enum parlor_err find_all(struct core *c, const struct core_call *call, struct span id,
				const struct span *ids, size_t n, struct room **room,
				struct membership **out)
{
	enum parlor_err err = decide_distinct(c, ids, n);
	if (!err)
		err = decide_living_room(c, call, id, room);
	for (size_t i = 0; !err && i < n; i++)
		err = decide_membership(c, call, *room, ids[i], &out[i]);
	return err;
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
		err = find_all(c, call, id, ids, n, &room, found);
	if (err)
		goto out;
	for (size_t i = 0; i < n; i++)
		membership_emit_left(c, found[i]);
	message_emit_notice(c, room, notice);
	room_view(room, c->state.position, view);
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
		err = find_all(c, call, id, ids, n, &room, found);
	if (err)
		goto out;
	bool changed = false;
	for (size_t i = 0; i < n; i++)
		changed |= emit_change(c, found[i], &changes[i]);
	if (changed)
		message_emit_notice(c, room, notice);
	room_view(room, changed ? c->state.position : 0, view);
out:
	free(found);
	return err;
}

/* ---- listing ------------------------------------------------------------------- */

/* A page in order of ids: members whose ids stand in rows, and those whose do not yet. */
struct page {
	struct core *core;
	struct room *room;
	struct core_members_page *asked;
	struct span from;              /* behind that id */
	const struct membership *next; /* of those whose do not yet */
	uint64_t *members;
	size_t len, max;
	uint64_t passed; /* who has left, of the last row that is not of the page */
	bool ends;       /* there: the meter is spent */
};

/* Those of them up to that id; NULL: all. */
static void take_unlisted(struct page *page, const struct span *id)
{
	const struct membership *ms;
	while ((ms = page->next) != NULL && page->len < page->max &&
	       (!id || span_order(ms->member->row.id, *id) <= 0)) {
		meter_walk(page->core->engine.meter, 1);
		page->members[page->len++] = ms->member->no;
		page->next = membership_unlisted_behind(page->room, ms->member->row.id);
	}
}

/* Rows of those who have left stand there until they are written, and may be all of a room's:
 * each call passes over one at least. */
static bool take_row(void *arg, const void *key, size_t key_len, struct span value)
{
	struct page *page = arg;
	struct span id = {(const uint8_t *)key + ROW_PREFIX, key_len - ROW_PREFIX};
	if (value.len != 8 || span_order(id, page->from) <= 0)
		return true;
	take_unlisted(page, &id);
	if (page->len == page->max)
		return false;
	uint64_t member = be64_get(value.data);
	const struct row *row =
		row_find(&page->core->engine, &membership_kind, page->room->no, member);
	/* What was changed since is not in rows as it is. */
	if (row && ((const struct membership *)row)->unlisted) {
		page->passed = member;
		page->ends = meter_spent(page->core->engine.meter);
	} else {
		page->members[page->len++] = member;
	}
	return !page->ends && page->len < page->max;
}

/* Once the room has changed, somebody may be where nobody was. */
static enum parlor_err find_start(struct page *page)
{
	struct core *c = page->core;
	struct core_members_page *asked = page->asked;
	struct member *m;
	page->from = asked->after.len ? asked->after : (struct span){"", 0};
	if (page->from.len > ROW_ID_MAX)
		page->from.len = ROW_ID_MAX;
	if (!asked->passed || page->room->row.as_of > asked->as_of) {
		asked->as_of = c->state.position;
		return PARLOR_E_OK;
	}
	enum parlor_err err = member_find_no(c, asked->passed, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		page->from = m->row.id;
	return err;
}

static enum parlor_err find_page(struct page *page)
{
	struct row_key from;
	enum parlor_err err = find_start(page);
	if (err)
		return err;
	row_key_member_id(&from, page->room->no, page->from);
	page->next = membership_unlisted_behind(page->room, page->from);
	err = row_engine_scan(&page->core->engine, &from, ROW_PREFIX, take_row, page);
	if (!page->ends)
		take_unlisted(page, NULL);
	return err;
}

static enum parlor_err show(struct page *page, uint64_t no, core_member_fn *fn, void *ctx)
{
	struct core *c = page->core;
	struct member *m;
	struct membership *ms = NULL;
	enum parlor_err err = member_find_no(c, no, &m);
	if (!err && m)
		err = membership_find(c, page->room, m, &ms);
	if (err || !ms)
		return err ? err : PARLOR_E_STORE_CORRUPT;
	struct core_member_view view = {.id = m->row.id,
					.name = ms->row.name,
					.avatar = ms->row.avatar,
					.type = ms->row.type,
					.read_seq = ms->row.read_seq,
					.unread = page->room->row.counted - ms->row.seen,
					.joined_us = ms->row.joined_us,
					.joined_seq = ms->row.joined_seq};
	page->asked->after = m->row.id;
	fn(ctx, &view);
	return PARLOR_E_OK;
}

enum parlor_err core_members_list(struct core *c, const struct core_call *call,
				  struct core_members_page *asked, core_member_fn *fn, void *ctx)
{
	assert(asked->limit < CORE_MEMBERS_LIST_MAX);
	struct page page = {.core = c, .asked = asked, .max = asked->limit + 1};
	enum parlor_err err = decide_room(c, call, asked->room, &page.room);
	if (err)
		return err;
	page.members = mem_new(page.max * sizeof *page.members);
	err = find_page(&page);
	for (size_t i = 0; !err && i < page.len && i < asked->limit; i++)
		err = show(&page, page.members[i], fn, ctx);
	if (!err && page.ends && !page.len)
		err = PARLOR_E_BUSY;
	asked->passed = err == PARLOR_E_BUSY ? page.passed : 0;
	asked->more = page.ends || page.len > asked->limit;
	free(page.members);
	return err;
}
