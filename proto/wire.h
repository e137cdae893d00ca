/* Frames of the protocol, in and out. Owns the rules that protobuf-c 1.4 does
 * not enforce: every frame is scanned against the message's descriptor before
 * it is decoded (structure, nesting, UTF-8 without NUL in every string, a bound
 * on unknown fields, a message field that is not repeated stands once), and
 * decoding allocates from a bounded arena. Never looks at the meaning of a
 * request. */
#ifndef WIRE_H
#define WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <protobuf-c/protobuf-c.h>

#define WIRE_DEPTH_MAX 8            /* messages in one another, the frame included */
#define WIRE_UNKNOWN_MAX 64         /* unknown fields in a frame */
#define WIRE_UNKNOWN_BYTES_MAX 4096 /* of them together, tags included */

/* PARLOR_E_FRAME when the bytes do not parse or break a bound, PARLOR_E_TEXT
 * when a string field is not valid text. */
enum parlor_err wire_scan(const ProtobufCMessageDescriptor *, const void *bytes,
			  size_t len) PARLOR_MUST_CHECK;

/* How often the field stands in the frame itself, not in what is in it: counted up
 * to one above max and as far as the bytes parse. Costs no memory, so that a frame
 * of too many is refused before anything is made of it. */
size_t wire_count(struct span frame, uint32_t field, size_t max);

/* A field as it stands in the bytes. */
struct wire_field {
	uint32_t no;
	unsigned type;   /* PROTOBUF_C_WIRE_TYPE_* */
	struct span all; /* tag and length included */
	struct span value;
	uint64_t number; /* of a varint */
};
/* The next field, off the front of what is left of a message; false at its end, and where
 * the bytes are no field: then some are left. */
bool wire_next(struct span *left, struct wire_field *);
/* It is of that number, and bytes: text, or a message. */
static inline bool wire_is_bytes(const struct wire_field *f, uint32_t no)
{
	return f->no == no && f->type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
}

/* Scan, then decode into the arena (cleared by its owner, not here). The
 * message lives as long as the arena's content; there is nothing to free.
 * Unknown fields are dropped. PARLOR_E_NO_MEMORY when the arena is too small. */
enum parlor_err wire_decode(const ProtobufCMessageDescriptor *, struct arena *, const void *bytes,
			    size_t len, ProtobufCMessage **out) PARLOR_MUST_CHECK;

/* Appends a message's encoding. */
void wire_put(struct buf *, const ProtobufCMessage *);

/* Appends the message as a length-delimited field: such parts may be
 * concatenated into a frame whose fields are all repeated. */
void wire_put_field(struct buf *, uint32_t field, const ProtobufCMessage *);
void wire_put_bytes_field(struct buf *, uint32_t field, struct span);
void wire_put_varint_field(struct buf *, uint32_t field, uint64_t value); /* omitted when 0 */
/* Room that a field asks for, beside the bytes that it has: tag, and number or length. */
#define WIRE_FIELD_MAX (2 * BUF_VARINT_MAX)

#endif
