#include "field.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* Of all that have no length of their own, at most. */
#define FIELD_BYTES_MAX 16

static uint8_t *put_u64(uint8_t *to, uint64_t value)
{
	value = htole64(value);
	memcpy(to, &value, sizeof value);
	return to + sizeof value;
}

static uint8_t *encode_one(uint8_t *to, enum field_type type, const void *at)
{
	switch (type) {
	case FIELD_VARINT:
		return varint_put(to, *(const uint64_t *)at);
	case FIELD_U32:
		return varint_put(to, *(const uint32_t *)at);
	case FIELD_U64:
		return put_u64(to, *(const uint64_t *)at);
	case FIELD_HASH128:
		to = put_u64(to, ((const struct hash128 *)at)->low);
		return put_u64(to, ((const struct hash128 *)at)->high);
	case FIELD_U8:
		*to = *(const uint8_t *)at;
		return to + 1;
	case FIELD_BOOL:
		*to = *(const bool *)at;
		return to + 1;
	default:
		return to;
	}
}

static void encode_text(struct buf *b, enum field_type type, const void *at)
{
	if (type == FIELD_TEXT) {
		buf_put_span(b, *(const struct span *)at);
		return;
	}
	const struct number_list *n = at;
	assert(n->len <= NUMBERS_MAX);
	buf_put_varint(b, n->len);
	buf_put(b, n->bytes.data, n->bytes.len);
}

/* Room is asked for where it ends, not for each field. */
void fields_encode(struct buf *b, const struct field *f, const void *from)
{
	uint8_t *to = buf_reserve(b, FIELD_BYTES_MAX), *end = b->data + b->cap;
	for (; f->type != FIELD_LAST; f++) {
		enum field_type type = (enum field_type)f->type;
		const void *at = (const char *)from + f->at;
		bool is_text = type >= FIELD_TEXT;
		if (!is_text)
			to = encode_one(to, type, at);
		if (!is_text && end - to >= FIELD_BYTES_MAX)
			continue;
		b->len = (size_t)(to - b->data);
		if (is_text)
			encode_text(b, type, at);
		to = buf_reserve(b, FIELD_BYTES_MAX);
		end = b->data + b->cap;
	}
	b->len = (size_t)(to - b->data);
}

static struct number_list decode_numbers(struct reader *in)
{
	struct number_list n = {.len = 0};
	uint64_t len = reader_varint(in);
	if (len > NUMBERS_MAX) {
		in->bad = true;
		return n;
	}
	const uint8_t *begin = in->at;
	for (uint64_t i = 0; i < len; i++)
		reader_varint(in);
	n.len = (size_t)len;
	n.bytes = (struct span){begin, (size_t)(in->at - begin)};
	return n;
}

static void decode_one(struct reader *in, enum field_type type, void *at)
{
	switch (type) {
	case FIELD_VARINT:
		*(uint64_t *)at = reader_varint(in);
		break;
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)reader_varint(in);
		break;
	case FIELD_U64:
		*(uint64_t *)at = reader_u64(in);
		break;
	case FIELD_HASH128:
		((struct hash128 *)at)->low = reader_u64(in);
		((struct hash128 *)at)->high = reader_u64(in);
		break;
	case FIELD_U8:
		*(uint8_t *)at = reader_u8(in);
		break;
	case FIELD_BOOL:
		*(bool *)at = reader_u8(in) != 0;
		break;
	case FIELD_TEXT:
		*(struct span *)at = reader_span(in);
		break;
	case FIELD_NUMBERS:
		*(struct number_list *)at = decode_numbers(in);
		break;
	case FIELD_LAST:
		break;
	}
}

void fields_decode(struct reader *in, const struct field *f, void *to)
{
	for (; f->type != FIELD_LAST; f++)
		decode_one(in, (enum field_type)f->type, (char *)to + f->at);
}

bool fields_decode_whole(struct span bytes, const struct field *f, void *to)
{
	struct reader in;
	reader_init(&in, bytes.data, bytes.len);
	fields_decode(&in, f, to);
	return !in.bad && reader_left(&in) == 0;
}
