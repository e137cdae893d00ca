/* Rows: the state as it is stored, key and value to the byte. Owns their
 * encoding, and nothing else: in-memory structs in, bytes out, and back. The
 * state hash is a hash of these bytes, so the encoding has one form for one
 * state. Keys begin with the number they cluster by, big-endian.
 *
 *   table         key                              value
 *   ROW_NAMES     'T' 0 id | 'R' tenant id | 'M' tenant id   number
 *                 'S'                              counters of the state
 *                 'V' tenant id                    the number of a conversation
 *                 'C' tenant                       how much of its share a tenant has
 *                 'D'                              counters of the desk, its clock
 *                 'O' tenant conversation          is open
 *   ROW_MEMBERS   member 0                         the member
 *                 member 1 room                    is in that room: since which position
 *                 member 2 position                left a room at that position
 *                 member 3 0                       the visitor: its profile
 *                 member 4 desk                    the visitor at that desk
 *   ROW_ROOMS     room 0                           the room
 *                 room 1 member                    the membership
 *                 room 2 number                    a block of messages: block.h
 *                 room 3 start of a range          idempotency keys: keys.h
 *                 room 4 member seq                an own counted message: its number
 *                 room 5 id                        the number of a member, in order of ids
 *   ROW_DESK      number 0                         a row of a desk's configuration
 *   ROW_VISITS    conversation 0                   the conversation
 *                 conversation 1 n                 a stint of it
 */
#ifndef CORE_ROW_H
#define CORE_ROW_H

#include "core/engine/key.h"
#include "core/record.h"

#define ROW_ID_MAX 64 /* bytes of an id of a tenant, room or member */
_Static_assert(ROW_PREFIX + ROW_ID_MAX <= ROW_KEY_MAX &&
		       ROW_NAME_PREFIX + ROW_ID_MAX <= ROW_KEY_MAX,
	       "every id may stand in a key");

/* The second part of a key: what of its member or room. */
enum row_sub {
	ROW_SELF = 0,
	ROW_IN_ROOM = 1,
	ROW_PAST = 2,
	ROW_MEMBERSHIP = 1,
	ROW_BLOCK = 2,
	ROW_KEYS = 3,
	ROW_OWN = 4,
	ROW_MEMBER_ID = 5,
	ROW_VISITOR = 3,
	ROW_GUEST = 4,
	ROW_STINT = 1,
	ROW_TENANT = 'C', /* the first part */
	ROW_DESK_STATE = 'D',
	ROW_OPEN = 'O',
	ROW_VISIT_NAME = 'V'
};

/* Values. Spans borrow. */
struct row_state {
	uint64_t position; /* of the last record applied when it was written */
	uint32_t tenants;  /* numbers given so far */
	uint64_t members;
	uint64_t rooms;
	uint64_t run;
	uint64_t covered; /* every change up to this position is in rows */
	uint64_t time_us; /* of the last record */
};
/* Names that are given for ever, and the number given last: a record that is applied
 * again is told by that. */
struct row_tenant {
	struct row_share {
		uint64_t given, last;
	} members, rooms;
};
struct row_member {
	uint64_t as_of;
	uint32_t tenant;
	uint8_t presence;
	uint64_t presence_run; /* a presence of an earlier run of the broker is offline */
	uint64_t last_seen_us;
	struct span id;
};
struct row_room {
	uint64_t as_of;
	uint32_t tenant;
	uint8_t state;
	bool open;
	uint32_t members;
	uint64_t last_seq;
	uint64_t counted;
	uint64_t created_us;
	uint64_t active_us;
	uint64_t active_pos; /* of the last message, else of the creation: orders lists */
	uint64_t content;
	uint64_t conversation; /* the last one in it; 0: there was none */
	struct span id;
	struct span name;
	struct span labels; /* see core/label.h */
};
struct row_membership {
	uint64_t as_of;
	uint8_t type;
	uint64_t seen;
	uint64_t read_seq;
	uint64_t own;         /* own counted messages since joining */
	uint64_t own_last;    /* seq of the last of them, or 0 */
	uint64_t mention_seq; /* last seq that mentions the member */
	uint64_t joined_pos;
	uint64_t joined_seq;
	uint64_t joined_us;
	struct span name;
	struct span avatar;
};
struct row_message {
	uint64_t position;
	uint64_t time_us;
	uint64_t sender;   /* member number, 0: the system */
	uint64_t counted;  /* of the room, this message included */
	uint64_t own;      /* of the sender, this message included, when it counts */
	uint64_t own_prev; /* seq of the sender's counted message before, or 0 */
	bool counts;
	bool recalled;
	bool keyed;         /* the two below are there */
	struct hash128 key; /* of (sender, client id): idempotency */
	uint64_t content;   /* hash of what was asked */
};
struct row_past {
	uint64_t room;
	uint64_t joined_pos;
};

void row_key_state(struct row_key *);
/* kind: 'T' (tenant 0), 'R' or 'M'. id of at most ROW_ID_MAX bytes. */
void row_key_name(struct row_key *, char kind, uint32_t tenant, struct span id);
#define row_key_member(key, member) row_key_one(key, ROW_MEMBERS, member, ROW_SELF)
#define row_key_in_room(key, member, room) row_key_pair(key, ROW_MEMBERS, member, ROW_IN_ROOM, room)
#define row_key_past(key, member, left) row_key_pair(key, ROW_MEMBERS, member, ROW_PAST, left)
#define row_key_room(key, room) row_key_one(key, ROW_ROOMS, room, ROW_SELF)
#define row_key_membership(key, room, member) \
	row_key_pair(key, ROW_ROOMS, room, ROW_MEMBERSHIP, member)
#define row_key_block(key, room, no) row_key_pair(key, ROW_ROOMS, room, ROW_BLOCK, no)
void row_key_own(struct row_key *, uint64_t room, uint64_t member, uint64_t seq);
void row_key_member_id(struct row_key *, uint64_t room, struct span id);
#define ROW_OWN_PREFIX (ROW_PREFIX + 8)

/* Written, and read: false when the value is damaged. */
#define ROW_FORM(name)                                                               \
	extern const struct field row_##name##_fields[];                             \
	static inline void row_put_##name(struct buf *b, const struct row_##name *r) \
	{                                                                            \
		fields_encode(b, row_##name##_fields, r);                            \
	}                                                                            \
	static inline bool row_get_##name(struct span value, struct row_##name *r)   \
	{                                                                            \
		return fields_decode_whole(value, row_##name##_fields, r);           \
	}
ROW_FORM(state)
ROW_FORM(tenant)
ROW_FORM(member)
ROW_FORM(membership)
ROW_FORM(past)
void row_put_room(struct buf *, const struct row_room *);
bool row_get_room(struct span, struct row_room *);
bool row_get_number(struct span, uint64_t *);

/* The hash of a state is the sum over all its rows, in order of table and key. */
void row_hash(struct hash_stream *, enum row_table, struct span key, struct span value);

#endif
