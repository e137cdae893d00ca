#include "core/desk/import.h"

#include "core/desk/asked.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"

static enum parlor_err check(const struct asked *a)
{
	const struct row_conversation *row = &a->v->row;
	if (row->state != CONVERSATION_ACTIVE || row->transfer)
		return PARLOR_E_NOT_YOURS;
	if (a->seat == a->v->seat)
		return PARLOR_E_VALUE;
	if (!seat_is_on(a->seat))
		return PARLOR_E_SEAT_AWAY;
	return row->transfers >= SETTING_TRANSFERS_MAX ? PARLOR_E_TOO_MANY : PARLOR_E_OK;
}

static void emit_asked(struct asked *a)
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
	struct asked a;
	enum parlor_err err = asked_begin(&a, c, call, act, true);
	if (!err)
		err = asked_seat(&a, act->agent);
	if (!err)
		err = check(&a);
	if (err)
		return err;
	emit_asked(&a);
	service_assign(c, a.v, a.seat, a.v->team, HOW_FORCED, NULL, act->by);
	return asked_end(&a, PARLOR_E_OK, view);
}
