#include "field.h"

#include <assert.h>

static void encode_one(struct buf *b, enum field_type type, const void *at)
{
	switch (type) {
	case FIELD_VARINT:
		buf_put_varint(b, *(const uint64_t *)at);
		break;
	case FIELD_U32:
		buf_put_varint(b, *(const uint32_t *)at);
		break;
	case FIELD_U64:
		buf_put_u64(b, *(const uint64_t *)at);
		break;
	case FIELD_HASH128:
		buf_put_u64(b, ((const struct hash128 *)at)->low);
		buf_put_u64(b, ((const struct hash128 *)at)->high);
		break;
	case FIELD_U8:
		buf_put_u8(b, *(const uint8_t *)at);
		break;
	case FIELD_BOOL:
		buf_put_u8(b, *(const bool *)at);
		break;
	case FIELD_TEXT:
		buf_put_span(b, *(const struct span *)at);
		break;
	case FIELD_NUMBERS: {
		const struct number_list *n = at;
		assert(n->len <= NUMBERS_MAX);
		buf_put_varint(b, n->len);
		buf_put(b, n->bytes.data, n->bytes.len);
		break;
	}
	case FIELD_LAST:
		break;
	}
}

void fields_encode(struct buf *b, const struct field *f, const void *from)
{
	for (; f->type != FIELD_LAST; f++)
		encode_one(b, (enum field_type)f->type, (const char *)from + f->at);
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
