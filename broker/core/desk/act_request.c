#include "core/desk/act_request.h"

#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/seats.h"
#include "core/desk/settle.h"
#include "core/desk/show.h"
#include "core/member_row.h"
#include "core/tenant_row.h"

static bool manages(struct core *c, const struct conversation *v, uint64_t member)
{
	const struct agent *a = agent_find_member(c, v->tenant, member);
	const struct config *desk = config_find_no(c, v->row.desk);
	if (!a || a->row.off || a->row.role < ROLE_MANAGER || !desk)
		return false;
	return a->row.role == ROLE_ADMIN || seat_find(c, desk->is, member);
}

static enum parlor_err find_by(struct act_request *a, struct span by)
{
	struct member *m;
	a->who = WHO_SERVICE;
	if (!by.len)
		return PARLOR_E_OK;
	a->who = WHO_NONE;
	enum parlor_err err = decide_member(a->core, a->call, by, &m);
	if (err)
		return err;
	const struct config *seat = a->v->row.seat ? config_find_no(a->core, a->v->row.seat) : NULL;
	a->by = m->no;
	/* Whoever served it last may ask again for what it has done. */
	if (!seat && a->v->row.state == CONVERSATION_CLOSED && a->v->row.human_seat)
		seat = config_find_no(a->core, a->v->row.human_seat);
	if (seat && ((const struct seat *)seat->is)->row.party_no == m->no)
		a->who = WHO_OWNER;
	else if (manages(a->core, a->v, m->no))
		a->who = WHO_MANAGER;
	else if (m->no == a->v->row.visitor)
		a->who = WHO_VISITOR;
	return PARLOR_E_OK;
}

enum parlor_err act_request_begin(struct act_request *a, struct core *c,
				  const struct core_call *call, const struct core_desk_act *q,
				  bool open)
{
	*a = (struct act_request){.core = c, .call = call, .before = c->state.position};
	core_clock(c, call);
	enum parlor_err err = decide_id(q->conversation);
	if (!err && q->why.len > c->limits.name_bytes)
		err = PARLOR_E_TOO_LONG;
	if (!err)
		err = tenant_find(c, call->tenant, &a->tenant);
	if (!err && a->tenant)
		err = conversation_find(c, a->tenant->no, q->conversation, &a->v);
	if (!err && !a->v)
		err = PARLOR_E_CONVERSATION_UNKNOWN;
	if (!err && open && a->v->row.state == CONVERSATION_CLOSED)
		err = PARLOR_E_CONVERSATION_CLOSED;
	if (!err)
		err = find_by(a, q->by);
	if (err)
		return err;
	desk_clock_see(c, call);
	a->before = c->state.position;
	return c->broken;
}

enum parlor_err act_request_owns(const struct act_request *a)
{
	return a->who == WHO_NONE || a->who == WHO_VISITOR ? PARLOR_E_NOT_YOURS : PARLOR_E_OK;
}

enum parlor_err act_request_seat(struct act_request *a, struct span agent)
{
	struct member *m;
	enum parlor_err err = decide_member(a->core, a->call, agent, &m);
	if (!err)
		a->seat = seat_find(a->core, a->v->desk, m->no);
	if (err == PARLOR_E_MEMBER_UNKNOWN || (!err && !a->seat))
		return PARLOR_E_SEAT_UNKNOWN;
	return err;
}

enum parlor_err act_request_may_take(const struct act_request *a, const struct team *team,
				     bool over)
{
	const struct seat *s = a->seat;
	const struct team_seat *t = team_seat_find(team, s);
	if (!seat_is_on(s) || s->agent->row.mode == MODE_AWAY || s->row.mode == MODE_AWAY)
		return PARLOR_E_SEAT_AWAY;
	if (over)
		return PARLOR_E_OK;
	if (!t)
		return PARLOR_E_NOT_SEATED;
	return seat_has_room(s, t) ? PARLOR_E_OK : PARLOR_E_SEAT_FULL;
}

enum parlor_err act_request_end(struct act_request *a, enum parlor_err err,
				struct conversation_view *view)
{
	struct core *c = a->core;
	if (err)
		return err;
	if (c->state.position != a->before)
		desk_settle(c);
	uint64_t position = c->state.position;
	conversation_show(c, a->v->no, &a->v->row, position == a->before ? 0 : position, view);
	return c->broken;
}
