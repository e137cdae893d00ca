#include "frames.h"

#include "wire.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
enum { REQUESTS = 1, REQUEST_ID = 1, REPLIES = 1, EVENTS = 2 };
enum { REPLY_ID = 1, REPLY_CODE = 2, REPLY_TEXT = 3, REPLY_RETRY = 4, EVENT_POSITION = 1 };

#define RESULT_FIRST 10

static size_t varint_len(uint64_t value)
{
	size_t n = 1;
	while (value >= 0x80) {
		value >>= 7;
		n++;
	}
	return n;
}

void frame_put(struct buf *frame, uint64_t id, enum frame_op op, struct span body)
{
	uint64_t tag = (uint64_t)op << 3 | WIRE_BYTES;
	size_t len = 1 + varint_len(id) + varint_len(tag) + varint_len(body.len) + body.len;
	buf_put_u8(frame, REQUESTS << 3 | WIRE_BYTES);
	buf_put_varint(frame, len);
	buf_put_u8(frame, REQUEST_ID << 3 | WIRE_VARINT);
	buf_put_varint(frame, id);
	buf_put_varint(frame, tag);
	buf_put_span(frame, body);
}

void put_text(struct buf *b, uint32_t field, const char *text)
{
	wire_put_bytes_field(b, field, SPAN_TEXT(text));
}

void put_number(struct buf *b, uint32_t field, uint64_t value)
{
	wire_put_varint_field(b, field, value);
}

void put_message(struct buf *b, uint32_t field, const struct buf *message)
{
	wire_put_bytes_field(b, field, buf_span(message));
}

/* ---- reading ------------------------------------------------------------------------- */

static inline uint64_t varint(struct reader *in)
{
	if (in->at < in->end && *in->at < 0x80)
		return *in->at++;
	return reader_varint(in);
}

static inline struct span bytes(struct reader *in)
{
	uint64_t n = varint(in);
	if (n > (uint64_t)(in->end - in->at)) {
		in->bad = true;
		in->at = in->end;
		return (struct span){in->at, 0};
	}
	struct span s = {in->at, (size_t)n};
	in->at += n;
	return s;
}

static void skip(struct reader *in, uint64_t type)
{
	if (type == WIRE_VARINT)
		(void)varint(in);
	else if (type == WIRE_BYTES)
		(void)bytes(in);
	else if (type == WIRE_64)
		(void)reader_u64(in);
	else if (type == WIRE_32)
		(void)reader_u32(in);
	else
		in->bad = true;
}

static void read_reply(struct span s, struct frame_item *item)
{
	struct reader in;
	reader_init(&in, s.data, s.len);
	while (in.at < in.end && !in.bad) {
		uint64_t tag = varint(&in);
		if (tag == (REPLY_ID << 3 | WIRE_VARINT)) {
			item->id = varint(&in);
		} else if (tag == (REPLY_CODE << 3 | WIRE_VARINT)) {
			item->code = (uint32_t)varint(&in);
		} else if (tag == (REPLY_TEXT << 3 | WIRE_BYTES)) {
			item->text = bytes(&in);
		} else if ((tag & 7) == WIRE_BYTES && tag >> 3 >= RESULT_FIRST) {
			item->result = (uint32_t)(tag >> 3);
			item->body = bytes(&in);
		} else {
			skip(&in, tag & 7);
		}
	}
}

static void read_event(struct span s, struct frame_item *item)
{
	struct reader in;
	reader_init(&in, s.data, s.len);
	while (in.at < in.end && !in.bad) {
		uint64_t tag = varint(&in);
		if (tag == (EVENT_POSITION << 3 | WIRE_VARINT)) {
			item->position = varint(&in);
		} else if ((tag & 7) == WIRE_BYTES && tag >> 3 >= EVENT_POSTED) {
			item->kind = (uint32_t)(tag >> 3);
			item->body = bytes(&in);
		} else {
			skip(&in, tag & 7);
		}
	}
}

bool frame_next(struct reader *in, struct frame_item *item)
{
	if (in->at >= in->end || in->bad)
		return false;
	uint64_t tag = varint(in);
	struct span s = bytes(in);
	*item = (struct frame_item){.event = tag == (EVENTS << 3 | WIRE_BYTES)};
	if (!item->event && tag != (REPLIES << 3 | WIRE_BYTES))
		in->bad = true;
	if (in->bad)
		return false;
	if (item->event)
		read_event(s, item);
	else
		read_reply(s, item);
	return true;
}

uint64_t frame_number(struct span message, uint32_t field)
{
	struct reader in;
	reader_init(&in, message.data, message.len);
	while (in.at < in.end && !in.bad) {
		uint64_t tag = varint(&in);
		if (tag == ((uint64_t)field << 3 | WIRE_VARINT))
			return varint(&in);
		skip(&in, tag & 7);
	}
	return 0;
}

struct span frame_bytes(struct span message, uint32_t field)
{
	struct reader in;
	reader_init(&in, message.data, message.len);
	while (in.at < in.end && !in.bad) {
		uint64_t tag = varint(&in);
		if (tag == ((uint64_t)field << 3 | WIRE_BYTES))
			return bytes(&in);
		skip(&in, tag & 7);
	}
	return (struct span){"", 0};
}
