#include "event/kind.h"

#include <parlor/fields.h>

static void put_room_changed(struct buf *b, const struct record *r)
{
	event_put_text(b, PB_ROOM_CHANGED_NAME, r->room_is.name);
	wire_put_varint_field(b, PB_ROOM_CHANGED_STATE, r->room_is.state);
	wire_put_varint_field(b, PB_ROOM_CHANGED_HISTORY_OPEN, r->room_is.open);
}

static const struct event_kind kinds[] = {
	{RECORD_ROOM_CREATED, PB_EVENT_ROOM_CHANGED, put_room_changed},
	{RECORD_ROOM_RENAMED, PB_EVENT_ROOM_CHANGED, put_room_changed},
	{RECORD_ROOM_STATE, PB_EVENT_ROOM_CHANGED, put_room_changed},
};
const struct event_noun room_events = EVENT_NOUN(kinds);
