#include "noun/conversation.h"

#include "message_json.h"
#include "noun/noun.h"

#include <stdio.h>
#include <string.h>

bool conversation_has(enum record_kind_no kind)
{
	return kind >= RECORD_OPENED && kind <= RECORD_RATED;
}

const Parlor__ConversationChanged *conversation_change_of(const Parlor__Event *e)
{
	switch (e->kind_case) {
	case PARLOR__EVENT__KIND_CONVERSATION:
		return e->conversation;
	case PARLOR__EVENT__KIND_OFFER:
		return e->offer;
	case PARLOR__EVENT__KIND_OFFER_ENDED:
		return e->offer_ended;
	case PARLOR__EVENT__KIND_TRANSFER:
		return e->transfer;
	default:
		return NULL;
	}
}

static const char *state_of(const Parlor__Conversation *v)
{
	const ProtobufCEnumValue *state = protobuf_c_enum_descriptor_get_value(
		&parlor__conversation_state__descriptor, (int)v->state);
	return state ? state->name : "";
}

static void what_conversation(char *text, size_t size, const Parlor__Event *e,
			      const struct record *r)
{
	const Parlor__ConversationChanged *change = conversation_change_of(e);
	const Parlor__Conversation *v = change->conversation;
	const char *who = change->offer ? change->offer->agent : v ? v->agent : "";
	(void)r;
	snprintf(text, size, "conversation %s: %s%s%s", v ? v->conversation : "",
		 v ? state_of(v) : "", *who ? " " : "", who);
}

/* All that is told of it. */
static void draft_conversation(struct draft *d, const Parlor__Event *e)
{
	const Parlor__ConversationChanged *change = conversation_change_of(e);
	d->from = change->by;
	json_object_set_new(d->more, "change", message_to_json(&change->base, UINT32_MAX));
}

/* ---- requests ------------------------------------------------------------------- */

/* What was told, or of a part of it. */
static const json_t *part(const json_t *line, const char *of, const char *key)
{
	const json_t *told = json_object_get(line, "change");
	return json_object_get(of ? json_object_get(told, of) : told, key);
}

/* "": nothing. */
static const char *said(const json_t *line, const char *of, const char *key)
{
	const char *text = json_string_value(part(line, of, key));
	return text ? text : "";
}

static bool is(const json_t *line, const char *of, const char *key, const char *word)
{
	return strcmp(said(line, of, key), word) == 0;
}

static char *text(const struct operation *d, const char *of, const char *key)
{
	return operation_text(said(d->line, of, key));
}

static uint64_t number(const struct operation *d, const char *of, const char *key)
{
	return (uint64_t)json_integer_value(part(d->line, of, key));
}

const char *conversation_visitor(const json_t *line)
{
	return said(line, "conversation", "visitor");
}

#define ID_MAX 128
/* Played in a room of another name it has another one, too. */
static char *id_of(const struct operation *d, char id[ID_MAX])
{
	size_t len = strlen(d->event.room);
	const char *played = strlen(d->place->id) > len ? d->place->id + len : "";
	snprintf(id, ID_MAX, "%s%s", said(d->line, "conversation", "conversation"), played);
	return id;
}

#define ASK(NAME, name, Type, ...)                                                           \
	do {                                                                                 \
		char id[ID_MAX];                                                             \
		return OPERATION_SEND(d, fn, NAME, name, Type, .conversation = id_of(d, id), \
				      __VA_ARGS__);                                          \
	} while (0)
#define BY .by = text(d, NULL, "by")
#define WHY .why = text(d, NULL, "why")

static enum parlor_err send_open(struct operation *d, operation_send_fn *fn)
{
	const struct recording_event *first = d->notice ? &d->notice_event : NULL;
	ASK(DESK_OPEN, desk_open, DeskOpen, .room = d->place->id,
	    .desk = text(d, "conversation", "desk"), .team = text(d, "conversation", "team"),
	    .visitor = text(d, "conversation", "visitor"), .type = text(d, "conversation", "type"),
	    .product = text(d, "conversation", "product"),
	    .business = number(d, "conversation", "business"),
	    .priority = (uint32_t)number(d, "conversation", "priority"),
	    .body = operation_text(first ? first->body : ""),
	    .client_id = operation_text(first ? first->client_id : ""));
}

static void opened(const struct operation *d, const Parlor__Reply *reply, struct summary *s)
{
	s->changes++;
	if (!d->notice || reply->result_case != PARLOR__REPLY__RESULT_CONVERSATION)
		return;
	s->texts++;
	s->renumbered += reply->conversation->first_seq != place_seq(d->place, d->notice_event.seq);
}

static bool asks_assign(const json_t *line)
{
	return !is(line, "stint", "how", "HOW_AUTO") && !is(line, "stint", "how", "HOW_ROBOT");
}

static enum parlor_err send_assign(struct operation *d, operation_send_fn *fn)
{
	char *agent = text(d, "stint", "agent");
	if (is(d->line, "stint", "how", "HOW_ACCEPTED"))
		ASK(DESK_ACCEPT, desk_accept, DeskAccept, .agent = agent,
		    .offer = number(d, "offer", "offer"));
	if (is(d->line, "stint", "how", "HOW_CLAIMED"))
		ASK(DESK_CLAIM, desk_claim, DeskClaim, .agent = agent);
	ASK(DESK_ASSIGN, desk_assign, DeskAssign, .agent = agent, BY, .over = true);
}

static bool asks_decline(const json_t *line)
{
	return is(line, "offer", "end", "OFFER_DECLINED");
}

static enum parlor_err send_decline(struct operation *d, operation_send_fn *fn)
{
	ASK(DESK_DECLINE, desk_decline, DeskDecline, .agent = text(d, "offer", "agent"),
	    .offer = number(d, "offer", "offer"), WHY);
}

static bool asks_return(const json_t *line)
{
	return is(line, "stint", "end_why", "RELEASE_RETURNED");
}

static enum parlor_err send_return(struct operation *d, operation_send_fn *fn)
{
	ASK(DESK_RETURN, desk_return, DeskReturn, BY, WHY);
}

/* Without somebody who asked it may be the broker's own. */
static bool asks_handoff(const json_t *line)
{
	return is(line, NULL, "queued", "QUEUE_HANDOFF") && said(line, NULL, "by")[0];
}

static enum parlor_err send_handoff(struct operation *d, operation_send_fn *fn)
{
	ASK(DESK_HANDOFF, desk_handoff, DeskHandoff, BY, WHY);
}

static bool asks_by(const json_t *line)
{
	return said(line, NULL, "by")[0] != 0;
}

static enum parlor_err send_hold(struct operation *d, operation_send_fn *fn)
{
	if (is(d->line, "conversation", "state", "CONVERSATION_HELD"))
		ASK(DESK_HOLD, desk_hold, DeskHold, BY);
	ASK(DESK_RESUME, desk_resume, DeskResume, BY);
}

static bool asks_transfer(const json_t *line)
{
	const char *end = said(line, "transfer", "end");
	if (strcmp(end, "TRANSFER_CANCELLED") == 0)
		return asks_by(line);
	if (strcmp(end, "TRANSFER_DONE") == 0)
		return json_is_true(part(line, "transfer", "let_go"));
	return !end[0];
}

static enum parlor_err send_transfer(struct operation *d, operation_send_fn *fn)
{
	if (is(d->line, "transfer", "end", "TRANSFER_CANCELLED"))
		ASK(DESK_TRANSFER_CANCEL, desk_transfer_cancel, DeskTransferCancel, BY,
		    .transfer = number(d, "transfer", "no"));
	ASK(DESK_TRANSFER, desk_transfer, DeskTransfer, BY,
	    .agent = text(d, "transfer", "to_agent"), .team = text(d, "transfer", "to_team"),
	    .note = text(d, "transfer", "note"),
	    .let_go = json_is_true(part(d->line, "transfer", "let_go")), .wait = true);
}

static enum parlor_err send_mark(struct operation *d, operation_send_fn *fn)
{
	ASK(DESK_MARK, desk_mark, DeskMark, BY,
	    .priority = (uint32_t)number(d, "conversation", "priority"),
	    .type = text(d, "conversation", "type"));
}

static bool asks_close(const json_t *line)
{
	const char *why = said(line, "conversation", "close_why");
	return strcmp(why, "CLOSE_SEAT") == 0 || strcmp(why, "CLOSE_MANAGER") == 0 ||
	       strcmp(why, "CLOSE_VISITOR") == 0 || strcmp(why, "CLOSE_SERVICE") == 0;
}

static enum parlor_err send_close(struct operation *d, operation_send_fn *fn)
{
	ASK(DESK_CLOSE, desk_close, DeskClose, BY, WHY);
}

static enum parlor_err send_rate(struct operation *d, operation_send_fn *fn)
{
	ASK(DESK_RATE, desk_rate, DeskRate, BY,
	    .score = (uint32_t)number(d, "conversation", "score"),
	    .comment = text(d, NULL, "comment"));
}

/* Alone: each is decided after what was before it in the room. */
static const struct operation_kind
	operation_open = {send_open, OPERATION_ALONE | OPERATION_TAKES_TEXT, .done = opened},
	operation_assign = {send_assign, OPERATION_ALONE, .counted = OPERATION_COUNTED(changes)},
	operation_decline = {send_decline, OPERATION_ALONE, .counted = OPERATION_COUNTED(changes)},
	operation_return = {send_return, OPERATION_ALONE, .counted = OPERATION_COUNTED(changes)},
	operation_handoff = {send_handoff, OPERATION_ALONE, .counted = OPERATION_COUNTED(changes)},
	operation_hold = {send_hold, OPERATION_ALONE, .counted = OPERATION_COUNTED(changes)},
	operation_transfer = {send_transfer, OPERATION_ALONE,
			      .counted = OPERATION_COUNTED(changes)},
	operation_mark = {send_mark, OPERATION_ALONE, .counted = OPERATION_COUNTED(changes)},
	operation_close = {send_close, OPERATION_ALONE, .counted = OPERATION_COUNTED(changes)},
	operation_rate = {send_rate, OPERATION_ALONE, .counted = OPERATION_COUNTED(changes)};

#define TOLD(no, kind, name)                                                                   \
	.record = RECORD_##no, .event = PARLOR__EVENT__KIND_##kind, .what = what_conversation, \
	.type = (name), .draft = draft_conversation
#define FOLLOWS(no, kind, name)      \
	{                            \
		TOLD(no, kind, name) \
	}
#define ASKED(no, kind, name, when, request)                                        \
	{                                                                           \
		TOLD(no, kind, name), .needs = LINE_NEEDS_ROOM, .is_asked = (when), \
				      .operation = &operation_##request             \
	}

static const struct kind kinds[] = {
	ASKED(OPENED, CONVERSATION, "desk_opened", NULL, open),
	ASKED(QUEUED, CONVERSATION, "desk_queued", asks_handoff, handoff),
	FOLLOWS(RAISED, CONVERSATION, "desk_raised"),
	FOLLOWS(OFFERED, OFFER, "desk_offered"),
	ASKED(OFFER_ENDED, OFFER_ENDED, "desk_offer_ended", asks_decline, decline),
	ASKED(ASSIGNED, CONVERSATION, "desk_assigned", asks_assign, assign),
	ASKED(RELEASED, CONVERSATION, "desk_released", asks_return, return ),
	ASKED(HELD, CONVERSATION, "desk_held", asks_by, hold),
	ASKED(TRANSFER, TRANSFER, "desk_transfer", asks_transfer, transfer),
	ASKED(MARKED, CONVERSATION, "desk_marked", NULL, mark),
	FOLLOWS(REMINDED, CONVERSATION, "desk_reminded"),
	ASKED(CLOSED, CONVERSATION, "desk_closed", asks_close, close),
	ASKED(RATED, CONVERSATION, "desk_rated", NULL, rate),
};
const struct replay_noun replay_conversation = {NOUN_LIST(kinds)};
