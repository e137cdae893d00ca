#include "event/kind.h"

#include <parlor/fields.h>

static void put_read(struct buf *b, const struct record *r)
{
	event_put_text(b, PB_HAS_READ_MEMBER, r->member_id);
	wire_put_varint_field(b, PB_HAS_READ_READ_SEQ, r->read.counts.read_seq);
	wire_put_varint_field(b, PB_HAS_READ_UNREAD, r->read.unread);
}

static const struct event_kind kinds[] = {
	{RECORD_READ, PB_EVENT_READ, put_read},
};
const struct event_noun reading_events = EVENT_NOUN(kinds);
