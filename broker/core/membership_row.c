#include "core/membership_row.h"

#include "core/member_row.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void membership_tell_inbox(struct core *c, const struct membership *ms)
{
	struct member *m = ms->member;
	if (!m->inbox)
		return;
	if (ms->base.gone)
		room_order_remove(&m->inbox->rooms, ms->room->no);
	else
		room_order_set(&m->inbox->rooms, ms->room->no, ms->room->row.active_pos,
			       ms->room->row.counted - ms->row.seen);
	member_resize(c, m);
}

void membership_set_profile(struct core *c, struct membership *ms, struct span name,
			    struct span avatar)
{
	char *text = mem_new(name.len + avatar.len + 1);
	if (name.len)
		memcpy(text, name.data, name.len);
	if (avatar.len)
		memcpy(text + name.len, avatar.data, avatar.len);
	free(ms->text);
	ms->text = text;
	ms->row.name = (struct span){text, name.len};
	ms->row.avatar = (struct span){text + name.len, avatar.len};
	row_resize(&c->engine, &ms->base, name.len + avatar.len + 1);
}

/* That the member is in the room stands among the member's rows, too, and its
 * number among the room's in order of ids. */
static void put_beside(struct row *row, core_put_fn *put, void *ctx)
{
	struct membership *ms = (struct membership *)row;
	struct row_key in_room, id;
	uint8_t number[8];
	uint8_t joined[BUF_VARINT_MAX];
	struct buf joined_pos = BUF_ON(joined);
	if (!row->gone && ms->indexed)
		return;
	be64_put(number, row->at.tail);
	buf_put_varint(&joined_pos, ms->row.joined_pos);
	row_key_in_room(&in_room, row->at.tail, row->at.number);
	row_key_member_id(&id, row->at.number, ms->member->row.id);
	const struct span none = {NULL, 0};
	put(ctx, &in_room, row->gone ? none : (struct span){joined, joined_pos.len});
	put(ctx, &id, row->gone ? none : (struct span){number, sizeof number});
	ms->indexed = !row->gone;
}

struct membership *membership_unlisted(const struct member *m, uint64_t room)
{
	struct tree_node *n = tree_from(m->unlisted, room);
	return n ? (struct membership *)((char *)n - offsetof(struct membership, of_member)) : NULL;
}

static struct membership *of_room(const struct tree_node *n)
{
	return n ? (struct membership *)((const char *)n - offsetof(struct membership, of_room))
		 : NULL;
}

static struct span member_id(const struct tree_node *n)
{
	return of_room(n)->member->row.id;
}

struct membership *membership_unlisted_behind(const struct room *r, struct span id)
{
	return of_room(tree_behind_text(r->unlisted, id, member_id));
}

/* A tombstone stands among its member's only: no list of members goes by it. */
static void set_unlisted(struct membership *ms, bool unlisted)
{
	bool here = unlisted && !ms->base.gone;
	if (unlisted && !ms->unlisted)
		tree_put(&ms->member->unlisted, &ms->of_member, ms->room->no);
	if (!unlisted && ms->unlisted)
		tree_take(&ms->member->unlisted, &ms->of_member);
	if (here && !ms->unlisted_here)
		tree_put_text(&ms->room->unlisted, &ms->of_room, member_id);
	if (!here && ms->unlisted_here)
		tree_take_text(&ms->room->unlisted, &ms->of_room, member_id);
	ms->unlisted = unlisted;
	ms->unlisted_here = here;
}

static void membership_landed(struct row *row)
{
	struct membership *ms = (struct membership *)row;
	if (ms->indexed && !row->gone)
		set_unlisted(ms, false);
}

static void membership_failed(struct row *row)
{
	struct membership *ms = (struct membership *)row;
	ms->indexed = false;
	set_unlisted(ms, true);
}

static void drop_membership(void *core, struct row *row)
{
	struct core *c = core;
	struct membership *ms = (struct membership *)row;
	if (c->last_membership == ms)
		c->last_membership = NULL;
	free(ms->text);
	if (!ms->room)
		return;
	set_unlisted(ms, false);
	DL_DELETE2(ms->room->memberships, ms, room_prev, room_next);
	if (row->gone || row->at.tail >= ms->room->members_next)
		return;
	ms->room->members_next = row->at.tail;
	ms->room->members_dropped |= ms->room->members_loading;
}

const struct row_kind membership_kind = {.name = "membership",
					 .no = KIND_MEMBERSHIP,
					 .table = ROW_ROOMS,
					 .sub = ROW_MEMBERSHIP,
					 .paired = true,
					 .size = sizeof(struct membership),
					 .fields = row_membership_fields,
					 .fields_at = offsetof(struct membership, row),
					 .put_beside = put_beside,
					 .landed = membership_landed,
					 .failed = membership_failed,
					 .drop = drop_membership};

static void link_membership(struct core *c, struct membership *ms, struct room *r, struct member *m)
{
	ms->room = r;
	ms->member = m;
	membership_set_profile(c, ms, ms->row.name, ms->row.avatar);
	DL_APPEND2(r->memberships, ms, room_prev, room_next);
	row_refer(&ms->base, &m->base);
}

/* Without loading, tombstones included. */
static struct membership *resident(struct core *c, const struct room *r, const struct member *m)
{
	struct membership *ms = c->last_membership;
	if (ms && ms->room == r && ms->member == m)
		return ms;
	ms = (struct membership *)row_find(&c->engine, &membership_kind, r->no, m->no);
	if (ms)
		c->last_membership = ms;
	return ms;
}

enum parlor_err membership_find(struct core *c, struct room *r, struct member *m,
				struct membership **out)
{
	struct row *row;
	bool read;
	*out = resident(c, r, m);
	if (*out) {
		if ((*out)->base.gone)
			*out = NULL;
		return PARLOR_E_OK;
	}
	if (m->no < r->members_next)
		return PARLOR_E_OK;

	enum parlor_err err =
		row_load(&c->engine, &membership_kind, r->no, m->no, &r->base, &row, &read);
	if (err || !row)
		return err;
	*out = (struct membership *)row;
	link_membership(c, *out, r, m);
	(*out)->indexed = true;
	return PARLOR_E_OK;
}

struct membership *membership_add(struct core *c, struct room *r, struct member *m,
				  const struct row_membership *row)
{
	struct membership *ms = resident(c, r, m);
	if (!ms) {
		ms = (struct membership *)row_add(&c->engine, &membership_kind, r->no, m->no,
						  &r->base);
		ms->row = *row;
		link_membership(c, ms, r, m);
	} else {
		assert(ms->base.gone);
		ms->row = *row;
		membership_set_profile(c, ms, row->name, row->avatar);
	}
	/* Of an earlier time in the room, where it was in it before. */
	ms->indexed = false;
	row_revive(&c->engine, &ms->base);
	set_unlisted(ms, true);
	membership_tell_inbox(c, ms);
	return ms;
}

/* Numbers that are collected at a time: loading reads other rows. */
#define LOAD_MEMBERS 32

static bool collect_tail(void *numbers, const void *key, size_t key_len, struct span value)
{
	struct buf *b = numbers;
	(void)value;
	buf_put_u64(b, row_key_tail(key, key_len));
	return b->len < LOAD_MEMBERS * sizeof(uint64_t);
}

static enum parlor_err load_some(struct core *c, struct room *r)
{
	struct row_key from;
	struct reader in;
	buf_clear(&c->scan);
	row_key_membership(&from, r->no, r->members_next);
	enum parlor_err err =
		row_engine_scan(&c->engine, &from, ROW_PREFIX, collect_tail, &c->scan);
	bool more = c->scan.len == LOAD_MEMBERS * sizeof(uint64_t);
	reader_init(&in, c->scan.data, c->scan.len);
	while (!err && reader_left(&in)) {
		struct member *m = NULL;
		struct membership *ms;
		uint64_t no = reader_u64(&in);
		err = member_find_no(c, no, &m);
		if (!err && !m)
			err = PARLOR_E_STORE_CORRUPT;
		if (!err)
			err = membership_find(c, r, m, &ms);
		if (!err)
			r->members_next = no + 1;
	}
	if (!err && !more)
		r->members_next = UINT64_MAX;
	return err;
}

struct membership *membership_resident(struct core *c, const struct room *r, const struct member *m)
{
	struct membership *ms = resident(c, r, m);
	return ms && !ms->base.gone ? ms : NULL;
}

enum parlor_err membership_load_all(struct core *c, struct room *r)
{
	enum parlor_err err = PARLOR_E_OK;
	while (!err && r->members_next != UINT64_MAX) {
		/* Where memory does not keep them between pieces it is done in one. */
		if (meter_spent(c->engine.meter) && !r->members_dropped)
			err = PARLOR_E_BUSY;
		else
			err = load_some(c, r);
	}
	r->members_loading = err == PARLOR_E_BUSY;
	r->members_dropped &= r->members_loading;
	return err;
}

static void new_past(struct core *c, const struct membership *ms, uint64_t left_pos)
{
	struct row_key key;
	struct member *m = ms->member;
	row_key_past(&key, m->no, left_pos);
	buf_clear(&c->scratch);
	row_put_past(&c->scratch,
		     &(struct row_past){.room = ms->room->no, .joined_pos = ms->row.joined_pos});
	m->past_last = first_row_add(&c->engine, &key, buf_span(&c->scratch), m->past_last);
}

/* What it costs that one leaves: three rows go and one comes, in memory that nobody has
 * touched for long, or ever. */
#define REMOVE_STEPS 4

void membership_remove(struct core *c, struct membership *ms, uint64_t position)
{
	row_remove(&c->engine, &ms->base);
	set_unlisted(ms, true);
	membership_tell_inbox(c, ms);
	meter_walk(c->engine.meter, REMOVE_STEPS);
	new_past(c, ms, position);
}

enum parlor_err membership_remove_all(struct core *c, struct room *r, uint64_t position)
{
	struct membership *ms;
	enum parlor_err err = membership_load_all(c, r);
	if (err)
		return err;
	/* Taken out one by one it would be a search for each. */
	r->unlisted = NULL;
	DL_FOREACH2(r->memberships, ms, room_next)
	{
		ms->unlisted_here = false;
		if (!ms->base.gone && ms->row.as_of < position)
			membership_remove(c, ms, position);
	}
	return PARLOR_E_OK;
}
