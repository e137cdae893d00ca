#include "noun/noun.h"

#include <inttypes.h>
#include <stdio.h>

/* The message of a row, which has the name of its kind. */
static void what_row(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	const Parlor__DeskSet *row = e ? e->desk_row->row : NULL;
	const ProtobufCFieldDescriptor *of =
		row ? protobuf_c_message_descriptor_get_field(&parlor__desk_set__descriptor,
							      (unsigned)row->row_case)
		    : NULL;
	(void)r;
	snprintf(text, size, "desk: %s %" PRIu64 " %s", of ? of->name : "row",
		 e ? e->desk_row->no : 0, row && row->remove ? "removed" : "set");
}

static const Parlor__ConversationChanged *change_of(const Parlor__Event *e)
{
	switch (e->kind_case) {
	case PARLOR__EVENT__KIND_OFFER:
		return e->offer;
	case PARLOR__EVENT__KIND_OFFER_ENDED:
		return e->offer_ended;
	case PARLOR__EVENT__KIND_TRANSFER:
		return e->transfer;
	default:
		return e->conversation;
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
	const Parlor__ConversationChanged *change = change_of(e);
	const Parlor__Conversation *v = change->conversation;
	const char *who = change->offer ? change->offer->agent : v ? v->agent : "";
	(void)r;
	snprintf(text, size, "conversation %s: %s%s%s", v ? v->conversation : "",
		 v ? state_of(v) : "", *who ? " " : "", who);
}

static void what_clock(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	(void)e;
	snprintf(text, size, "the desk's time is %" PRId64 " us ahead",
		 (int64_t)r->desk_clock.offset_us);
}

static void what_hours(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	(void)e;
	snprintf(text, size, "hours %" PRIu64 " %s", r->duty.hours,
		 r->duty.open ? "open" : "close");
}

#define ROW(no, name)                                                                           \
	{                                                                                       \
		.record = RECORD_##no, .event = PARLOR__EVENT__KIND_DESK_ROW, .what = what_row, \
		.type = (name)                                                                  \
	}
#define CHANGE(no, kind, name)                                              \
	{                                                                   \
		.record = RECORD_##no, .event = PARLOR__EVENT__KIND_##kind, \
		.what = what_conversation, .type = (name)                   \
	}

static const struct kind kinds[] = {
	{.record = RECORD_DESK_CLOCK, .what = what_clock},
	{.record = RECORD_HOURS_TURNED, .what = what_hours},
	ROW(DESK_SET, "desk_desk"),
	ROW(TEAM_SET, "desk_team"),
	ROW(AGENT_SET, "desk_agent"),
	ROW(SEAT_SET, "desk_seat"),
	ROW(TEAM_SEAT_SET, "desk_team_seat"),
	ROW(VISITOR_SET, "desk_visitor"),
	ROW(GROUP_SET, "desk_group"),
	ROW(TYPE_SET, "desk_type"),
	ROW(ROUTE_SET, "desk_route"),
	ROW(TEXT_SET, "desk_text"),
	ROW(HOURS_SET, "desk_hours"),
	ROW(BUSINESS_SET, "desk_business"),
	CHANGE(OPENED, CONVERSATION, "desk_opened"),
	CHANGE(QUEUED, CONVERSATION, "desk_queued"),
	CHANGE(RAISED, CONVERSATION, "desk_raised"),
	CHANGE(OFFERED, OFFER, "desk_offered"),
	CHANGE(OFFER_ENDED, OFFER_ENDED, "desk_offer_ended"),
	CHANGE(ASSIGNED, CONVERSATION, "desk_assigned"),
	CHANGE(RELEASED, CONVERSATION, "desk_released"),
	CHANGE(HELD, CONVERSATION, "desk_held"),
	CHANGE(TRANSFER, TRANSFER, "desk_transfer"),
	CHANGE(MARKED, CONVERSATION, "desk_marked"),
	CHANGE(REMINDED, CONVERSATION, "desk_reminded"),
	CHANGE(CLOSED, CONVERSATION, "desk_closed"),
	CHANGE(RATED, CONVERSATION, "desk_rated"),
};
const struct replay_noun replay_desk = {NOUN_LIST(kinds)};
