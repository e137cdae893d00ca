/* A growing byte buffer, and a cursor to read one back: little-endian fixed
 * integers, LEB128 varints (as protobuf has them) and length-prefixed bytes.
 * Owns its memory; knows no format. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed run of bytes; text need not end in NUL. */
struct span {
	const void *data;
	size_t len;
};
#define SPAN_TEXT(s) ((struct span){(s), strlen(s)})
bool span_equal(struct span a, struct span b);
/* Below, at or above 0, as memcmp: by bytes, the shorter one first. */
int span_order(struct span a, struct span b);
/* In that order. */
void span_sort(struct span *, size_t n);

/* Zeroed is an empty buffer. */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	bool fixed; /* the bytes are the caller's: it never grows */
};
/* On an array that holds all that is put. */
#define BUF_ON(array) ((struct buf){.data = (array), .cap = sizeof(array), .fixed = true})

void buf_fini(struct buf *);
void buf_clear(struct buf *); /* keeps the memory */
/* Its bytes, until it changes. */
static inline struct span buf_span(const struct buf *b)
{
	return (struct span){b->data, b->len};
}
#define BUF_VARINT_MAX 10

/* More memory, for n bytes behind len at least. */
void buf_grow(struct buf *, size_t n);

/* Room for n more bytes behind len; returns where they start. */
static inline uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->cap - b->len < n || !b->data)
		buf_grow(b, n);
	if (n >= MEM_LARGE)
		mem_ready(b->data + b->len, n);
	return b->data + b->len;
}

static inline void buf_put(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), bytes, n);
	b->len += n;
}

/* At most BUF_VARINT_MAX bytes; returns where they end. */
static inline uint8_t *varint_put(uint8_t *to, uint64_t value)
{
	while (value >= 0x80) {
		*to++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t)value;
	return to;
}

static inline void buf_put_varint(struct buf *b, uint64_t value)
{
	uint8_t *at = buf_reserve(b, BUF_VARINT_MAX);
	b->len += (size_t)(varint_put(at, value) - at);
}

static inline void buf_put_u8(struct buf *b, uint8_t value)
{
	*buf_reserve(b, 1) = value;
	b->len++;
}

void buf_put_u32(struct buf *, uint32_t);
void buf_put_u64(struct buf *, uint64_t);
void buf_put_span(struct buf *, struct span); /* varint length, bytes */

/* Big-endian, for keys that sort as numbers. */
void be64_put(uint8_t at[8], uint64_t);
uint64_t be64_get(const uint8_t at[8]);

/* Reading never passes the end: after the first short read `bad` is set, and
 * every later read gives 0. Check bad once, at the end. */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};
void reader_init(struct reader *, const void *bytes, size_t n);
uint8_t reader_u8(struct reader *);
uint32_t reader_u32(struct reader *);
uint64_t reader_u64(struct reader *);
uint64_t reader_long_varint(struct reader *);
static inline uint64_t reader_varint(struct reader *r)
{
	/* A reader that failed stands at its end. */
	if (r->at < r->end && *r->at < 0x80)
		return *r->at++;
	return reader_long_varint(r);
}
struct span reader_span(struct reader *); /* borrowed from the bytes */
size_t reader_left(const struct reader *);

#endif
