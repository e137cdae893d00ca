#include "event/event.h"

#include "core/kinds.h"
#include "core/row.h"

#include "wire.h"

#include "base/text.h"

#include <parlor/parlor.pb-c.h>

#include <string.h>

/* Field numbers of Event. Those of the messages in it, below, are numbers of
 * parlor.proto: test_event decodes each kind with its descriptor. */
enum {
	EVENT_POSITION = 1,
	EVENT_TIME_US = 2,
	EVENT_ROOM = 3,
	EVENT_POSTED = PARLOR__EVENT__KIND_POSTED,
	EVENT_RECALLED = PARLOR__EVENT__KIND_RECALLED,
	EVENT_ROOM_CHANGED = PARLOR__EVENT__KIND_ROOM_CHANGED,
	EVENT_JOINED = PARLOR__EVENT__KIND_JOINED,
	EVENT_LEFT = PARLOR__EVENT__KIND_LEFT,
	EVENT_MEMBER_CHANGED = PARLOR__EVENT__KIND_MEMBER_CHANGED,
	EVENT_READ = PARLOR__EVENT__KIND_READ,
	EVENT_PRESENCE = PARLOR__EVENT__KIND_PRESENCE,
};
enum { MESSAGE_BODY = 7, MESSAGE_RECALLED = 10 };

static void put_text(struct buf *b, uint32_t field, struct span text)
{
	if (text.len)
		wire_put_bytes_field(b, field, text);
}

static void put_posted(struct buf *b, const struct record *r)
{
	const struct record_posted *p = &r->posted;
	wire_put_varint_field(b, 1, p->seq);
	put_text(b, 2, r->member_id);
	put_text(b, 3, p->sender_name);
	put_text(b, 4, p->sender_avatar);
	wire_put_varint_field(b, 5, p->type);
	wire_put_varint_field(b, 6, p->content_type);
	put_text(b, MESSAGE_BODY, p->body);
	put_text(b, 8, p->client_id);
	for (size_t i = 0; i < p->mentions.len; i++)
		wire_put_bytes_field(b, 9, p->mention_ids[i]);
}

static void put_recalled(struct buf *b, const struct record *r)
{
	wire_put_varint_field(b, 1, r->recalled.seq);
	put_text(b, 2, r->member_id);
}

static void put_room_changed(struct buf *b, const struct record *r)
{
	put_text(b, 1, r->room_is.name);
	wire_put_varint_field(b, 2, r->room_is.state);
	wire_put_varint_field(b, 3, r->room_is.open);
}

static void put_spec(struct buf *b, const struct record *r)
{
	put_text(b, 1, r->member_id);
	wire_put_varint_field(b, 2, r->membership.type);
	put_text(b, 3, r->membership.name);
	put_text(b, 4, r->membership.avatar);
}

static void put_left(struct buf *b, const struct record *r)
{
	put_text(b, 1, r->member_id);
}

static void put_read(struct buf *b, const struct record *r)
{
	put_text(b, 1, r->member_id);
	wire_put_varint_field(b, 2, r->read.counts.read_seq);
	wire_put_varint_field(b, 3, r->read.unread);
}

static void put_presence(struct buf *b, const struct record *r)
{
	put_text(b, 1, r->member_id);
	wire_put_varint_field(b, 2, r->presence.now);
	wire_put_varint_field(b, 3, r->time_us);
}

struct kind_row {
	uint32_t field;
	void (*put)(struct buf *, const struct record *);
};

static const struct kind_row kinds[RECORD_KIND_MAX + 1] = {
	[RECORD_ROOM_CREATED] = {EVENT_ROOM_CHANGED, put_room_changed},
	[RECORD_ROOM_RENAMED] = {EVENT_ROOM_CHANGED, put_room_changed},
	[RECORD_ROOM_STATE] = {EVENT_ROOM_CHANGED, put_room_changed},
	[RECORD_JOINED] = {EVENT_JOINED, put_spec},
	[RECORD_LEFT] = {EVENT_LEFT, put_left},
	[RECORD_MEMBER_CHANGED] = {EVENT_MEMBER_CHANGED, put_spec},
	[RECORD_POSTED] = {EVENT_POSTED, put_posted},
	[RECORD_RECALLED] = {EVENT_RECALLED, put_recalled},
	[RECORD_READ] = {EVENT_READ, put_read},
	[RECORD_PRESENCE] = {EVENT_PRESENCE, put_presence},
};

void event_put(struct buf *b, const struct record *r, struct buf *scratch)
{
	const struct kind_row *kind = &kinds[r->kind];
	/* What nobody hears but the database is told by its time. */
	if (!kind->put && record_kind(r->kind)->partition == PARTITION_NO)
		return;
	wire_put_varint_field(b, EVENT_POSITION, r->position);
	wire_put_varint_field(b, EVENT_TIME_US, r->time_us);
	put_text(b, EVENT_ROOM, r->room_id);
	if (!kind->put)
		return;
	buf_clear(scratch);
	kind->put(scratch, r);
	wire_put_bytes_field(b, kind->field, (struct span){scratch->data, scratch->len});
}

/* Texts of protobuf-c end in NUL: short-lived copies of ids. */
struct id_text {
	char text[ROW_ID_MAX + 1];
};

static char *id_text(struct id_text *copy, struct span id)
{
	size_t len = id.len < sizeof copy->text - 1 ? id.len : sizeof copy->text - 1;
	memcpy(copy->text, id.data, len);
	copy->text[len] = 0;
	return copy->text;
}

void event_put_typing(struct buf *b, struct span room, struct span member)
{
	struct id_text room_text, member_text;
	Parlor__IsTyping typing = PARLOR__IS_TYPING__INIT;
	Parlor__Event event = PARLOR__EVENT__INIT;
	typing.member = id_text(&member_text, member);
	event.room = id_text(&room_text, room);
	event.kind_case = PARLOR__EVENT__KIND_TYPING;
	event.typing = &typing;
	wire_put(b, &event.base);
}

void event_put_end(struct buf *b, int code)
{
	Parlor__End end = PARLOR__END__INIT;
	Parlor__Event event = PARLOR__EVENT__INIT;
	end.code = (uint32_t)code;
	end.text = (char *)(uintptr_t)parlor_err_text(code);
	event.kind_case = PARLOR__EVENT__KIND_END;
	event.end = &end;
	wire_put(b, &event.base);
}

/* A field as it stands in the bytes. */
struct wire_field {
	uint32_t no;
	struct span all;   /* tag and length included */
	struct span value; /* of one that has a length */
	uint64_t number;   /* of one that has none */
	bool has_length;
};

/* False at the end, and where the bytes are no fields (in.bad). */
static bool field_next(struct reader *in, struct wire_field *f)
{
	const uint8_t *start = in->at;
	if (!reader_left(in) || in->bad)
		return false;
	uint64_t tag = reader_varint(in);
	*f = (struct wire_field){.no = (uint32_t)(tag >> 3), .has_length = (tag & 7) == 2};
	if (f->has_length)
		f->value = reader_span(in);
	else
		f->number = reader_varint(in);
	in->bad |= (tag & 7) != 2 && (tag & 7) != 0;
	f->all = (struct span){start, (size_t)(in->at - start)};
	return !in->bad;
}

bool event_message(struct span event, struct span *message, uint64_t *time_us)
{
	struct reader in;
	struct wire_field f;
	bool found = false;
	*time_us = 0;
	reader_init(&in, event.data, event.len);
	while (field_next(&in, &f)) {
		if (f.no == EVENT_TIME_US)
			*time_us = f.number;
		if (f.no == EVENT_POSTED && f.has_length) {
			*message = f.value;
			found = true;
		}
	}
	return found && !in.bad;
}

bool event_put_message(struct buf *b, struct span message, size_t body_max, bool recalled)
{
	struct reader in;
	struct wire_field f;
	reader_init(&in, message.data, message.len);
	while (field_next(&in, &f)) {
		bool body = f.no == MESSAGE_BODY && f.has_length;
		if (body && f.value.len > (recalled ? 0 : body_max)) {
			if (!recalled)
				f.value.len = text_cut(f.value.data, f.value.len, body_max);
			if (!recalled)
				put_text(b, MESSAGE_BODY, f.value);
		} else if (f.no != MESSAGE_RECALLED) {
			buf_put(b, f.all.data, f.all.len);
		}
	}
	wire_put_varint_field(b, MESSAGE_RECALLED, recalled);
	return !in.bad;
}

bool event_put_recalled(struct buf *b, struct span event, struct buf *scratch)
{
	struct reader in;
	struct wire_field f;
	bool found = false;
	reader_init(&in, event.data, event.len);
	while (field_next(&in, &f)) {
		if (f.no != EVENT_POSTED || !f.has_length) {
			buf_put(b, f.all.data, f.all.len);
			continue;
		}
		buf_clear(scratch);
		found = event_put_message(scratch, f.value, 0, true);
		wire_put_bytes_field(b, EVENT_POSTED, (struct span){scratch->data, scratch->len});
	}
	return found && !in.bad;
}
