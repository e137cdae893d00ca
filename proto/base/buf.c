#include "buf.h"

#include "mem.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN ((size_t)64)

int span_order(struct span a, struct span b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_order(const void *a, const void *b)
{
	return span_order(*(const struct span *)a, *(const struct span *)b);
}

void span_sort(struct span *spans, size_t n)
{
	qsort(spans, n, sizeof *spans, by_order);
}

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void buf_fini(struct buf *b)
{
	assert(!b->fixed);
	free(b->data);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

void buf_grow(struct buf *b, size_t n)
{
	assert(!b->fixed && n <= SIZE_MAX / 2 - b->len);
	size_t cap = b->cap ? b->cap : CAP_MIN;
	while (cap - b->len < n)
		cap *= 2;
	b->data = mem_resize(b->data, cap, 1);
	b->cap = cap;
}

void buf_put_u32(struct buf *b, uint32_t value)
{
	value = htole32(value);
	buf_put(b, &value, sizeof value);
}

void buf_put_u64(struct buf *b, uint64_t value)
{
	value = htole64(value);
	buf_put(b, &value, sizeof value);
}

void buf_put_span(struct buf *b, struct span s)
{
	uint8_t *at = buf_reserve(b, BUF_VARINT_MAX + s.len);
	uint8_t *to = varint_put(at, s.len);
	if (s.len)
		memcpy(to, s.data, s.len);
	b->len += (size_t)(to - at) + s.len;
}

void be64_put(uint8_t at[8], uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		at[i] = (uint8_t)value;
}

uint64_t be64_get(const uint8_t at[8])
{
	uint64_t value = 0;
	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

void reader_init(struct reader *r, const void *bytes, size_t n)
{
	/* An empty run may have no address; the reader always has one. */
	const uint8_t *at = n ? bytes : (const uint8_t *)"";
	*r = (struct reader){.at = at, .end = at + n};
}

size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static void fail(struct reader *r)
{
	r->bad = true;
	r->at = r->end;
}

/* The next n bytes, or NULL when there are fewer. */
static const uint8_t *take(struct reader *r, uint64_t n)
{
	if (r->bad || n > reader_left(r)) {
		fail(r);
		return NULL;
	}
	const uint8_t *at = r->at;
	r->at += n;
	return at;
}

uint8_t reader_u8(struct reader *r)
{
	const uint8_t *at = take(r, 1);
	return at ? *at : 0;
}

uint32_t reader_u32(struct reader *r)
{
	uint32_t value = 0;
	const uint8_t *at = take(r, sizeof value);
	if (at)
		memcpy(&value, at, sizeof value);
	return le32toh(value);
}

uint64_t reader_u64(struct reader *r)
{
	uint64_t value = 0;
	const uint8_t *at = take(r, sizeof value);
	if (at)
		memcpy(&value, at, sizeof value);
	return le64toh(value);
}

/* Of up to eight bytes of a varint their groups of seven bits, side by side. */
static uint64_t join_groups(uint64_t word)
{
	word &= 0x7f7f7f7f7f7f7f7f;
	word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
	word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
	return (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
}

/* Of more than one byte, or what is none. */
uint64_t reader_long_varint(struct reader *r)
{
	uint64_t value = 0;
	const uint8_t *at = r->at;
	if (reader_left(r) >= sizeof value) {
		memcpy(&value, at, sizeof value);
		value = le64toh(value);
		uint64_t last = ~value & 0x8080808080808080;
		if (last) { /* it ends here: what is behind its last byte is not its own */
			r->at += __builtin_ctzll(last) / 8 + 1;
			return join_groups(value & (last ^ (last - 1)));
		}
		value = 0;
	}
	for (unsigned shift = 0; shift < 7 * BUF_VARINT_MAX && at < r->end; shift += 7) {
		uint8_t byte = *at++;
		/* The tenth byte has room for one bit. */
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			r->at = at;
			return value;
		}
	}
	fail(r);
	return 0;
}

struct span reader_span(struct reader *r)
{
	uint64_t len = reader_varint(r);
	const uint8_t *at = take(r, len);
	return at ? (struct span){at, (size_t)len} : (struct span){r->end, 0};
}
