#include "core/decide.h"

#include "core/member_row.h"
#include "core/membership_row.h"
#include "core/room_row.h"
#include "core/tenant_row.h"

enum parlor_err decide_id(struct span id)
{
	if (id.len == 0)
		return PARLOR_E_EMPTY;
	return id.len > ROW_ID_MAX ? PARLOR_E_TOO_LONG : PARLOR_E_OK;
}

struct span *decide_id_list(struct core *c, size_t n)
{
	buf_clear(&c->scan);
	return (struct span *)(void *)buf_reserve(&c->scan, n * sizeof(struct span) + 1);
}

enum parlor_err decide_distinct(struct core *c, const struct span *ids, size_t n)
{
	if (n < 2)
		return PARLOR_E_OK;
	buf_clear(&c->scratch);
	buf_put(&c->scratch, ids, n * sizeof *ids);
	struct span *sorted = (struct span *)(void *)c->scratch.data;
	span_sort(sorted, n);
	for (size_t i = 1; i < n; i++)
		if (span_equal(sorted[i - 1], sorted[i]))
			return PARLOR_E_REPEATED;
	return PARLOR_E_OK;
}

enum parlor_err decide_room(struct core *c, const struct core_call *call, struct span id,
			    struct room **room)
{
	struct tenant *t = NULL;
	*room = NULL;
	enum parlor_err err = decide_id(id);
	if (!err)
		err = tenant_find(c, call->tenant, &t);
	if (!err && t)
		err = room_find(c, t->no, id, room);
	if (!err && !*room)
		err = PARLOR_E_ROOM_UNKNOWN;
	return err;
}

enum parlor_err decide_living_room(struct core *c, const struct core_call *call, struct span id,
				   struct room **room)
{
	enum parlor_err err = decide_room(c, call, id, room);
	if (!err && (*room)->row.state == ROOM_STATE_DISSOLVED)
		err = PARLOR_E_ROOM_DISSOLVED;
	return err;
}

enum parlor_err decide_member(struct core *c, const struct core_call *call, struct span id,
			      struct member **m)
{
	struct tenant *t = NULL;
	*m = NULL;
	enum parlor_err err = decide_id(id);
	if (!err)
		err = tenant_find(c, call->tenant, &t);
	if (!err && t)
		err = member_find(c, t->no, id, m);
	if (!err && !*m)
		err = PARLOR_E_MEMBER_UNKNOWN;
	return err;
}

enum parlor_err decide_membership(struct core *c, const struct core_call *call, struct room *room,
				  struct span member, struct membership **ms)
{
	struct member *m;
	enum parlor_err err = decide_member(c, call, member, &m);
	if (!err)
		err = membership_find(c, room, m, ms);
	if (err == PARLOR_E_MEMBER_UNKNOWN || (!err && !*ms))
		err = PARLOR_E_NOT_MEMBER;
	return err;
}

/* ---- emitting ------------------------------------------------------------------ */

void core_clock(struct core *c, const struct core_call *call)
{
	if (c->now_us < call->now_us)
		c->now_us = call->now_us;
}

void core_emit(struct core *c, const struct record_kind *kind, struct record *r)
{
	r->kind = kind->no;
	r->position = c->state.position + 1;
	r->time_us = c->now_us;
	enum parlor_err err = apply_record(c, kind, r);
	if (err)
		core_break(c, err);
	else
		c->sink.record(c->sink.ctx, r);
}

void core_break(struct core *c, enum parlor_err err)
{
	if (!c->broken)
		c->broken = err;
}
