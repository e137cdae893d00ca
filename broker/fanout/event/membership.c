#include "event/kind.h"

#include <parlor/fields.h>

static void put_spec(struct buf *b, const struct record *r)
{
	event_put_text(b, PB_MEMBER_SPEC_MEMBER, r->member_id);
	wire_put_varint_field(b, PB_MEMBER_SPEC_TYPE, r->membership.type);
	event_put_text(b, PB_MEMBER_SPEC_NAME, r->membership.name);
	event_put_text(b, PB_MEMBER_SPEC_AVATAR, r->membership.avatar);
}

static void put_left(struct buf *b, const struct record *r)
{
	event_put_text(b, PB_LEFT_MEMBER, r->member_id);
}

static const struct event_kind kinds[] = {
	{RECORD_JOINED, PB_EVENT_JOINED, put_spec},
	{RECORD_LEFT, PB_EVENT_LEFT, put_left},
	{RECORD_MEMBER_CHANGED, PB_EVENT_MEMBER_CHANGED, put_spec},
};
const struct event_noun membership_events = EVENT_NOUN(kinds);
