#include "message_json.h"
#include "noun/noun.h"
#include "rebuild_desk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields from here on are numbers that a broker gives. */
#define ROW_NUMBERS 60
#define TYPE_PREFIX "desk_"

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

/* A kind of row has the name of its line; a business may be a seat's. */
static const ProtobufCFieldDescriptor *row_field(const struct kind *kind, const json_t *row)
{
	const char *name = kind->type + strlen(TYPE_PREFIX);
	if (kind->record == RECORD_BUSINESS_SET && json_object_get(row, "agent"))
		name = "seat_business";
	return protobuf_c_message_descriptor_get_field_by_name(&parlor__desk_set__descriptor, name);
}

static void draft_row(struct draft *d, const Parlor__Event *e)
{
	const Parlor__DeskSet *set = e->desk_row->row;
	const ProtobufCMessage *row = set ? (const ProtobufCMessage *)set->desk : NULL;
	if (!row)
		return;
	json_object_set_new(d->more, "row", message_to_json(row, ROW_NUMBERS));
	if (set->remove)
		json_object_set_new(d->more, "removed", json_true());
}

static enum parlor_err send_row(struct operation *d, operation_send_fn *fn)
{
	const struct recording_event *e = &d->event;
	const ProtobufCFieldDescriptor *of = row_field(e->kind, e->row);
	ProtobufCMessage *row = message_of_json(of->descriptor, e->row);
	/* The messages of the oneof are pointers in one place. */
	enum parlor_err err = OPERATION_SEND(d, fn, DESK_SET, desk_set, DeskSet,
					     .row_case = (Parlor__DeskSet__RowCase)of->id,
					     .desk = (Parlor__Desk *)row, .remove = e->removed);
	free(row);
	return err;
}

static const struct operation_kind operation_row = {send_row, OPERATION_APART,
						    .counted = OPERATION_COUNTED(changes)};

#define ROW(no, name)                                                                           \
	{                                                                                       \
		.record = RECORD_##no, .event = PARLOR__EVENT__KIND_DESK_ROW, .what = what_row, \
		.type = TYPE_PREFIX name, .needs = LINE_NEEDS_ROW, .draft = draft_row,          \
		.row = row_field, .operation = &operation_row                                   \
	}
static const struct kind kinds[] = {
	{.record = RECORD_DESK_CLOCK, .what = what_clock},
	{.record = RECORD_HOURS_TURNED, .what = what_hours},
	ROW(DESK_SET, "desk"),
	ROW(TEAM_SET, "team"),
	ROW(AGENT_SET, "agent"),
	ROW(SEAT_SET, "seat"),
	ROW(TEAM_SEAT_SET, "team_seat"),
	ROW(VISITOR_SET, "visitor"),
	ROW(GROUP_SET, "group"),
	ROW(TYPE_SET, "type"),
	ROW(ROUTE_SET, "route"),
	ROW(TEXT_SET, "text"),
	ROW(HOURS_SET, "hours"),
	ROW(BUSINESS_SET, "business"),
};
const struct replay_noun replay_desk = {NOUN_LIST(kinds), .history = rebuild_desk_history,
					.history_len = REBUILD_DESK_HISTORY};
