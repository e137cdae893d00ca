#include "event/event.h"
#include "event/kind.h"

#include "base/text.h"

#include <parlor/fields.h>

static void put_posted(struct buf *b, const struct record *r)
{
	const struct record_posted *p = &r->posted;
	wire_put_varint_field(b, PB_MESSAGE_SEQ, p->seq);
	event_put_text(b, PB_MESSAGE_SENDER, r->member_id);
	event_put_text(b, PB_MESSAGE_SENDER_NAME, p->sender_name);
	event_put_text(b, PB_MESSAGE_SENDER_AVATAR, p->sender_avatar);
	wire_put_varint_field(b, PB_MESSAGE_TYPE, p->type);
	wire_put_varint_field(b, PB_MESSAGE_CONTENT_TYPE, p->content_type);
	event_put_text(b, PB_MESSAGE_BODY, p->body);
	event_put_text(b, PB_MESSAGE_CLIENT_ID, p->client_id);
	for (size_t i = 0; i < p->mentions.len; i++)
		wire_put_bytes_field(b, PB_MESSAGE_MENTIONS, p->mention_ids[i]);
}

static void put_recalled(struct buf *b, const struct record *r)
{
	wire_put_varint_field(b, PB_RECALLED_SEQ, r->recalled.seq);
	event_put_text(b, PB_RECALLED_BY, r->member_id);
}

/* ---- looked into again ----------------------------------------------------------------- */

bool event_message(struct span event, struct span *message, uint64_t *time_us)
{
	struct wire_field f;
	bool found = false;
	*time_us = 0;
	while (wire_next(&event, &f)) {
		if (f.no == PB_EVENT_TIME_US)
			*time_us = f.number;
		if (wire_is_bytes(&f, PB_EVENT_POSTED)) {
			*message = f.value;
			found = true;
		}
	}
	return found && !event.len;
}

bool event_put_message(struct buf *b, struct span message, size_t body_max, bool recalled)
{
	struct wire_field f;
	while (wire_next(&message, &f)) {
		bool body = wire_is_bytes(&f, PB_MESSAGE_BODY);
		if (body && f.value.len > (recalled ? 0 : body_max)) {
			if (!recalled)
				f.value.len = text_cut(f.value.data, f.value.len, body_max);
			if (!recalled)
				event_put_text(b, PB_MESSAGE_BODY, f.value);
		} else if (f.no != PB_MESSAGE_RECALLED) {
			buf_put(b, f.all.data, f.all.len);
		}
	}
	wire_put_varint_field(b, PB_MESSAGE_RECALLED, recalled);
	return !message.len;
}

bool event_put_recalled(struct buf *b, struct span event, struct buf *scratch)
{
	struct wire_field f;
	bool found = false;
	while (wire_next(&event, &f)) {
		if (!wire_is_bytes(&f, PB_EVENT_POSTED)) {
			buf_put(b, f.all.data, f.all.len);
			continue;
		}
		buf_clear(scratch);
		found = event_put_message(scratch, f.value, 0, true);
		wire_put_bytes_field(b, PB_EVENT_POSTED, buf_span(scratch));
	}
	return found && !event.len;
}

static const struct event_kind kinds[] = {
	{RECORD_POSTED, PB_EVENT_POSTED, put_posted},
	{RECORD_RECALLED, PB_EVENT_RECALLED, put_recalled},
};
const struct event_noun message_events = EVENT_NOUN(kinds);
