#include "core/inbox.h"

#include "core/decide.h"

#include <stdlib.h>

/* Steps of the walk over recent rooms, beyond which the search is cheaper. */
#define WALK_STEPS(rooms) (64 + 2 * (rooms))

struct page {
	struct membership **items;
	size_t len;
	size_t limit; /* one more than is shown: whether there are more */
};

static uint64_t activity(const struct membership *ms)
{
	return ms->room->row.active_pos;
}

/* True when the page was filled, or is complete. */
static bool walk_recent(struct core *c, const struct tenant *t, const struct member *m,
			uint64_t below, struct page *page)
{
	size_t steps = WALK_STEPS(m->memberships_len);
	for (struct room *r = t->warm; r; r = r->recency_next) {
		if (r->row.active_pos <= t->recency_floor || steps-- == 0)
			return false;
		if (r->row.active_pos >= below)
			continue;
		struct membership *ms = tables_resident(c, r, m);
		if (!ms || ms->base.gone)
			continue;
		page->items[page->len++] = ms;
		if (page->len == page->limit)
			return true;
	}
	return false;
}

/* items is a heap with the least active on top. */
static void sift_down(struct page *page, size_t at)
{
	for (;;) {
		size_t least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < page->len &&
			    activity(page->items[child]) < activity(page->items[least]))
				least = child;
		if (least == at)
			return;
		struct membership *ms = page->items[at];
		page->items[at] = page->items[least];
		page->items[least] = ms;
		at = least;
	}
}

static int by_activity_falling(const void *a, const void *b)
{
	uint64_t x = activity(*(struct membership *const *)a);
	uint64_t y = activity(*(struct membership *const *)b);
	return (x < y) - (x > y);
}

static void search_own(const struct member *m, uint64_t below, struct page *page)
{
	struct membership *ms;
	page->len = 0;
	DL_FOREACH2(m->memberships, ms, member_next)
	{
		if (ms->base.gone || activity(ms) >= below)
			continue;
		if (page->len < page->limit) {
			page->items[page->len++] = ms;
			if (page->len == page->limit)
				for (size_t i = page->len / 2; i-- > 0;)
					sift_down(page, i);
		} else if (activity(ms) > activity(page->items[0])) {
			page->items[0] = ms;
			sift_down(page, 0);
		}
	}
	qsort(page->items, page->len, sizeof *page->items, by_activity_falling);
}

static void show(const struct membership *ms, core_inbox_fn *fn, void *ctx)
{
	const struct row_room *room = &ms->room->row;
	struct core_inbox_room view = {
		.id = room->id,
		.name = room->name,
		.room = ms->room->no,
		.member_type = ms->row.type,
		.state = room->state,
		.unread = room->counted - ms->row.seen,
		.read_seq = ms->row.read_seq,
		.last_seq = room->last_seq,
		.active_us = room->active_us,
		.active_pos = room->active_pos,
		.last_pos = room->last_seq ? room->active_pos : 0,
		.mentioned = ms->row.mention_seq > ms->row.read_seq,
	};
	fn(ctx, &view);
}

static enum parlor_err find(struct core *c, const struct core_call *call, struct span id,
			    struct tenant **t, struct member **m)
{
	enum parlor_err err = decide_member(c, call, id, m);
	if (!err)
		err = tables_tenant(c, call->tenant, t);
	if (!err)
		err = tables_load_some_rooms(c, *m);
	return err;
}

enum parlor_err core_inbox(struct core *c, const struct core_call *call, struct span member,
			   uint64_t cursor, size_t limit, core_inbox_fn *fn, void *ctx,
			   uint64_t *cursor_out)
{
	struct tenant *t;
	struct member *m;
	enum parlor_err err = find(c, call, member, &t, &m);
	if (err)
		return err;
	if (limit == 0 || limit > c->limits.page)
		limit = c->limits.page;

	uint64_t below = cursor ? cursor : UINT64_MAX;
	struct page page = {.limit = limit + 1};
	page.items = mem_new(page.limit * sizeof *page.items);
	if (!walk_recent(c, t, m, below, &page))
		search_own(m, below, &page);

	size_t shown = page.len < limit ? page.len : limit;
	for (size_t i = 0; i < shown; i++)
		show(page.items[i], fn, ctx);
	*cursor_out = page.len > limit ? activity(page.items[limit - 1]) : 0;
	free(page.items);
	return PARLOR_E_OK;
}

/* Reckons the total from nothing. */
static void sum_all(struct member *m)
{
	struct membership *ms;
	m->total.unread = m->total.rooms = 0;
	DL_FOREACH2(m->memberships, ms, member_next)
	{
		ms->told = 0;
		tables_tell(ms);
		m->total.rooms += !ms->base.gone;
	}
	m->total.known = true;
}

/* Brings the total up to date by the rooms that were active since; false when
 * there are too many, or not all are known to be at hand. */
static bool sum_recent(struct core *c, const struct tenant *t, struct member *m)
{
	size_t steps = WALK_STEPS(m->memberships_len);
	if (!m->total.known || t->recency_floor > m->total.position)
		return false;
	for (struct room *r = t->warm; r && r->row.active_pos > m->total.position;
	     r = r->recency_next) {
		if (steps-- == 0)
			return false;
		struct membership *ms = tables_resident(c, r, m);
		if (ms)
			tables_tell(ms);
	}
	return true;
}

enum parlor_err core_unread_total(struct core *c, const struct core_call *call, struct span member,
				  uint64_t *unread, uint64_t *rooms)
{
	struct tenant *t;
	struct member *m;
	enum parlor_err err = find(c, call, member, &t, &m);
	if (err)
		return err;
	if (!sum_recent(c, t, m))
		sum_all(m);
	m->total.position = c->state.position;
	*unread = m->total.unread;
	*rooms = m->total.rooms;
	return PARLOR_E_OK;
}
