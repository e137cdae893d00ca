#include "buf.h"

#include "mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN ((size_t)64)

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

void buf_grow(struct buf *b, size_t n)
{
	assert(n <= SIZE_MAX / 2 - b->len);
	size_t cap = b->cap ? b->cap : CAP_MIN;
	while (cap - b->len < n)
		cap *= 2;
	b->data = mem_resize(b->data, cap, 1);
	b->cap = cap;
}

static void put_little(struct buf *b, uint64_t value, size_t n)
{
	uint8_t *at = buf_reserve(b, n);
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)(value >> (8 * i));
	b->len += n;
}

void buf_put_u8(struct buf *b, uint8_t value)
{
	*buf_reserve(b, 1) = value;
	b->len++;
}

void buf_put_u32(struct buf *b, uint32_t value)
{
	put_little(b, value, 4);
}

void buf_put_u64(struct buf *b, uint64_t value)
{
	put_little(b, value, 8);
}

void buf_put_span(struct buf *b, struct span s)
{
	buf_put_varint(b, s.len);
	buf_put(b, s.data, s.len);
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

static uint64_t take_little(struct reader *r, size_t n)
{
	const uint8_t *at = take(r, n);
	uint64_t value = 0;
	for (size_t i = 0; at && i < n; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)take_little(r, 1);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)take_little(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return take_little(r, 8);
}

uint64_t reader_varint(struct reader *r)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 7 * BUF_VARINT_MAX; shift += 7) {
		const uint8_t *at = take(r, 1);
		if (!at)
			return 0;
		/* The tenth byte has room for one bit. */
		if (shift == 63 && *at > 1)
			break;
		value |= (uint64_t)(*at & 0x7f) << shift;
		if (*at < 0x80)
			return value;
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
