#include "whatif/ask.h"

#include "audit/finding.h"
#include "core/desk/act.h"
#include "core/desk/config.h"
#include "core/desk/list.h"
#include "core/desk/open.h"
#include "core/desk/row.h"
#include "core/desk/transfer.h"
#include "noun/conversation.h"

struct asking {
	struct ask *ask;
	struct core *core;
	struct core_call call;
	const struct moment *moment;
	size_t at;
	const struct record *record;
	const Parlor__ConversationChanged *change;
	struct core_desk_act act; /* of the conversation, by whom, and why */
	struct conversation_view view;
};

void ask_init(struct ask *a, struct decider *d)
{
	*a = (struct ask){.decider = d};
	record_text_init(&a->text);
	record_text_init(&a->first);
}

void ask_fini(struct ask *a)
{
	record_text_fini(&a->text);
	record_text_fini(&a->first);
}

/* ---- opening ------------------------------------------------------------------ */

/* Its first message stands behind it. */
static void add_first(struct asking *q, const struct row_conversation *row,
		      struct core_desk_open *open)
{
	const struct moment *m = q->moment;
	/* One that is opened without a word counts as one asking. */
	for (size_t k = q->at; row->asks == 0 && k < m->len; k++) {
		const struct record *r = &m->list[k].record;
		if (r->kind != RECORD_POSTED || r->room != q->record->room ||
		    r->member != row->visitor)
			continue;
		const Parlor__Event *e = record_text_event(&q->ask->first, &m->list[k].entry);
		if (!e || e->kind_case != PARLOR__EVENT__KIND_POSTED)
			return;
		open->body = SPAN_TEXT(e->posted->body);
		open->client_id = SPAN_TEXT(e->posted->client_id);
		return;
	}
}

struct whose {
	uint64_t seat;
	char *agent;
};

static void take_seat(void *ctx, const struct core_desk_row *row)
{
	const struct whose *w = ctx;
	const struct row_seat *seat = row->is;
	if (row->no == w->seat)
		audit_text(w->agent, ROW_ID_MAX + 1, seat->agent);
}

enum parlor_err ask_agent(struct decider *d, uint32_t tenant, uint64_t seat,
			  char agent[ROW_ID_MAX + 1])
{
	bool more;
	struct core_call call = decider_call(d, tenant, 0);
	struct whose whose = {seat, agent};
	uint64_t after = seat - 1;
	agent[0] = 0;
	return seat ? core_desk_rows(decider_core(d), &call, CONFIG_SEAT, (struct span){NULL, 0},
				     &after, 1, &more, take_seat, &whose)
		    : PARLOR_E_OK;
}

static enum parlor_err open(struct asking *q)
{
	const Parlor__Conversation *v = q->change->conversation;
	struct row_conversation row;
	char wanted[ROW_ID_MAX + 1];
	if (!conversation_get_row(q->record->conversation.row, &row))
		return PARLOR_E_STORE_CORRUPT;
	enum parlor_err err = ask_agent(q->ask->decider, q->record->tenant, row.wanted, wanted);
	if (err)
		return err;
	struct core_desk_open open = {.conversation = SPAN_TEXT(v->conversation),
				      .desk = SPAN_TEXT(v->desk),
				      .visitor = SPAN_TEXT(v->visitor),
				      .team = SPAN_TEXT(v->team),
				      .product = SPAN_TEXT(v->product),
				      .type = SPAN_TEXT(v->type),
				      .business = v->business,
				      .priority = v->priority,
				      .agent = SPAN_TEXT(wanted),
				      .room = SPAN_TEXT(v->room)};
	add_first(q, &row, &open);
	return core_desk_open(q->core, &q->call, &open, &q->view);
}

/* ---- what is asked of one that is open ----------------------------------------- */

static enum parlor_err accept(struct asking *q)
{
	if (!q->change->stint || !q->change->offer)
		return PARLOR_E_STORE_CORRUPT;
	q->act.agent = SPAN_TEXT(q->change->stint->agent);
	q->act.offer = q->change->offer->offer;
	q->act.by = (struct span){NULL, 0};
	return core_desk_accept(q->core, &q->call, &q->act, &q->view);
}

static enum parlor_err decline(struct asking *q)
{
	if (!q->change->offer)
		return PARLOR_E_STORE_CORRUPT;
	q->act.agent = SPAN_TEXT(q->change->offer->agent);
	q->act.offer = q->change->offer->offer;
	return core_desk_decline(q->core, &q->call, &q->act, &q->view);
}

static enum parlor_err take(struct asking *q, bool claimed)
{
	if (!q->change->stint)
		return PARLOR_E_STORE_CORRUPT;
	q->act.agent = SPAN_TEXT(q->change->stint->agent);
	if (!claimed)
		return core_desk_assign(q->core, &q->call, &q->act, true, &q->view);
	q->act.by = (struct span){NULL, 0};
	return core_desk_claim(q->core, &q->call, &q->act, &q->view);
}

static enum parlor_err hold(struct asking *q)
{
	if (q->change->conversation->state == PARLOR__CONVERSATION_STATE__CONVERSATION_HELD)
		return core_desk_hold(q->core, &q->call, &q->act, &q->view);
	return core_desk_resume(q->core, &q->call, &q->act, &q->view);
}

static enum parlor_err transfer(struct asking *q)
{
	const Parlor__Transfer *t = q->change->transfer;
	if (!t)
		return PARLOR_E_STORE_CORRUPT;
	const struct core_desk_transfer to = {.agent = SPAN_TEXT(t->to_agent),
					      .team = SPAN_TEXT(t->to_team),
					      .let_go = t->let_go,
					      .wait = true,
					      .note = SPAN_TEXT(t->note)};
	return core_desk_transfer(q->core, &q->call, &q->act, &to, &q->view);
}

static enum parlor_err cancel(struct asking *q)
{
	if (!q->change->transfer)
		return PARLOR_E_STORE_CORRUPT;
	q->act.offer = q->change->transfer->no;
	return core_desk_transfer_cancel(q->core, &q->call, &q->act, &q->view);
}

static enum parlor_err mark(struct asking *q)
{
	const Parlor__Conversation *v = q->change->conversation;
	return core_desk_mark(q->core, &q->call, &q->act, v->priority, SPAN_TEXT(v->type),
			      &q->view);
}

static enum parlor_err rate(struct asking *q)
{
	return core_desk_rate(q->core, &q->call, &q->act, q->change->conversation->score,
			      SPAN_TEXT(q->change->comment), &q->view);
}

/* Its team was removed, and this one gets what waits there: BUSY says that there is more. */
static enum parlor_err move(struct asking *q)
{
	const Parlor__Conversation *v = q->change->conversation;
	struct core_desk_row out;
	char team[ROW_ID_MAX + 1];
	enum parlor_err err = core_desk_show(q->core, &q->call, q->act.conversation, &q->view);
	if (err)
		return err;
	snprintf(team, sizeof team, "%.*s", (int)q->view.team.len, (const char *)q->view.team.data);
	const struct row_team row = {.desk = SPAN_TEXT(v->desk), .team = SPAN_TEXT(team)};
	err = core_desk_set(q->core, &q->call, CONFIG_TEAM, &row, true, SPAN_TEXT(v->team), &out);
	return err == PARLOR_E_BUSY ? PARLOR_E_OK : err;
}

static enum parlor_err ask_for(struct asking *q, enum cause_kind kind)
{
	switch (kind) {
	case CAUSE_OPEN:
		return open(q);
	case CAUSE_ACCEPT:
		return accept(q);
	case CAUSE_DECLINE:
		return decline(q);
	case CAUSE_CLAIM:
	case CAUSE_ASSIGN:
		return take(q, kind == CAUSE_CLAIM);
	case CAUSE_RETURN:
		return core_desk_return(q->core, &q->call, &q->act, &q->view);
	case CAUSE_HOLD:
		return hold(q);
	case CAUSE_HANDOFF:
		return core_desk_handoff(q->core, &q->call, &q->act, &q->view);
	case CAUSE_TRANSFER:
		return transfer(q);
	case CAUSE_CANCEL:
		return cancel(q);
	case CAUSE_MARK:
		return mark(q);
	case CAUSE_CLOSE:
		return core_desk_close(q->core, &q->call, &q->act, &q->view);
	case CAUSE_RATE:
		return rate(q);
	case CAUSE_MOVE:
		return move(q);
	default:
		return PARLOR_E_STORE_CORRUPT;
	}
}

enum parlor_err ask_again(struct ask *a, const struct moment *m, struct cause cause)
{
	const struct moment_entry *told = &m->list[cause.at];
	const Parlor__Event *e = record_text_event(&a->text, &told->entry);
	struct asking q = {.ask = a,
			   .core = decider_core(a->decider),
			   .moment = m,
			   .at = cause.at,
			   .record = &told->record,
			   .change = e ? conversation_change_of(e) : NULL};
	if (!q.change || !q.change->conversation)
		return PARLOR_E_STORE_CORRUPT;
	q.call = decider_call(a->decider, told->record.tenant, m->time_us);
	q.act = (struct core_desk_act){.conversation =
					       SPAN_TEXT(q.change->conversation->conversation),
				       .by = SPAN_TEXT(q.change->by),
				       .why = SPAN_TEXT(q.change->why)};
	return ask_for(&q, cause.kind);
}
