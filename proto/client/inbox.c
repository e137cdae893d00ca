#include "client/inbox.h"

#include "wire.h"

#include <stdint.h>

#define FIELD_REPLY 1
#define FIELD_EVENT 2

#define WIRE_VARINT 0
#define WIRE_FIXED64 1
#define WIRE_BYTES 2
#define WIRE_FIXED32 5

/* How much a part grows by being decoded: text hardly, a page of small items
 * up to the size of their structs. The second is tried when the first fails. */
static const size_t growth[] = {4, 64};
#define ARENA_BASE 4096
#define ARENA_KEPT ((size_t)1 << 20)

void inbox_fini(struct inbox *in)
{
	if (in->arena.block)
		arena_fini(&in->arena);
	in->arena = (struct arena){0};
}

static void make_room(struct inbox *in, size_t size)
{
	if (in->arena.size >= size) {
		arena_clear(&in->arena);
		return;
	}
	inbox_fini(in);
	arena_init(&in->arena, size);
}

static enum parlor_err decode(struct inbox *in, const ProtobufCMessageDescriptor *kind,
			      struct span part, ProtobufCMessage **out)
{
	enum parlor_err err = PARLOR_E_NO_MEMORY;

	for (size_t i = 0; i < sizeof growth / sizeof *growth && err == PARLOR_E_NO_MEMORY; i++) {
		make_room(in, ARENA_BASE + growth[i] * part.len);
		err = wire_decode(kind, &in->arena, part.data, part.len, out);
	}
	return err;
}

static enum parlor_err hand_over(struct inbox *in, uint64_t field, struct span part,
				 const struct inbox_sink *sink)
{
	ProtobufCMessage *message;
	enum parlor_err err;

	err = decode(in,
		     field == FIELD_REPLY ? &parlor__reply__descriptor : &parlor__event__descriptor,
		     part, &message);
	if (err)
		return err;
	if (field == FIELD_REPLY)
		sink->reply(sink->arg, (const Parlor__Reply *)message);
	else
		sink->event(sink->arg, (const Parlor__Event *)message);
	return PARLOR_E_OK;
}

static void skip(struct reader *r, uint64_t wire_type)
{
	switch (wire_type) {
	case WIRE_VARINT:
		reader_varint(r);
		break;
	case WIRE_FIXED64:
		reader_u64(r);
		break;
	case WIRE_BYTES:
		reader_span(r);
		break;
	case WIRE_FIXED32:
		reader_u32(r);
		break;
	default:
		r->bad = true;
	}
}

static enum parlor_err read_field(struct inbox *in, struct span frame, uint64_t field,
				  const struct inbox_sink *sink)
{
	enum parlor_err err = PARLOR_E_OK;
	struct reader r;

	reader_init(&r, frame.data, frame.len);
	while (!err && !r.bad && reader_left(&r)) {
		uint64_t tag = reader_varint(&r);

		if (tag != (field << 3 | WIRE_BYTES)) {
			skip(&r, tag & 7);
			continue;
		}
		struct span part = reader_span(&r);

		if (!r.bad)
			err = hand_over(in, field, part, sink);
	}
	return r.bad ? PARLOR_E_FRAME : err;
}

enum parlor_err inbox_read(struct inbox *in, struct span frame, const struct inbox_sink *sink)
{
	enum parlor_err err = read_field(in, frame, FIELD_REPLY, sink);

	if (!err)
		err = read_field(in, frame, FIELD_EVENT, sink);
	if (in->arena.size > ARENA_KEPT)
		inbox_fini(in);
	return err;
}
