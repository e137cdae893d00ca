#include "wire.h"

#include "base/text.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

/* Unknown fields met so far, in the whole frame. */
struct unknown {
	unsigned fields;
	size_t bytes;
};

/* One field as it stands in the bytes: tag [length] body. */
struct part {
	uint32_t id;
	unsigned type; /* PROTOBUF_C_WIRE_TYPE_* */
	const uint8_t *start;
	const uint8_t *length; /* behind the tag */
	const uint8_t *body;
	const uint8_t *end;
};

/* Where the varint ends, or NULL when it has more than bytes_max bytes. */
static inline const uint8_t *varint(const uint8_t *at, const uint8_t *end, int bytes_max,
				    uint64_t *value)
{
	uint64_t sum = 0;
	for (int i = 0; i < bytes_max && at < end; i++, at++) {
		sum |= (uint64_t)(*at & 0x7f) << (7 * i);
		if (*at < 0x80) {
			*value = sum;
			return at + 1;
		}
	}
	return NULL;
}

/* Tags and lengths take five bytes at most, also in protobuf-c. */
static inline bool part_next(const uint8_t *at, const uint8_t *end, struct part *p)
{
	uint64_t n;
	p->start = at;
	p->length = varint(at, end, 5, &n);
	if (!p->length || n > UINT32_MAX || n < 8)
		return false;
	p->id = (uint32_t)n >> 3;
	p->type = (unsigned)n & 7;
	p->body = p->length;
	switch (p->type) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		p->end = varint(p->body, end, 10, &n);
		return p->end;
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		p->body = varint(p->length, end, 5, &n);
		if (!p->body)
			return false;
		break;
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		n = 8;
		break;
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		n = 4;
		break;
	default:
		return false; /* groups, and types that do not exist */
	}
	if (n > (size_t)(end - p->body))
		return false;
	p->end = p->body + n;
	return true;
}

/* Fields mostly come in the order of their ids: look where the last one was
 * and behind it before searching. */
static inline const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *d,
							 uint32_t id, unsigned *hint)
{
	const ProtobufCFieldDescriptor *fields = d->fields;
	for (unsigned i = *hint; i < d->n_fields && i < *hint + 2; i++)
		if (fields[i].id == id) {
			*hint = i;
			return &fields[i];
		}
	unsigned low = 0;
	unsigned high = d->n_fields;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (fields[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == d->n_fields || fields[low].id != id)
		return NULL;
	*hint = low;
	return &fields[low];
}

static const uint8_t wire_types[] = {
	[PROTOBUF_C_TYPE_INT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_SINT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_SFIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
	[PROTOBUF_C_TYPE_INT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_SINT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_SFIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
	[PROTOBUF_C_TYPE_UINT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_FIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
	[PROTOBUF_C_TYPE_UINT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_FIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
	[PROTOBUF_C_TYPE_FLOAT] = PROTOBUF_C_WIRE_TYPE_32BIT,
	[PROTOBUF_C_TYPE_DOUBLE] = PROTOBUF_C_WIRE_TYPE_64BIT,
	[PROTOBUF_C_TYPE_BOOL] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_ENUM] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_STRING] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
	[PROTOBUF_C_TYPE_BYTES] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
	[PROTOBUF_C_TYPE_MESSAGE] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
};

static bool packed_valid(unsigned type, const uint8_t *at, const uint8_t *end)
{
	size_t len = (size_t)(end - at);
	if (type == PROTOBUF_C_WIRE_TYPE_32BIT)
		return len % 4 == 0;
	if (type == PROTOBUF_C_WIRE_TYPE_64BIT)
		return len % 8 == 0;
	uint64_t ignored;
	while (at && at < end)
		at = varint(at, end, 10, &ignored);
	return at;
}

static enum parlor_err count_unknown(struct unknown *u, const struct part *p)
{
	u->fields++;
	u->bytes += (size_t)(p->end - p->start);
	bool over = u->fields > WIRE_UNKNOWN_MAX || u->bytes > WIRE_UNKNOWN_BYTES_MAX;
	return over ? PARLOR_E_FRAME : PARLOR_E_OK;
}

static enum parlor_err scan_message(const ProtobufCMessageDescriptor *, const uint8_t *at,
				    const uint8_t *end, unsigned depth, struct unknown *);

static inline enum parlor_err scan_known(const ProtobufCFieldDescriptor *field,
					 const struct part *p, unsigned depth, struct unknown *u)
{
	unsigned type = wire_types[field->type];
	if (p->type != type) {
		bool packed = field->label == PROTOBUF_C_LABEL_REPEATED &&
			      p->type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
		return packed && packed_valid(type, p->body, p->end) ? PARLOR_E_OK : PARLOR_E_FRAME;
	}
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return text_valid(p->body, (size_t)(p->end - p->body)) ? PARLOR_E_OK
								       : PARLOR_E_TEXT;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return scan_message(field->descriptor, p->body, p->end, depth + 1, u);
	return PARLOR_E_OK;
}

/* A message given twice where one belongs would be merged, and protobuf-c 1.4
 * loses scalars in that: refused. `given` has a bit for each field. */
static inline bool given_twice(const ProtobufCFieldDescriptor *field, unsigned index,
			       uint64_t *given)
{
	if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED)
		return false;
	uint64_t bit = UINT64_C(1) << index;
	bool twice = *given & bit;
	*given |= bit;
	return twice;
}

static enum parlor_err scan_message(const ProtobufCMessageDescriptor *d, const uint8_t *at,
				    const uint8_t *end, unsigned depth, struct unknown *u)
{
	assert(d->n_fields <= 64);
	if (depth > WIRE_DEPTH_MAX)
		return PARLOR_E_FRAME;
	unsigned index = 0;
	uint64_t given = 0;
	while (at < end) {
		struct part p;
		if (!part_next(at, end, &p))
			return PARLOR_E_FRAME;
		const ProtobufCFieldDescriptor *field = find_field(d, p.id, &index);
		enum parlor_err err;
		if (!field)
			err = count_unknown(u, &p);
		else if (given_twice(field, index, &given))
			err = PARLOR_E_FRAME;
		else
			err = scan_known(field, &p, depth, u);
		if (err)
			return err;
		at = p.end;
	}
	return PARLOR_E_OK;
}

static enum parlor_err scan_frame(const ProtobufCMessageDescriptor *d, const void *bytes,
				  size_t len, struct unknown *u)
{
	if (len > INT_MAX)
		return PARLOR_E_FRAME;
	if (len == 0)
		return PARLOR_E_OK;
	const uint8_t *at = bytes;
	return scan_message(d, at, at + len, 1, u);
}

enum parlor_err wire_scan(const ProtobufCMessageDescriptor *d, const void *bytes, size_t len)
{
	struct unknown u = {0};
	return scan_frame(d, bytes, len, &u);
}

size_t wire_count(struct span frame, uint32_t field, size_t max)
{
	const uint8_t *at = frame.data;
	const uint8_t *end = at + frame.len;
	size_t n = 0;
	struct part p;
	for (; at < end && n <= max && part_next(at, end, &p); at = p.end)
		n += p.id == field;
	return n;
}

bool wire_next(struct span *left, struct wire_field *f)
{
	struct part p;
	const uint8_t *at = left->data, *end = at + left->len;
	if (!left->len || !part_next(at, end, &p))
		return false;
	*f = (struct wire_field){.no = p.id,
				 .type = p.type,
				 .all = {at, (size_t)(p.end - at)},
				 .value = {p.body, (size_t)(p.end - p.body)}};
	if (p.type == PROTOBUF_C_WIRE_TYPE_VARINT)
		(void)varint(p.body, p.end, 10, &f->number);
	*left = (struct span){p.end, (size_t)(end - p.end)};
	return true;
}

/* Copies scanned bytes without their unknown fields and returns the copy's
 * end. A message that shrinks keeps the width of its length (a varint may be
 * padded), so what is behind it need not move. */
static uint8_t *strip(const ProtobufCMessageDescriptor *d, const uint8_t *at, const uint8_t *end,
		      uint8_t *to)
{
	unsigned index = 0;
	struct part p;
	for (; at < end && part_next(at, end, &p); at = p.end) {
		const ProtobufCFieldDescriptor *field = find_field(d, p.id, &index);
		if (!field)
			continue;
		if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
			memcpy(to, p.start, (size_t)(p.end - p.start));
			to += p.end - p.start;
			continue;
		}
		memcpy(to, p.start, (size_t)(p.body - p.start));
		uint8_t *length = to + (p.length - p.start);
		uint8_t *body = to + (p.body - p.start);
		to = strip(field->descriptor, p.body, p.end, body);
		size_t n = (size_t)(to - body);
		for (; length < body; length++, n >>= 7)
			*length = (uint8_t)((n & 0x7f) | (length + 1 < body ? 0x80 : 0));
	}
	return to;
}

struct decoding {
	struct arena *arena;
	bool full;
};

static void *arena_alloc(void *decoding, size_t size)
{
	struct decoding *d = decoding;
	void *memory = arena_get(d->arena, size);
	d->full |= !memory;
	return memory;
}

static void arena_free(void *decoding, void *memory)
{
	(void)decoding;
	(void)memory;
}

enum parlor_err wire_decode(const ProtobufCMessageDescriptor *d, struct arena *arena,
			    const void *bytes, size_t len, ProtobufCMessage **out)
{
	*out = NULL;
	struct unknown u = {0};
	enum parlor_err err = scan_frame(d, bytes, len, &u);
	if (err)
		return err;
	/* protobuf-c never sees an unknown field: its handling of them when
	 * memory runs out is not to be relied on. */
	if (u.fields) {
		uint8_t *copy = arena_get(arena, len);
		if (!copy)
			return PARLOR_E_NO_MEMORY;
		const uint8_t *at = bytes;
		len = (size_t)(strip(d, at, at + len, copy) - copy);
		bytes = copy;
	}
	struct decoding decoding = {.arena = arena};
	ProtobufCAllocator allocator = {arena_alloc, arena_free, &decoding};
	*out = protobuf_c_message_unpack(d, &allocator, len, bytes);
	if (*out)
		return PARLOR_E_OK;
	return decoding.full ? PARLOR_E_NO_MEMORY : PARLOR_E_FRAME;
}

void wire_put(struct buf *b, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	b->len += protobuf_c_message_pack(message, buf_reserve(b, size));
}

static uint8_t *tag_put(uint8_t *to, uint32_t field, unsigned type)
{
	return varint_put(to, (uint64_t)field << 3 | type);
}

void wire_put_field(struct buf *b, uint32_t field, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *at = buf_reserve(b, WIRE_FIELD_MAX + size);
	uint8_t *to = tag_put(at, field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
	to = varint_put(to, size);
	b->len += (size_t)(to - at) + protobuf_c_message_pack(message, to);
}

void wire_put_bytes_field(struct buf *b, uint32_t field, struct span bytes)
{
	uint8_t *at = buf_reserve(b, WIRE_FIELD_MAX + bytes.len);
	uint8_t *to = tag_put(at, field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
	to = varint_put(to, bytes.len);
	if (bytes.len)
		memcpy(to, bytes.data, bytes.len);
	b->len += (size_t)(to - at) + bytes.len;
}

void wire_put_varint_field(struct buf *b, uint32_t field, uint64_t value)
{
	if (value == 0)
		return;
	uint8_t *at = buf_reserve(b, WIRE_FIELD_MAX);
	uint8_t *to = tag_put(at, field, PROTOBUF_C_WIRE_TYPE_VARINT);
	b->len += (size_t)(varint_put(to, value) - at);
}
