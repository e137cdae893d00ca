#include "event/kind.h"

#include <parlor/fields.h>

static void put_presence(struct buf *b, const struct record *r)
{
	event_put_text(b, PB_MEMBER_PRESENCE_MEMBER, r->member_id);
	wire_put_varint_field(b, PB_MEMBER_PRESENCE_PRESENCE, r->presence.now);
	wire_put_varint_field(b, PB_MEMBER_PRESENCE_LAST_SEEN_US, r->time_us);
}

static const struct event_kind kinds[] = {
	{RECORD_PRESENCE, PB_EVENT_PRESENCE, put_presence},
};
const struct event_noun presence_events = EVENT_NOUN(kinds);
