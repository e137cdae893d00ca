#include "core/record.h"

#include <assert.h>
#include <string.h>

/* Which fields of a record its kind stores. */
enum field {
	F_ROOM = 1 << 0,
	F_MEMBER = 1 << 1,
	F_SEQ = 1 << 2,
	F_COUNTS = 1 << 3, /* counted, seen */
	F_READ = 1 << 4,
	F_OWN = 1 << 5, /* own, own_prev */
	F_RUN = 1 << 6,
	F_CONTENT = 1 << 7,
	F_DEDUP = 1 << 8,
	F_TYPE = 1 << 9,
	F_OPEN = 1 << 10,
	F_MENTIONS = 1 << 11,
	F_TENANT_ID = 1 << 12,
	F_ROOM_ID = 1 << 13,
	F_ROOM_NAME = 1 << 14,
	F_MEMBER_ID = 1 << 15,
	F_PROFILE = 1 << 16, /* name, avatar */
};

static const uint32_t fields_of[RECORD_KIND_MAX + 1] = {
	[RECORD_BOOT] = F_RUN,
	[RECORD_ROOM_CREATED] = F_ROOM | F_CONTENT | F_OPEN | F_ROOM_ID | F_ROOM_NAME,
	[RECORD_ROOM_RENAMED] = F_ROOM | F_ROOM_NAME,
	[RECORD_ROOM_STATE] = F_ROOM | F_TYPE,
	[RECORD_JOINED] = F_ROOM | F_MEMBER | F_SEQ | F_COUNTS | F_READ | F_TYPE | F_PROFILE,
	[RECORD_LEFT] = F_ROOM | F_MEMBER,
	[RECORD_MEMBER_CHANGED] = F_ROOM | F_MEMBER | F_TYPE | F_PROFILE,
	[RECORD_POSTED] = F_ROOM | F_MEMBER | F_SEQ | F_COUNTS | F_OWN | F_CONTENT | F_DEDUP |
			  F_TYPE | F_MENTIONS,
	[RECORD_RECALLED] = F_ROOM | F_MEMBER | F_SEQ,
	[RECORD_READ] = F_ROOM | F_MEMBER | F_COUNTS | F_READ,
	[RECORD_PRESENCE] = F_MEMBER | F_RUN | F_TYPE,
	[RECORD_TENANT] = F_TENANT_ID,
	[RECORD_MEMBER] = F_MEMBER | F_MEMBER_ID,
};

static void encode_numbers(struct buf *b, const struct record *r, uint32_t fields)
{
	if (fields & F_ROOM)
		buf_put_varint(b, r->room);
	if (fields & F_MEMBER)
		buf_put_varint(b, r->member);
	if (fields & F_SEQ)
		buf_put_varint(b, r->seq);
	if (fields & F_COUNTS) {
		buf_put_varint(b, r->counted);
		buf_put_varint(b, r->seen);
	}
	if (fields & F_READ)
		buf_put_varint(b, r->read_seq);
	if (fields & F_OWN) {
		buf_put_varint(b, r->own);
		buf_put_varint(b, r->own_prev);
	}
	if (fields & F_RUN)
		buf_put_varint(b, r->run);
	if (fields & F_CONTENT)
		buf_put_u64(b, r->content);
	if (fields & F_DEDUP) {
		buf_put_u64(b, r->dedup.low);
		buf_put_u64(b, r->dedup.high);
	}
	if (fields & F_TYPE)
		buf_put_u8(b, r->type);
	if (fields & F_OPEN)
		buf_put_u8(b, r->open);
	if (fields & F_MENTIONS) {
		assert(r->mentions_len <= RECORD_MENTIONS_MAX);
		buf_put_varint(b, r->mentions_len);
		for (size_t i = 0; i < r->mentions_len; i++)
			buf_put_varint(b, r->mentions[i]);
	}
}

static void encode_names(struct buf *b, const struct record *r, uint32_t fields)
{
	if (fields & F_TENANT_ID)
		buf_put_span(b, r->tenant_id);
	if (fields & F_ROOM_ID)
		buf_put_span(b, r->room_id);
	if (fields & F_ROOM_NAME)
		buf_put_span(b, r->room_name);
	if (fields & F_MEMBER_ID)
		buf_put_span(b, r->member_id);
	if (fields & F_PROFILE) {
		buf_put_span(b, r->name);
		buf_put_span(b, r->avatar);
	}
}

void record_encode(struct buf *b, const struct record *r)
{
	assert(r->kind >= RECORD_BOOT && r->kind <= RECORD_KIND_MAX);
	uint32_t fields = fields_of[r->kind];

	buf_put_u8(b, (uint8_t)r->kind);
	buf_put_varint(b, r->position);
	buf_put_varint(b, r->time_us);
	buf_put_varint(b, r->tenant);
	encode_numbers(b, r, fields);
	encode_names(b, r, fields);
}

static void decode_numbers(struct reader *in, struct record *r, uint32_t fields)
{
	if (fields & F_ROOM)
		r->room = reader_varint(in);
	if (fields & F_MEMBER)
		r->member = reader_varint(in);
	if (fields & F_SEQ)
		r->seq = reader_varint(in);
	if (fields & F_COUNTS) {
		r->counted = reader_varint(in);
		r->seen = reader_varint(in);
	}
	if (fields & F_READ)
		r->read_seq = reader_varint(in);
	if (fields & F_OWN) {
		r->own = reader_varint(in);
		r->own_prev = reader_varint(in);
	}
	if (fields & F_RUN)
		r->run = reader_varint(in);
	if (fields & F_CONTENT)
		r->content = reader_u64(in);
	if (fields & F_DEDUP) {
		r->dedup.low = reader_u64(in);
		r->dedup.high = reader_u64(in);
	}
	if (fields & F_TYPE)
		r->type = reader_u8(in);
	if (fields & F_OPEN)
		r->open = reader_u8(in) != 0;
	if (fields & F_MENTIONS) {
		uint64_t n = reader_varint(in);
		if (n > RECORD_MENTIONS_MAX) {
			in->bad = true;
			return;
		}
		r->mentions_len = (size_t)n;
		for (size_t i = 0; i < n; i++)
			r->mentions[i] = reader_varint(in);
	}
}

static void decode_names(struct reader *in, struct record *r, uint32_t fields)
{
	if (fields & F_TENANT_ID)
		r->tenant_id = reader_span(in);
	if (fields & F_ROOM_ID)
		r->room_id = reader_span(in);
	if (fields & F_ROOM_NAME)
		r->room_name = reader_span(in);
	if (fields & F_MEMBER_ID)
		r->member_id = reader_span(in);
	if (fields & F_PROFILE) {
		r->name = reader_span(in);
		r->avatar = reader_span(in);
	}
}

enum parlor_err record_decode(struct record *r, const void *bytes, size_t len)
{
	struct reader in;
	reader_init(&in, bytes, len);
	memset(r, 0, offsetof(struct record, mentions));
	r->mentions_len = 0;
	memset((char *)r + offsetof(struct record, tenant_id), 0,
	       offsetof(struct record, mention_ids) - offsetof(struct record, tenant_id));
	r->unread = 0;
	r->members = 0;

	unsigned kind = reader_u8(&in);
	if (kind < RECORD_BOOT || kind > RECORD_KIND_MAX)
		return PARLOR_E_STORE_CORRUPT;
	r->kind = (enum record_kind)kind;
	r->position = reader_varint(&in);
	r->time_us = reader_varint(&in);
	r->tenant = (uint32_t)reader_varint(&in);
	decode_numbers(&in, r, fields_of[kind]);
	decode_names(&in, r, fields_of[kind]);
	return in.bad || reader_left(&in) != 0 ? PARLOR_E_STORE_CORRUPT : PARLOR_E_OK;
}
