#include "core/desk/show.h"

#include "core/desk/config_row.h"

const void *show_row(struct core *c, uint64_t no)
{
	const struct config *config = no ? config_find_no(c, no) : NULL;
	return config ? config->is : NULL;
}

static void show_seat(struct core *c, uint64_t no, struct span *agent, uint64_t *agent_no)
{
	const struct seat *seat = show_row(c, no);
	if (!seat)
		return;
	*agent = seat->row.agent;
	*agent_no = seat->row.party_no;
}

void conversation_show(struct core *c, uint64_t no, const struct row_conversation *row,
		       uint64_t position, struct conversation_view *v)
{
	const struct desk *desk = show_row(c, row->desk);
	const struct team *team = show_row(c, row->team);
	const struct row_type *type = show_row(c, row->type);
	*v = (struct conversation_view){
		.no = no,
		.conversation = row->id,
		.room = row->room_id,
		.desk_no = row->desk,
		.team_no = row->team,
		.visitor = row->visitor_id,
		.visitor_no = row->visitor,
		.seat_no = row->seat,
		.robot = row->robot,
		.state = row->state,
		.type_no = row->type,
		.product = row->product,
		.business = row->business,
		.priority = row->priority,
		.reopens = row->reopens,
		.first_seq = row->first_seq,
		.last_seq = row->last_seq,
		.asks = row->asks,
		.spoke = row->spoke,
		.level = row->level,
		.stint = row->stints,
		.offer = row->offer,
		.transfer = row->transfer,
		.opened_us = row->opened_us,
		.queued_us = row->queued_us,
		.assigned_us = row->assigned_us,
		.first_response_us = row->first_response_us,
		.last_message_us = row->last_message_us,
		.closed_us = row->closed_us,
		.close_why = row->close_why,
		.rating_until_us = row->rating_until_us,
		.score = row->score,
		.position = position,
	};
	if (desk)
		v->desk = desk->row.desk;
	if (team)
		v->team = team->row.team;
	if (type)
		v->type = type->type;
	show_seat(c, row->seat, &v->agent, &v->agent_no);
}

void stint_show(struct core *c, const struct row_stint *s, uint32_t n, struct stint_view *v)
{
	*v = (struct stint_view){.no = s->no,
				 .n = n,
				 .agent_no = s->agent,
				 .seat_no = s->seat,
				 .robot = s->robot,
				 .how = s->how,
				 .from_seq = s->from_seq,
				 .to_seq = s->to_seq,
				 .started_us = s->started_us,
				 .last_us = s->last_us,
				 .ended_us = s->ended_us,
				 .end_why = s->end_why,
				 .wait_ms = s->wait_ms};
	show_seat(c, s->seat, &v->agent, &v->agent_no);
}
