#include "core/desk/import.h"

#include "core/desk/act_request.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"

static enum parlor_err check(const struct act_request *a)
{
	const struct row_conversation *row = &a->v->row;
	bool served = row->state == CONVERSATION_ACTIVE || row->state == CONVERSATION_BOT;
	if (!served || row->transfer)
		return PARLOR_E_NOT_YOURS;
	if (a->seat == a->v->seat)
		return PARLOR_E_VALUE;
	if (!seat_is_on(a->seat))
		return PARLOR_E_SEAT_AWAY;
	return row->transfers >= SETTING_TRANSFERS_MAX ? PARLOR_E_TOO_MANY : PARLOR_E_OK;
}

static void emit_asked(struct act_request *a)
{
	struct core *c = a->core;
	struct conversation_change ch;
	conversation_begin(&ch, c, a->v);
	struct transfer_view t = {.no = conversation_give(&ch),
				  .end = TRANSFER_ASKED,
				  .from_agent = a->v->seat->row.agent,
				  .from_agent_no = a->v->seat->row.party_no,
				  .to_agent = a->seat->row.agent,
				  .to_agent_no = a->seat->row.party_no,
				  .asked_us = c->now_us};
	ch.row.transfers++;
	ch.row.transfer = t.no;
	ch.row.transfer_seat = a->seat->config->base.at.number;
	ch.transfer = &t;
	ch.how = TRANSFER_ASKED;
	conversation_emit(c, RECORD_TRANSFER, &ch);
	c->desk->counts.transfers++;
}

enum parlor_err core_desk_import_transfer(struct core *c, const struct core_call *call,
					  const struct core_desk_act *act,
					  struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, act, true);
	if (!err)
		err = act_request_seat(&a, act->agent);
	if (!err)
		err = check(&a);
	if (err)
		return err;
	emit_asked(&a);
	service_assign(c, a.v, a.seat, a.v->team, HOW_FORCED, NULL, act->by);
	return act_request_end(&a, PARLOR_E_OK, view);
}

enum parlor_err core_desk_import_release(struct core *c, const struct core_call *call,
					 const struct core_desk_act *act, bool gone,
					 struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, act, true);
	if (!err && (!a.v->row.seat || a.v->row.transfer))
		err = PARLOR_E_NOT_YOURS;
	if (err)
		return err;
	service_release(c, a.v, gone ? RELEASE_GONE : RELEASE_RETURNED, act->by, act->why);
	service_queue(c, a.v, &(struct queueing){.why = gone ? QUEUE_GONE : QUEUE_RETURNED});
	return act_request_end(&a, PARLOR_E_OK, view);
}

enum parlor_err core_desk_import_timeout(struct core *c, const struct core_call *call,
					 const struct core_desk_act *act,
					 struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, act, true);
	if (!err)
		service_close(c, a.v, CLOSE_TIMEOUT, NO_ONE, act->why);
	return act_request_end(&a, err, view);
}

enum parlor_err core_desk_import_spoken(struct core *c, const struct core_call *call,
					const struct core_desk_act *act,
					const struct core_desk_spoken *spoken,
					struct conversation_view *view)
{
	struct act_request a;
	struct conversation_change ch;
	enum parlor_err err = act_request_begin(&a, c, call, act, true);
	if (err)
		return err;
	conversation_begin(&ch, c, a.v);
	ch.row.last_message_us = c->now_us;
	if (spoken->asks)
		ch.row.asks = spoken->asks;
	if (spoken->spoke)
		ch.row.spoke = spoken->spoke;
	if (spoken->spoke == SPOKE_VISITOR)
		ch.row.visitor_spoke_desk_us = desk_now(c);
	if (spoken->spoke == SPOKE_SEAT)
		ch.row.seat_spoke_desk_us = desk_now(c);
	conversation_emit(c, RECORD_MARKED, &ch);
	return act_request_end(&a, PARLOR_E_OK, view);
}
