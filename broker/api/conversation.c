#include "core/desk/act.h"

#include "api/form.h"
#include "core/desk/list.h"
#include "core/desk/open.h"
#include "core/desk/transfer.h"
#include "event/event.h"
#include "turn/message.h"
#include "wire.h"

#include "base/random.h"

#include <parlor/fields.h>

static enum parlor_err answer(struct request *a, const struct conversation_view *view)
{
	return form_fill(a, request_result(a), conversation_view_fields, view);
}

static enum parlor_err op_desk_open(struct request *a)
{
	const Parlor__DeskOpen *q = a->request->desk_open;
	struct conversation_view view;
	enum parlor_err err = random_bytes(a->call.random, sizeof a->call.random);
	if (err)
		return err;
	const struct core_desk_open open = {
		.conversation = SPAN_TEXT(q->conversation),
		.desk = SPAN_TEXT(q->desk),
		.visitor = SPAN_TEXT(q->visitor),
		.visitor_name = SPAN_TEXT(q->visitor_name),
		.visitor_avatar = SPAN_TEXT(q->visitor_avatar),
		.team = SPAN_TEXT(q->team),
		.product = SPAN_TEXT(q->product),
		.type = SPAN_TEXT(q->type),
		.business = q->business,
		.priority = q->priority,
		.agent = SPAN_TEXT(q->agent),
		.room = SPAN_TEXT(q->room),
		.body = SPAN_TEXT(q->body),
		.client_id = SPAN_TEXT(q->client_id),
	};
	err = core_desk_open(a->broker->core, &a->call, &open, &view);
	return err ? err : answer(a, &view);
}

/* ---- what is asked of one that is there -------------------------------------------------- */

typedef enum parlor_err act_fn(struct core *, const struct core_call *,
			       const struct core_desk_act *, struct conversation_view *);

static enum parlor_err act(struct request *a, act_fn *fn, const struct core_desk_act *act)
{
	struct conversation_view view;
	enum parlor_err err = fn(a->broker->core, &a->call, act, &view);
	return err ? err : answer(a, &view);
}

#define ASKED(q) .conversation = SPAN_TEXT((q)->conversation)

static enum parlor_err op_desk_accept(struct request *a)
{
	const Parlor__DeskAccept *q = a->request->desk_accept;
	return act(
		a, core_desk_accept,
		&(struct core_desk_act){ASKED(q), .agent = SPAN_TEXT(q->agent), .offer = q->offer});
}

static enum parlor_err op_desk_decline(struct request *a)
{
	const Parlor__DeskDecline *q = a->request->desk_decline;
	return act(a, core_desk_decline,
		   &(struct core_desk_act){ASKED(q), .agent = SPAN_TEXT(q->agent),
					   .offer = q->offer, .why = SPAN_TEXT(q->why)});
}

static enum parlor_err op_desk_claim(struct request *a)
{
	const Parlor__DeskClaim *q = a->request->desk_claim;
	return act(a, core_desk_claim,
		   &(struct core_desk_act){ASKED(q), .agent = SPAN_TEXT(q->agent)});
}

static enum parlor_err op_desk_assign(struct request *a)
{
	const Parlor__DeskAssign *q = a->request->desk_assign;
	struct conversation_view view;
	const struct core_desk_act asked = {ASKED(q), .agent = SPAN_TEXT(q->agent),
					    .by = SPAN_TEXT(q->by)};
	enum parlor_err err = core_desk_assign(a->broker->core, &a->call, &asked, q->over, &view);
	return err ? err : answer(a, &view);
}

static enum parlor_err op_desk_transfer(struct request *a)
{
	const Parlor__DeskTransfer *q = a->request->desk_transfer;
	struct conversation_view view;
	const struct core_desk_act asked = {ASKED(q), .by = SPAN_TEXT(q->by)};
	const struct core_desk_transfer transfer = {.agent = SPAN_TEXT(q->agent),
						    .team = SPAN_TEXT(q->team),
						    .let_go = q->let_go,
						    .wait = q->wait,
						    .note = SPAN_TEXT(q->note)};
	enum parlor_err err =
		core_desk_transfer(a->broker->core, &a->call, &asked, &transfer, &view);
	return err ? err : answer(a, &view);
}

static enum parlor_err op_desk_transfer_cancel(struct request *a)
{
	const Parlor__DeskTransferCancel *q = a->request->desk_transfer_cancel;
	return act(a, core_desk_transfer_cancel,
		   &(struct core_desk_act){ASKED(q), .by = SPAN_TEXT(q->by), .offer = q->transfer});
}

#define WITH_WHY(q) ASKED(q), .by = SPAN_TEXT((q)->by), .why = SPAN_TEXT((q)->why)

static enum parlor_err op_desk_return(struct request *a)
{
	const Parlor__DeskReturn *q = a->request->desk_return;
	return act(a, core_desk_return, &(struct core_desk_act){WITH_WHY(q)});
}

static enum parlor_err op_desk_hold(struct request *a)
{
	const Parlor__DeskHold *q = a->request->desk_hold;
	return act(a, core_desk_hold, &(struct core_desk_act){ASKED(q), .by = SPAN_TEXT(q->by)});
}

static enum parlor_err op_desk_resume(struct request *a)
{
	const Parlor__DeskResume *q = a->request->desk_resume;
	return act(a, core_desk_resume, &(struct core_desk_act){ASKED(q), .by = SPAN_TEXT(q->by)});
}

static enum parlor_err op_desk_handoff(struct request *a)
{
	const Parlor__DeskHandoff *q = a->request->desk_handoff;
	return act(a, core_desk_handoff, &(struct core_desk_act){WITH_WHY(q)});
}

static enum parlor_err op_desk_close(struct request *a)
{
	const Parlor__DeskClose *q = a->request->desk_close;
	return act(a, core_desk_close, &(struct core_desk_act){WITH_WHY(q)});
}

static enum parlor_err op_desk_mark(struct request *a)
{
	const Parlor__DeskMark *q = a->request->desk_mark;
	struct conversation_view view;
	const struct core_desk_act asked = {ASKED(q), .by = SPAN_TEXT(q->by)};
	enum parlor_err err = core_desk_mark(a->broker->core, &a->call, &asked, q->priority,
					     SPAN_TEXT(q->type), &view);
	return err ? err : answer(a, &view);
}

static enum parlor_err op_desk_rate(struct request *a)
{
	const Parlor__DeskRate *q = a->request->desk_rate;
	struct conversation_view view;
	const struct core_desk_act asked = {ASKED(q), .by = SPAN_TEXT(q->by)};
	enum parlor_err err = core_desk_rate(a->broker->core, &a->call, &asked, q->score,
					     SPAN_TEXT(q->comment), &view);
	return err ? err : answer(a, &view);
}

static enum parlor_err op_desk_mode(struct request *a)
{
	const Parlor__DeskMode *q = a->request->desk_mode;
	uint64_t position;
	const struct core_desk_act asked = {
		.agent = SPAN_TEXT(q->agent), .by = SPAN_TEXT(q->by), .why = SPAN_TEXT(q->why)};
	if (q->mode < 0 || q->mode > UINT8_MAX)
		return PARLOR_E_VALUE;
	enum parlor_err err =
		core_desk_mode(a->broker->core, &a->call, &asked, (uint8_t)q->mode, &position);
	if (!err)
		request_done(a, position);
	return err;
}

/* ---- looking -------------------------------------------------------------------------------- */

static enum parlor_err op_desk_show(struct request *a)
{
	struct conversation_view view;
	enum parlor_err err = core_desk_show(a->broker->core, &a->call,
					     SPAN_TEXT(a->request->desk_show->conversation), &view);
	return err ? err : answer(a, &view);
}

static enum parlor_err op_desk_place(struct request *a)
{
	struct conversation_view view;
	struct place_view place;
	enum parlor_err err =
		core_desk_place(a->broker->core, &a->call,
				SPAN_TEXT(a->request->desk_place->conversation), &view, &place);
	if (err)
		return err;
	Parlor__DeskPlace *result = request_result(a);
	result->conversation = request_text(a, view.conversation);
	result->place = place.place;
	result->of = place.of;
	result->estimate_ms = place.estimate_ms;
	result->state = (Parlor__ConversationState)view.state;
	return result->conversation ? PARLOR_E_OK : PARLOR_E_NO_MEMORY;
}

struct page {
	struct request *request;
	Parlor__Conversation **items;
	size_t len;
	bool full; /* the reply's memory is used up */
};

static void add(void *ctx, const struct conversation_view *view)
{
	struct page *page = ctx;
	if (page->full)
		return;
	ProtobufCMessage *item = form_show(page->request, &parlor__conversation__descriptor,
					   conversation_view_fields, view);
	page->full = !item;
	if (item)
		page->items[page->len++] = (Parlor__Conversation *)item;
}

static enum parlor_err page_begin(struct request *a, struct page *page, uint64_t limit)
{
	*page = (struct page){.request = a,
			      .items = request_memory(a, limit * sizeof *page->items + 1)};
	return page->items ? PARLOR_E_OK : PARLOR_E_NO_MEMORY;
}

static void page_end(struct request *a, const struct page *page, bool more, uint64_t after)
{
	Parlor__ConversationsPage *result = request_result(a);
	result->conversations = page->items;
	result->n_conversations = page->len;
	result->more = more || page->full;
	result->after = after;
}

static enum parlor_err op_desk_queue(struct request *a)
{
	const Parlor__DeskQueue *q = a->request->desk_queue;
	uint64_t limit = request_limit(a, q->limit);
	struct page page;
	bool more;
	enum parlor_err err = page_begin(a, &page, limit);
	if (!err)
		err = core_desk_queue(a->broker->core, &a->call, SPAN_TEXT(q->desk),
				      SPAN_TEXT(q->team), q->after, limit, &more, add, &page);
	if (!err)
		page_end(a, &page, more, q->after + page.len);
	return err;
}

static enum parlor_err op_desk_list(struct request *a)
{
	const Parlor__DeskList *q = a->request->desk_list;
	struct core_desk_list list = {.desk = SPAN_TEXT(q->desk),
				      .team = SPAN_TEXT(q->team),
				      .agent = SPAN_TEXT(q->agent),
				      .visitor = SPAN_TEXT(q->visitor),
				      .after = q->after,
				      .limit = request_limit(a, q->limit)};
	struct page page;
	if (q->state < 0 || q->state > PARLOR__CONVERSATION_STATE__CONVERSATION_CLOSED)
		return PARLOR_E_VALUE;
	list.state = (uint8_t)q->state;
	enum parlor_err err = page_begin(a, &page, list.limit);
	if (!err)
		err = core_desk_list(a->broker->core, &a->call, &list, add, &page);
	if (!err)
		page_end(a, &page, list.more,
			 page.full && page.len ? page.items[page.len - 1]->no : list.after);
	return err;
}

/* ---- why: what was told of it, from the journal -------------------------------------------- */

struct steps {
	uint64_t no; /* of the conversation */
	uint64_t at; /* position of the next one, 0: there is none */
	size_t left;
	bool trimmed;
};

/* Each names the one before: nothing is looked for. */
static enum parlor_err put_step(struct broker *b, struct steps *w, struct buf *page)
{
	struct span event;
	uint64_t no, before;
	enum parlor_err err = message_event(&b->commit, w->at, &event);
	if (err)
		return err == PARLOR_E_NOT_FOUND ? PARLOR_E_STORE_CORRUPT : err;
	if (!event_conversation(event, &no, &before) || no != w->no || before >= w->at)
		return PARLOR_E_STORE_CORRUPT;
	wire_put_bytes_field(page, PB_DESK_STEPS_STEPS, event);
	w->at = before;
	w->left--;
	return PARLOR_E_OK;
}

static enum parlor_err put_steps(struct request *a, struct steps *w, struct buf *page)
{
	struct broker *b = a->broker;
	size_t most = request_page_bytes(a);
	enum parlor_err err = PARLOR_E_OK;
	while (!err && w->at && w->left && page->len < most) {
		w->trimmed = w->at < store_first(b->store);
		if (w->trimmed)
			break;
		err = put_step(b, w, page);
	}
	wire_put_varint_field(page, PB_DESK_STEPS_MORE, w->at && !w->trimmed);
	wire_put_varint_field(page, PB_DESK_STEPS_BEFORE, w->trimmed ? 0 : w->at);
	wire_put_varint_field(page, PB_DESK_STEPS_TRIMMED, w->trimmed);
	return err;
}

/* What a client says of where to go on is believed only if it is of that conversation. */
static enum parlor_err go_on(struct broker *b, struct steps *w, uint64_t at)
{
	struct span event;
	uint64_t no, before;
	if (!at || at < store_first(b->store)) {
		w->at = at ? at : w->at;
		return PARLOR_E_OK;
	}
	if (at > w->at || message_event(&b->commit, at, &event) != PARLOR_E_OK ||
	    !event_conversation(event, &no, &before) || no != w->no)
		return PARLOR_E_VALUE;
	w->at = at;
	return PARLOR_E_OK;
}

static enum parlor_err op_desk_why(struct request *a)
{
	const Parlor__DeskWhy *q = a->request->desk_why;
	struct broker *b = a->broker;
	struct steps w = {.left = request_limit(a, q->limit)};
	struct buf page = {0};
	enum parlor_err err =
		core_desk_told(b->core, &a->call, SPAN_TEXT(q->conversation), &w.no, &w.at);
	if (!err)
		err = go_on(b, &w, q->before);
	if (!err)
		err = put_steps(a, &w, &page);
	if (!err) {
		reply_put_page(b, a->session, a->request->id, core_position(b->core),
			       PB_REPLY_STEPS, buf_span(&page));
		a->done = true;
	}
	buf_fini(&page);
	return err;
}

#define ACT(CASE, handle) REQUEST(CASE, NEEDS_SESSION | SETTLES | SHOWS_STATE, handle, CONVERSATION)
#define LOOK(CASE, handle, REPLY) REQUEST(CASE, NEEDS_SESSION | SHOWS_STATE, handle, REPLY)

static const struct request_kind kinds[] = {
	ACT(DESK_OPEN, op_desk_open),
	ACT(DESK_ACCEPT, op_desk_accept),
	ACT(DESK_DECLINE, op_desk_decline),
	ACT(DESK_CLAIM, op_desk_claim),
	ACT(DESK_ASSIGN, op_desk_assign),
	ACT(DESK_TRANSFER, op_desk_transfer),
	ACT(DESK_TRANSFER_CANCEL, op_desk_transfer_cancel),
	ACT(DESK_RETURN, op_desk_return),
	ACT(DESK_HOLD, op_desk_hold),
	ACT(DESK_RESUME, op_desk_resume),
	ACT(DESK_HANDOFF, op_desk_handoff),
	ACT(DESK_CLOSE, op_desk_close),
	ACT(DESK_MARK, op_desk_mark),
	ACT(DESK_RATE, op_desk_rate),
	REQUEST(DESK_MODE, NEEDS_SESSION | SETTLES | SHOWS_STATE, op_desk_mode, DONE),
	LOOK(DESK_SHOW, op_desk_show, CONVERSATION),
	LOOK(DESK_PLACE, op_desk_place, PLACE),
	LOOK(DESK_QUEUE, op_desk_queue, CONVERSATIONS),
	LOOK(DESK_LIST, op_desk_list, CONVERSATIONS),
	REQUEST(DESK_WHY, NEEDS_SESSION, op_desk_why, STEPS),
};
const struct request_noun conversation_requests = REQUEST_NOUN(kinds);
