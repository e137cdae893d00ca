#include "event/event.h"

#include "core/kinds.h"
#include "core/row.h"
#include "event/kind.h"

#include <parlor/fields.h>
#include <parlor/parlor.pb-c.h>

#include <string.h>

/* One line a noun: its table stands at the end of its file. */
#define NOUNS(NOUN)        \
	NOUN(message)      \
	NOUN(reading)      \
	NOUN(membership)   \
	NOUN(presence)     \
	NOUN(room)         \
	NOUN(label)        \
	NOUN(config)       \
	NOUN(conversation) \
	NOUN(business)

#define DECLARED(noun) extern const struct event_noun noun##_events;
NOUNS(DECLARED)
#define LISTED(noun) &noun##_events,
static const struct event_noun *const nouns[] = {NOUNS(LISTED)};

static const struct event_kind *kind_of(const struct record *r)
{
	for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
		size_t at = (size_t)r->kind - nouns[i]->kinds[0].kind;
		if (at < nouns[i]->len)
			return &nouns[i]->kinds[at];
	}
	return NULL;
}

void event_put(struct buf *b, const struct record *r, struct buf *scratch)
{
	const struct event_kind *kind = kind_of(r);
	/* What nobody hears but the database is told by its time. */
	if (!kind && record_kind(r->kind)->partition == PARTITION_NO)
		return;
	wire_put_varint_field(b, PB_EVENT_POSITION, r->position);
	wire_put_varint_field(b, PB_EVENT_TIME_US, r->time_us);
	event_put_text(b, PB_EVENT_ROOM, r->room_id);
	if (!kind)
		return;
	buf_clear(scratch);
	kind->put(scratch, r);
	wire_put_bytes_field(b, kind->field, buf_span(scratch));
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
