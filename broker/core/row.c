#include "core/row.h"

#include <assert.h>
#include <string.h>

void row_key_state(struct row_key *k)
{
	k->table = ROW_NAMES;
	k->bytes[0] = 'S';
	k->len = 1;
}

void row_key_name(struct row_key *k, char kind, uint32_t tenant, struct span id)
{
	assert(id.len <= ROW_ID_MAX);
	row_key_one(k, ROW_NAMES, tenant, (uint8_t)kind);
	if (id.len)
		memcpy(k->bytes + k->len, id.data, id.len);
	k->len += id.len;
}

void row_key_member(struct row_key *k, uint64_t member)
{
	row_key_one(k, ROW_MEMBERS, member, ROW_SELF);
}

void row_key_in_room(struct row_key *k, uint64_t member, uint64_t room)
{
	row_key_pair(k, ROW_MEMBERS, member, ROW_IN_ROOM, room);
}

void row_key_past(struct row_key *k, uint64_t member, uint64_t left_pos)
{
	row_key_pair(k, ROW_MEMBERS, member, ROW_PAST, left_pos);
}

void row_key_room(struct row_key *k, uint64_t room)
{
	row_key_one(k, ROW_ROOMS, room, ROW_SELF);
}

void row_key_membership(struct row_key *k, uint64_t room, uint64_t member)
{
	row_key_pair(k, ROW_ROOMS, room, ROW_MEMBERSHIP, member);
}

void row_key_block(struct row_key *k, uint64_t room, uint64_t no)
{
	row_key_pair(k, ROW_ROOMS, room, ROW_BLOCK, no);
}

void row_key_own(struct row_key *k, uint64_t room, uint64_t member, uint64_t seq)
{
	row_key_pair(k, ROW_ROOMS, room, ROW_OWN, member);
	be64_put(k->bytes + ROW_OWN_PREFIX, seq);
	k->len = ROW_OWN_PREFIX + 8;
}

void row_key_member_id(struct row_key *k, uint64_t room, struct span id)
{
	assert(id.len <= ROW_ID_MAX);
	row_key_one(k, ROW_ROOMS, room, ROW_MEMBER_ID);
	if (id.len)
		memcpy(k->bytes + ROW_PREFIX, id.data, id.len);
	k->len = ROW_PREFIX + id.len;
}

void row_put_state(struct buf *b, const struct row_state *r)
{
	buf_put_varint(b, r->position);
	buf_put_varint(b, r->tenants);
	buf_put_varint(b, r->members);
	buf_put_varint(b, r->rooms);
	buf_put_varint(b, r->run);
	buf_put_varint(b, r->covered);
	buf_put_varint(b, r->time_us);
}

void row_put_tenant(struct buf *b, const struct row_tenant *r)
{
	buf_put_varint(b, r->members);
	buf_put_varint(b, r->member_last);
	buf_put_varint(b, r->rooms);
	buf_put_varint(b, r->room_last);
}

void row_put_member(struct buf *b, const struct row_member *r)
{
	buf_put_varint(b, r->as_of);
	buf_put_varint(b, r->tenant);
	buf_put_u8(b, r->presence);
	buf_put_varint(b, r->presence_run);
	buf_put_varint(b, r->last_seen_us);
	buf_put_span(b, r->id);
}

/* Beside `open`, in its byte: a room without labels takes no more for them. */
#define LABELLED 2

void row_put_room(struct buf *b, const struct row_room *r)
{
	buf_put_varint(b, r->as_of);
	buf_put_varint(b, r->tenant);
	buf_put_u8(b, r->state);
	buf_put_u8(b, (uint8_t)(r->open | (r->labels.len ? LABELLED : 0)));
	buf_put_varint(b, r->members);
	buf_put_varint(b, r->last_seq);
	buf_put_varint(b, r->counted);
	buf_put_varint(b, r->created_us);
	buf_put_varint(b, r->active_us);
	buf_put_varint(b, r->active_pos);
	buf_put_u64(b, r->content);
	buf_put_span(b, r->id);
	buf_put_span(b, r->name);
	if (r->labels.len)
		buf_put_span(b, r->labels);
}

void row_put_membership(struct buf *b, const struct row_membership *r)
{
	buf_put_varint(b, r->as_of);
	buf_put_u8(b, r->type);
	buf_put_varint(b, r->seen);
	buf_put_varint(b, r->read_seq);
	buf_put_varint(b, r->own);
	buf_put_varint(b, r->own_last);
	buf_put_varint(b, r->mention_seq);
	buf_put_varint(b, r->joined_pos);
	buf_put_varint(b, r->joined_seq);
	buf_put_varint(b, r->joined_us);
	buf_put_span(b, r->name);
	buf_put_span(b, r->avatar);
}

void row_put_past(struct buf *b, const struct row_past *r)
{
	buf_put_varint(b, r->room);
	buf_put_varint(b, r->joined_pos);
}

static bool whole(const struct reader *in)
{
	return !in->bad && reader_left(in) == 0;
}

bool row_get_number(struct span v, uint64_t *number)
{
	struct reader in;
	reader_init(&in, v.data, v.len);
	*number = reader_varint(&in);
	return whole(&in);
}

bool row_get_state(struct span v, struct row_state *r)
{
	struct reader in;
	reader_init(&in, v.data, v.len);
	r->position = reader_varint(&in);
	r->tenants = (uint32_t)reader_varint(&in);
	r->members = reader_varint(&in);
	r->rooms = reader_varint(&in);
	r->run = reader_varint(&in);
	r->covered = reader_varint(&in);
	r->time_us = reader_varint(&in);
	return whole(&in);
}

bool row_get_tenant(struct span v, struct row_tenant *r)
{
	struct reader in;
	reader_init(&in, v.data, v.len);
	r->members = reader_varint(&in);
	r->member_last = reader_varint(&in);
	r->rooms = reader_varint(&in);
	r->room_last = reader_varint(&in);
	return whole(&in);
}

bool row_get_member(struct span v, struct row_member *r)
{
	struct reader in;
	reader_init(&in, v.data, v.len);
	r->as_of = reader_varint(&in);
	r->tenant = (uint32_t)reader_varint(&in);
	r->presence = reader_u8(&in);
	r->presence_run = reader_varint(&in);
	r->last_seen_us = reader_varint(&in);
	r->id = reader_span(&in);
	return whole(&in);
}

bool row_get_room(struct span v, struct row_room *r)
{
	struct reader in;
	reader_init(&in, v.data, v.len);
	r->as_of = reader_varint(&in);
	r->tenant = (uint32_t)reader_varint(&in);
	r->state = reader_u8(&in);
	uint8_t flags = reader_u8(&in);
	r->open = flags & 1;
	r->members = (uint32_t)reader_varint(&in);
	r->last_seq = reader_varint(&in);
	r->counted = reader_varint(&in);
	r->created_us = reader_varint(&in);
	r->active_us = reader_varint(&in);
	r->active_pos = reader_varint(&in);
	r->content = reader_u64(&in);
	r->id = reader_span(&in);
	r->name = reader_span(&in);
	r->labels = flags & LABELLED ? reader_span(&in) : (struct span){NULL, 0};
	return whole(&in) && flags <= (1 | LABELLED) && !(flags & LABELLED) == (r->labels.len == 0);
}

bool row_get_membership(struct span v, struct row_membership *r)
{
	struct reader in;
	reader_init(&in, v.data, v.len);
	r->as_of = reader_varint(&in);
	r->type = reader_u8(&in);
	r->seen = reader_varint(&in);
	r->read_seq = reader_varint(&in);
	r->own = reader_varint(&in);
	r->own_last = reader_varint(&in);
	r->mention_seq = reader_varint(&in);
	r->joined_pos = reader_varint(&in);
	r->joined_seq = reader_varint(&in);
	r->joined_us = reader_varint(&in);
	r->name = reader_span(&in);
	r->avatar = reader_span(&in);
	return whole(&in);
}

bool row_get_past(struct span v, struct row_past *r)
{
	struct reader in;
	reader_init(&in, v.data, v.len);
	r->room = reader_varint(&in);
	r->joined_pos = reader_varint(&in);
	return whole(&in);
}

static void hash_number(struct hash_stream *hash, uint64_t number)
{
	uint8_t bytes[8];
	be64_put(bytes, number);
	hash_stream_add(hash, bytes, sizeof bytes);
}

void row_hash(struct hash_stream *hash, enum row_table table, struct span key, struct span value)
{
	hash_number(hash, table);
	hash_number(hash, key.len);
	hash_stream_add(hash, key.data, key.len);
	hash_number(hash, value.len);
	hash_stream_add(hash, value.data, value.len);
}
