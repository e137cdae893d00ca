#include "core/desk/transfer.h"

#include "core/decide.h"
#include "core/desk/act_request.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/duty.h"
#include "core/desk/match.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"

#define NOTE_BYTES 1024

/* ---- to whom ------------------------------------------------------------------ */

static enum parlor_err check(const struct act_request *a, const struct core_desk_transfer *q)
{
	const struct row_conversation *row = &a->v->row;
	if (q->note.len > NOTE_BYTES)
		return PARLOR_E_TOO_LONG;
	if (!q->agent.len == !q->team.len)
		return PARLOR_E_VALUE;
	enum parlor_err err = act_request_owns(a);
	if (err || row->state != CONVERSATION_ACTIVE)
		return PARLOR_E_NOT_YOURS;
	if (row->transfer)
		return PARLOR_E_TRANSFER_OPEN;
	return row->transfers >= SETTING_TRANSFERS_MAX ? PARLOR_E_TOO_MANY : PARLOR_E_OK;
}

/* full: it has to wait for room. */
static enum parlor_err find_seat(struct act_request *a, const struct core_desk_transfer *q,
				 bool *full)
{
	enum parlor_err err = act_request_seat(a, q->agent);
	if (err)
		return err;
	if (a->seat->config->base.at.number == a->v->row.seat)
		return PARLOR_E_VALUE;
	if (!a->seat->available)
		return PARLOR_E_SEAT_AWAY;
	*full = !seat_has_room(a->seat, team_seat_find(a->v->team, a->seat));
	return *full && !q->wait ? PARLOR_E_SEAT_FULL : PARLOR_E_OK;
}

static enum parlor_err find_team(struct act_request *a, const struct core_desk_transfer *q,
				 struct team **team)
{
	*team = team_find(a->core, a->v->desk, q->team);
	if (!*team)
		return PARLOR_E_TEAM_UNKNOWN;
	return duty_closed(a->core, *team) ? PARLOR_E_TEAM_CLOSED : PARLOR_E_OK;
}

/* ---- asking ------------------------------------------------------------------- */

static void show_parties(struct act_request *a, const struct core_desk_transfer *q,
			 const struct team *team, struct transfer_view *t)
{
	const struct seat *from = seat_find_any(a->core, a->v->row.seat);
	t->from_agent = from->row.agent;
	t->from_agent_no = from->row.party_no;
	t->note = q->note;
	t->by_no = a->by;
	t->asked_us = a->core->now_us;
	if (team) {
		t->to_team = team->row.team;
		t->to_team_no = team->config->base.at.number;
		t->let_go = q->let_go;
		return;
	}
	t->to_agent = a->seat->row.agent;
	t->to_agent_no = a->seat->row.party_no;
}

static void emit_asked(struct act_request *a, const struct core_desk_act *act,
		       const struct core_desk_transfer *q, struct team *team, bool waits)
{
	struct core *c = a->core;
	struct conversation_change ch;
	struct transfer_view t = {.by = act->by};
	bool done = team && q->let_go;
	conversation_begin(&ch, c, a->v);
	t.no = conversation_give(&ch);
	t.end = done ? TRANSFER_DONE : TRANSFER_ASKED;
	t.ended_us = done ? c->now_us : 0;
	show_parties(a, q, team, &t);
	ch.row.transfers++;
	if (!done) {
		uint64_t us = SETTING_US(a->v->team, offer_ms);
		ch.row.transfer = t.no;
		ch.row.transfer_seat = team ? 0 : a->seat->config->base.at.number;
		ch.row.transfer_team = team ? team->config->base.at.number : 0;
		ch.row.transfer_wait = waits;
		ch.row.transfer_until_desk_us = waits && us ? desk_now(c) + us : 0;
	}
	ch.transfer = &t;
	ch.told = team;
	ch.how = t.end;
	ch.by = act->by;
	conversation_emit(c, RECORD_TRANSFER, &ch);
	c->desk->counts.transfers++;
}

static void to_seat(struct act_request *a, bool full)
{
	struct core *c = a->core;
	struct conversation *v = a->v;
	struct decision why;
	if (full)
		return; /* it stands among those that wait for the seat */
	match_decision(v, v->team, &why);
	why.why = WHY_TRANSFER;
	if (a->seat->agent->row.robot)
		service_assign(c, v, a->seat, v->team, HOW_ROBOT, &why, NO_ONE);
	else
		offer_make(c, v, a->seat, v->team, WHY_TRANSFER, true, &why);
}

static void let_go(struct act_request *a, const struct core_desk_act *act, struct team *team)
{
	service_release(a->core, a->v, RELEASE_TRANSFER, act->by, act->why);
	service_queue(a->core, a->v,
		      &(struct queueing){.why = QUEUE_TRANSFER, .team = team, .by = act->by});
}

enum parlor_err core_desk_transfer(struct core *c, const struct core_call *call,
				   const struct core_desk_act *act,
				   const struct core_desk_transfer *q,
				   struct conversation_view *view)
{
	struct act_request a;
	struct team *team = NULL;
	bool full = false;
	enum parlor_err err = act_request_begin(&a, c, call, act, true);
	if (!err)
		err = check(&a, q);
	if (!err)
		err = q->team.len ? find_team(&a, q, &team) : find_seat(&a, q, &full);
	if (err)
		return err;
	emit_asked(&a, act, q, team, full);
	if (!team)
		to_seat(&a, full);
	else if (q->let_go)
		let_go(&a, act, team);
	return act_request_end(&a, PARLOR_E_OK, view);
}

enum parlor_err core_desk_transfer_cancel(struct core *c, const struct core_call *call,
					  const struct core_desk_act *act,
					  struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, act, true);
	if (!err)
		err = act_request_owns(&a);
	if (!err && (!act->offer || a.v->row.transfer != act->offer))
		err = PARLOR_E_TRANSFER_GONE;
	if (err)
		return err;
	offer_withdraw(c, a.v);
	service_transfer_end(c, a.v, TRANSFER_CANCELLED, act->by);
	return act_request_end(&a, PARLOR_E_OK, view);
}
