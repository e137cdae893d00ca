#include "core/inbox.h"

#include "core/decide.h"
#include "core/label.h"
#include "core/member_row.h"
#include "core/membership_row.h"
#include "core/room_row.h"

/* ---- what stands in rows --------------------------------------------------------- */

/* Nothing is made resident by it: those rooms may be more than memory holds. */
static enum parlor_err look_at_room(struct core *c, uint64_t no, struct row_room *room)
{
	struct row *row;
	struct span value;
	enum parlor_err err = row_look(&c->engine, &room_kind, no, 0, &row, &value);
	if (row)
		*room = ((const struct room *)row)->row;
	else if (!err && !row_get_room(value, room))
		err = PARLOR_E_STORE_CORRUPT;
	return err;
}

/* *is false: the member is not in the room. */
static enum parlor_err look_at_membership(struct core *c, uint64_t room, uint64_t member, bool *is,
					  struct row_membership *ms)
{
	struct row *row;
	struct span value;
	enum parlor_err err = row_look(&c->engine, &membership_kind, room, member, &row, &value);
	*is = row ? !row->gone : value.data != NULL;
	if (row)
		*ms = ((const struct membership *)row)->row;
	else if (!err && *is && !row_get_membership(value, ms))
		err = PARLOR_E_STORE_CORRUPT;
	return err;
}

static enum parlor_err look_again(struct core *c, struct member *m, uint64_t no)
{
	struct row_membership ms;
	struct row_room room;
	bool is;
	enum parlor_err err = look_at_membership(c, no, m->no, &is, &ms);
	if (!err && is)
		err = look_at_room(c, no, &room);
	meter_walk(c->engine.meter, 1);
	if (!err && is)
		room_order_set(&m->inbox->rooms, no, room.active_pos, room.counted - ms.seen);
	else if (!err)
		room_order_remove(&m->inbox->rooms, no);
	return err;
}

/* ---- keeping it ------------------------------------------------------------------- */

/* One that is being read stays, or reading it would never end where there is little
 * memory. Few do: whoever asks no more is in nobody's way. */
static void hold(struct core *c, struct member *m)
{
	struct inbox_holds *h = &c->inboxes;
	for (size_t i = 0; i < INBOX_HOLDS; i++)
		if (h->members[i] == m)
			return;
	struct member **place = &h->members[h->next++ % INBOX_HOLDS];
	if (*place)
		(*place)->base.refs--;
	*place = m;
	m->base.refs++;
}

static void let_go(struct core *c, struct member *m)
{
	struct inbox_holds *h = &c->inboxes;
	for (size_t i = 0; i < INBOX_HOLDS; i++)
		if (h->members[i] == m) {
			h->members[i] = NULL;
			m->base.refs--;
		}
}

static void begin(struct core *c, struct member *m)
{
	member_drop_inbox(c, m);
	m->inbox = mem_new(sizeof *m->inbox);
	m->inbox->active = c->activity.count;
}

static bool take_room(void *core, const void *key, size_t key_len, struct span value)
{
	struct core *c = core;
	(void)value;
	buf_put_u64(&c->scan, row_key_tail(key, key_len));
	return c->scan.len < c->limits.inbox_rooms * sizeof(uint64_t);
}

/* Those of the rooms below that one that no row tells of as they are; where it ends. */
static uint64_t take_unlisted(struct core *c, struct member *m, uint64_t below)
{
	const struct membership *ms;
	uint64_t from = m->inbox->next;
	for (size_t left = c->limits.inbox_rooms; (ms = membership_unlisted(m, from)) != NULL;
	     left--) {
		if (ms->room->no >= below)
			break;
		if (!left)
			return ms->room->no;
		membership_tell_inbox(c, ms);
		meter_walk(c->engine.meter, 1);
		from = ms->room->no + 1;
	}
	return below;
}

static enum parlor_err read_some(struct core *c, struct member *m)
{
	struct inbox *in = m->inbox;
	struct row_key from;
	struct reader numbers;
	/* Looking at them reads other rows. */
	buf_clear(&c->scan);
	row_key_in_room(&from, m->no, in->next);
	enum parlor_err err = row_engine_scan(&c->engine, &from, ROW_PREFIX, take_room, c);
	reader_init(&numbers, c->scan.data, c->scan.len);
	uint64_t no = 0, below = UINT64_MAX;
	struct reader last;
	if (c->scan.len == c->limits.inbox_rooms * sizeof(uint64_t)) {
		reader_init(&last, c->scan.data + c->scan.len - sizeof below, sizeof below);
		below = reader_u64(&last) + 1;
	}
	if (!err)
		below = take_unlisted(c, m, below);
	while (!err && reader_left(&numbers) && (no = reader_u64(&numbers)) < below)
		err = look_again(c, m, no);
	if (!err)
		in->next = below;
	in->whole = !err && below == UINT64_MAX;
	return err;
}

static enum parlor_err look_at_active(struct core *c, struct member *m)
{
	struct inbox *in = m->inbox;
	enum parlor_err err = PARLOR_E_OK;
	while (!err && in->active < c->activity.count && !meter_spent(c->engine.meter)) {
		uint64_t room = activity_at(&c->activity, in->active);
		meter_walk(c->engine.meter, 1);
		if (room_order_has(&in->rooms, room))
			err = look_again(c, m, room);
		in->active += !err;
	}
	return err;
}

/* Reading it all again is cheaper, or the only way. */
static bool is_too_old(const struct core *c, const struct inbox *in)
{
	uint64_t behind = c->activity.count - in->active;
	uint64_t cheaper = (in->rooms.len + 1) * 2 * METER_ROW_STEPS;
	return behind > ACTIVITY_KEPT || (in->whole && behind > cheaper);
}

static enum parlor_err bring_up_to_date(struct core *c, struct member *m)
{
	if (!m->inbox || is_too_old(c, m->inbox))
		begin(c, m);
	struct inbox *in = m->inbox;
	enum parlor_err err = look_at_active(c, m);
	while (!err && !in->whole && !meter_spent(c->engine.meter))
		err = read_some(c, m);
	member_resize(c, m);
	bool done = in->whole && in->active == c->activity.count;
	if (!err && !done)
		hold(c, m);
	else
		let_go(c, m);
	return err || done ? err : PARLOR_E_BUSY;
}

static enum parlor_err find(struct core *c, const struct core_call *call, struct span id,
			    struct member **m)
{
	enum parlor_err err = decide_member(c, call, id, m);
	return err ? err : bring_up_to_date(c, *m);
}

/* ---- asking ------------------------------------------------------------------------ */

static enum parlor_err show(struct core *c, struct member *m, const struct ordered_room *item,
			    core_inbox_fn *fn, void *ctx)
{
	struct room *r;
	struct membership *ms = NULL;
	enum parlor_err err = room_find_no(c, item->by_room.key, &r);
	if (!err && r)
		err = membership_find(c, r, m, &ms);
	if (err || !ms)
		return err ? err : PARLOR_E_STORE_CORRUPT;
	const struct row_room *room = &r->row;
	struct core_inbox_room view = {
		.id = room->id,
		.name = room->name,
		.labels = room->labels,
		.room = r->no,
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
	return PARLOR_E_OK;
}

static enum parlor_err is_wanted(struct core *c, const struct core_inbox_query *q,
				 const struct ordered_room *item, bool *wanted)
{
	struct row_room room;
	enum parlor_err err = PARLOR_E_OK;
	*wanted = !q->unread_only || item->unread;
	if (*wanted && q->label.len) {
		err = look_at_room(c, item->by_room.key, &room);
		*wanted = !err && labels_have(room.labels, q->label);
	}
	meter_walk(c->engine.meter, !*wanted);
	return err;
}

/* The whole page, or what is seen of it until the meter is spent, a room at least:
 * *cursor is where it ends. */
static enum parlor_err show_page(struct core *c, struct member *m, const struct core_inbox_query *q,
				 core_inbox_fn *fn, void *ctx, uint64_t *cursor)
{
	const struct room_order *rooms = &m->inbox->rooms;
	uint64_t from = q->cursor ? q->cursor : UINT64_MAX, below = from;
	size_t limit = q->limit && q->limit < c->limits.page ? q->limit : c->limits.page, shown = 0;
	bool filtered = q->unread_only || q->label.len;
	const struct ordered_room *item;
	enum parlor_err err = PARLOR_E_OK;
	while (!err && (item = room_order_below(rooms, below)) != NULL) {
		bool wanted;
		err = is_wanted(c, q, item, &wanted);
		bool ends = filtered && below != from && meter_spent(c->engine.meter);
		if (ends || (wanted && shown == limit))
			break;
		if (!err && wanted)
			err = show(c, m, item, fn, ctx);
		shown += wanted;
		below = item->by_active.key;
	}
	*cursor = err || item ? below : 0;
	return err;
}

enum parlor_err core_inbox(struct core *c, const struct core_call *call,
			   const struct core_inbox_query *q, core_inbox_fn *fn, void *ctx,
			   uint64_t *cursor)
{
	struct member *m;
	enum parlor_err err = q->label.len ? labels_check(q->label) : PARLOR_E_OK;
	if (!err)
		err = find(c, call, q->member, &m);
	return err ? err : show_page(c, m, q, fn, ctx, cursor);
}

enum parlor_err core_unread_total(struct core *c, const struct core_call *call, struct span member,
				  uint64_t *unread, uint64_t *rooms)
{
	struct member *m;
	enum parlor_err err = find(c, call, member, &m);
	if (err)
		return err;
	*unread = m->inbox->rooms.unread;
	*rooms = m->inbox->rooms.len;
	return PARLOR_E_OK;
}
