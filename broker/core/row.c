#include "core/row.h"

#include <assert.h>
#include <string.h>

void row_key_state(struct row_key *k)
{
	k->table = ROW_NAMES;
	k->bytes[0] = 'S';
	k->len = 1;
}

static void put_id(struct row_key *k, struct span id)
{
	assert(id.len <= ROW_ID_MAX);
	if (id.len)
		memcpy(k->bytes + k->len, id.data, id.len);
	k->len += id.len;
}

void row_key_name(struct row_key *k, char kind, uint32_t tenant, struct span id)
{
	row_key_one(k, ROW_NAMES, tenant, (uint8_t)kind);
	put_id(k, id);
}

void row_key_member_id(struct row_key *k, uint64_t room, struct span id)
{
	row_key_one(k, ROW_ROOMS, room, ROW_MEMBER_ID);
	put_id(k, id);
}

void row_key_own(struct row_key *k, uint64_t room, uint64_t member, uint64_t seq)
{
	row_key_pair(k, ROW_ROOMS, room, ROW_OWN, member);
	be64_put(k->bytes + ROW_OWN_PREFIX, seq);
	k->len = ROW_OWN_PREFIX + 8;
}

#define ROW_FIELDS(name, ...) const struct field name[] = {__VA_ARGS__, FIELDS_END}

#define STATE(member) FIELD(struct row_state, member)
ROW_FIELDS(row_state_fields, STATE(position), STATE(tenants), STATE(members), STATE(rooms),
	   STATE(run), STATE(covered), STATE(time_us));

#define TENANT(member) FIELD(struct row_tenant, member)
ROW_FIELDS(row_tenant_fields, TENANT(members.given), TENANT(members.last), TENANT(rooms.given),
	   TENANT(rooms.last));

#define MEMBER(member) FIELD(struct row_member, member)
ROW_FIELDS(row_member_fields, MEMBER(as_of), MEMBER(tenant), MEMBER(presence), MEMBER(presence_run),
	   MEMBER(last_seen_us), MEMBER(id));

#define MEMBERSHIP(member) FIELD(struct row_membership, member)
ROW_FIELDS(row_membership_fields, MEMBERSHIP(as_of), MEMBERSHIP(type), MEMBERSHIP(seen),
	   MEMBERSHIP(read_seq), MEMBERSHIP(own), MEMBERSHIP(own_last), MEMBERSHIP(mention_seq),
	   MEMBERSHIP(joined_pos), MEMBERSHIP(joined_seq), MEMBERSHIP(joined_us), MEMBERSHIP(name),
	   MEMBERSHIP(avatar));

#define PAST(member) FIELD(struct row_past, member)
ROW_FIELDS(row_past_fields, PAST(room), PAST(joined_pos));

/* Between the two stands a byte of flags. */
#define ROOM(member) FIELD(struct row_room, member)
static ROW_FIELDS(room_begin, ROOM(as_of), ROOM(tenant), ROOM(state));
static ROW_FIELDS(room_rest, ROOM(members), ROOM(last_seq), ROOM(counted), ROOM(created_us),
		  ROOM(active_us), ROOM(active_pos), FIELD_OF_HASH(struct row_room, content),
		  ROOM(id), ROOM(name));

/* Beside `open`, in its byte: a room without them takes no more for them. */
#define LABELLED 2
#define OF_DESK 4

void row_put_room(struct buf *b, const struct row_room *r)
{
	fields_encode(b, room_begin, r);
	buf_put_u8(b, (uint8_t)(r->open | (r->labels.len ? LABELLED : 0) |
				(r->conversation ? OF_DESK : 0)));
	fields_encode(b, room_rest, r);
	if (r->labels.len)
		buf_put_span(b, r->labels);
	if (r->conversation)
		buf_put_varint(b, r->conversation);
}

bool row_get_room(struct span v, struct row_room *r)
{
	struct reader in;
	reader_init(&in, v.data, v.len);
	fields_decode(&in, room_begin, r);
	uint8_t flags = reader_u8(&in);
	r->open = flags & 1;
	fields_decode(&in, room_rest, r);
	r->labels = flags & LABELLED ? reader_span(&in) : (struct span){NULL, 0};
	r->conversation = flags & OF_DESK ? reader_varint(&in) : 0;
	return !in.bad && reader_left(&in) == 0 && flags <= (1 | LABELLED | OF_DESK) &&
	       !(flags & LABELLED) == (r->labels.len == 0) &&
	       !(flags & OF_DESK) == (r->conversation == 0);
}

bool row_get_number(struct span v, uint64_t *number)
{
	static const struct field form[] = {{0, FIELD_VARINT}, FIELDS_END};
	return fields_decode_whole(v, form, number);
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
