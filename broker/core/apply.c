#include "core/apply.h"

#include "core/desk/tables.h"
#include "core/member_row.h"
#include "core/membership_row.h"
#include "core/room_row.h"

enum parlor_err apply_record(struct core *c, const struct record_kind *kind, const struct record *r)
{
	/* What follows from it does so at its time, now or again. */
	if (c->now_us < r->time_us)
		c->now_us = r->time_us;
	enum parlor_err err = kind->apply(c, r);
	if (!err)
		err = c->desk->hooks->follow(c, r);
	if (err)
		return err;
	if (c->engine.applied < r->position)
		c->engine.applied = r->position;
	if (c->state.position < r->position) {
		c->state.position = r->position;
		c->state.time_us = r->time_us;
	}
	return PARLOR_E_OK;
}

enum parlor_err apply_room(struct core *c, const struct record *r, struct room **room)
{
	enum parlor_err err = room_find_no(c, r->room, room);
	return err || *room ? err : PARLOR_E_STORE_CORRUPT;
}

enum parlor_err apply_room_row(struct core *c, const struct record *r, struct room **room,
			       bool *is_new)
{
	enum parlor_err err = apply_room(c, r, room);
	if (err)
		return err;
	*is_new = (*room)->row.as_of < r->position;
	if (*is_new) {
		(*room)->row.as_of = r->position;
		row_touch(&c->engine, &(*room)->base);
	}
	return PARLOR_E_OK;
}

enum parlor_err apply_membership(struct core *c, const struct record *r, struct room *room,
				 uint64_t member_no, struct membership **ms)
{
	struct member *m = NULL;
	*ms = NULL;
	if (!member_no)
		return PARLOR_E_OK;
	enum parlor_err err = member_find_no(c, member_no, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		err = membership_find(c, room, m, ms);
	if (err)
		return err;
	if (*ms && (*ms)->row.as_of >= r->position)
		*ms = NULL;
	return PARLOR_E_OK;
}

enum parlor_err apply_membership_row(struct core *c, const struct record *r, struct membership **ms)
{
	struct room *room;
	enum parlor_err err = apply_room(c, r, &room);
	return err ? err : apply_membership(c, r, room, r->member, ms);
}

void apply_membership_changed(struct core *c, const struct record *r, struct membership *ms)
{
	ms->row.as_of = r->position;
	row_touch(&c->engine, &ms->base);
	membership_tell_inbox(c, ms);
}
