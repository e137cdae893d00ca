#include "core/desk/form.h"
#include "core/desk/list.h"
#include "core/desk/view.h"
#include "event/event.h"
#include "event/form.h"
#include "event/kind.h"

#include <parlor/desk.pb-c.h>
#include <parlor/fields.h>

/* ---- rows of the configuration ------------------------------------------------- */

/* The message of a kind of row: DeskSet has them in the same order. */
static void put_row(struct buf *b, const struct record *r)
{
	struct buf set = {0};
	const struct record_config *config = &r->config;
	const ProtobufCFieldDescriptor *of = &parlor__desk_set__descriptor.fields[config->kind - 1];
	event_put_form_in(&set, of->id, of->descriptor,
			  config_form((enum config_no)config->kind)->fields, config->is);
	wire_put_varint_field(&set, PB_DESK_SET_REMOVE, config->removed);
	wire_put_varint_field(b, PB_DESK_ROW_NO, config->no);
	wire_put_bytes_field(b, PB_DESK_ROW_ROW, buf_span(&set));
	buf_fini(&set);
}

static const struct event_kind rows[] = {
	{RECORD_DESK_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_TEAM_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_AGENT_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_SEAT_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_TEAM_SEAT_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_VISITOR_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_GROUP_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_TYPE_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_ROUTE_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_TEXT_SET, PB_EVENT_DESK_ROW, put_row},
	{RECORD_HOURS_SET, PB_EVENT_DESK_ROW, put_row},
};
const struct event_noun config_events = EVENT_NOUN(rows);

static const struct event_kind business[] = {
	{RECORD_BUSINESS_SET, PB_EVENT_DESK_ROW, put_row},
};
const struct event_noun business_events = EVENT_NOUN(business);

/* ---- conversations --------------------------------------------------------------- */

static void put_conversation(struct buf *b, const struct record *r)
{
	const struct conversation_told *told = r->conversation.told;
	if (!told)
		return;
	event_put_form_in(b, PB_CONVERSATION_CHANGED_CONVERSATION,
			  &parlor__conversation__descriptor, conversation_view_fields,
			  told->conversation);
	wire_put_varint_field(b, PB_CONVERSATION_CHANGED_BEFORE, told->before);
	wire_put_varint_field(b, PB_CONVERSATION_CHANGED_QUEUED, told->queued);
	event_put_form_in(b, PB_CONVERSATION_CHANGED_STINT, &parlor__stint__descriptor,
			  stint_view_fields, told->stint);
	event_put_form_in(b, PB_CONVERSATION_CHANGED_OFFER, &parlor__offer__descriptor,
			  offer_view_fields, told->offer);
	event_put_form_in(b, PB_CONVERSATION_CHANGED_TRANSFER, &parlor__transfer__descriptor,
			  transfer_view_fields, told->transfer);
	event_put_form_in(b, PB_CONVERSATION_CHANGED_DECISION, &parlor__decision__descriptor,
			  decision_fields, told->decision);
	wire_put_varint_field(b, PB_CONVERSATION_CHANGED_REMINDED, told->reminded);
	event_put_text(b, PB_CONVERSATION_CHANGED_BY, told->by);
	event_put_text(b, PB_CONVERSATION_CHANGED_COMMENT, told->comment);
	event_put_text(b, PB_CONVERSATION_CHANGED_WHY, told->why);
}

static const struct event_kind conversations[] = {
	{RECORD_OPENED, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_QUEUED, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_RAISED, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_OFFERED, PB_EVENT_OFFER, put_conversation},
	{RECORD_OFFER_ENDED, PB_EVENT_OFFER_ENDED, put_conversation},
	{RECORD_ASSIGNED, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_RELEASED, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_HELD, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_TRANSFER, PB_EVENT_TRANSFER, put_conversation},
	{RECORD_MARKED, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_REMINDED, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_CLOSED, PB_EVENT_CONVERSATION, put_conversation},
	{RECORD_RATED, PB_EVENT_CONVERSATION, put_conversation},
};
const struct event_noun conversation_events = EVENT_NOUN(conversations);

static bool is_change(const struct wire_field *f)
{
	return wire_is_bytes(f, PB_EVENT_CONVERSATION) || wire_is_bytes(f, PB_EVENT_OFFER) ||
	       wire_is_bytes(f, PB_EVENT_OFFER_ENDED) || wire_is_bytes(f, PB_EVENT_TRANSFER);
}

static void read_change(struct span change, uint64_t *no, uint64_t *before)
{
	struct wire_field f, of;
	while (wire_next(&change, &f)) {
		if (f.no == PB_CONVERSATION_CHANGED_BEFORE)
			*before = f.number;
		if (!wire_is_bytes(&f, PB_CONVERSATION_CHANGED_CONVERSATION))
			continue;
		while (wire_next(&f.value, &of))
			if (of.no == PB_CONVERSATION_NO)
				*no = of.number;
	}
}

bool event_conversation(struct span event, uint64_t *no, uint64_t *before)
{
	struct wire_field f;
	*no = *before = 0;
	while (wire_next(&event, &f))
		if (is_change(&f))
			read_change(f.value, no, before);
	return *no != 0;
}

void event_put_place(struct buf *b, struct span conversation, const struct place_view *place,
		     uint8_t state)
{
	struct buf inner = {0};
	event_put_text(&inner, PB_DESK_PLACE_CONVERSATION, conversation);
	wire_put_varint_field(&inner, PB_DESK_PLACE_PLACE, place->place);
	wire_put_varint_field(&inner, PB_DESK_PLACE_OF, place->of);
	wire_put_varint_field(&inner, PB_DESK_PLACE_ESTIMATE_MS, place->estimate_ms);
	wire_put_varint_field(&inner, PB_DESK_PLACE_STATE, state);
	wire_put_bytes_field(b, PB_EVENT_PLACE, buf_span(&inner));
	buf_fini(&inner);
}
