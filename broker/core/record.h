/* A record: one fact of the journal, as the state machine knows it. Owns the
 * encoding of the facts (the head of a journal entry); never looks at the
 * event that is stored behind the head and delivered to sessions.
 *
 * Every value that apply needs is in the record and absolute (the count after
 * it, not the step), so applying a record twice is the same as once. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

/* Stable: stored in the journal; RecordKind of worker.proto has the same numbers. */
enum record_kind {
	RECORD_BOOT = 1,
	RECORD_ROOM_CREATED = 2,
	RECORD_ROOM_RENAMED = 3,
	RECORD_ROOM_STATE = 4,
	RECORD_JOINED = 5,
	RECORD_LEFT = 6,
	RECORD_MEMBER_CHANGED = 7,
	RECORD_POSTED = 8,
	RECORD_RECALLED = 9,
	RECORD_READ = 10,
	RECORD_PRESENCE = 11,
	/* a number is given to a name; nobody is told */
	RECORD_TENANT = 12,
	RECORD_MEMBER = 13,
};
#define RECORD_KIND_MAX RECORD_MEMBER

enum room_state { ROOM_STATE_OPEN = 1, ROOM_STATE_CLOSED = 2, ROOM_STATE_DISSOLVED = 3 };
enum member_type { MEMBER_TYPE_MANAGER = 1, MEMBER_TYPE_MEMBER = 2 };
enum message_type { MESSAGE_TYPE_MESSAGE = 1, MESSAGE_TYPE_NOTICE = 2 };
enum presence { PRESENCE_IS_OFFLINE = 1, PRESENCE_IS_ONLINE = 2, PRESENCE_IS_BUSY = 3 };

#define RECORD_MENTIONS_MAX 64
#define RECORD_HEAD_MAX 4096 /* encoded; ids and names are bounded far below */

struct record {
	uint64_t position;
	uint64_t time_us;
	enum record_kind kind;
	uint32_t tenant; /* number */
	uint64_t room;   /* number, 0 when about no room */
	uint64_t member; /* number: who joined, read, posted (0: the system), recalled */

	uint64_t seq;         /* POSTED: of the message; RECALLED: of the recalled one */
	uint64_t counted;     /* of the room, after this record */
	uint64_t seen;        /* of the member, after it (POSTED, JOINED, READ) */
	uint64_t read_seq;    /* READ, JOINED */
	uint64_t own;         /* POSTED: the sender's own counted messages, this one included */
	uint64_t own_prev;    /* POSTED: seq of the sender's counted message before, or 0 */
	uint64_t run;         /* BOOT, PRESENCE: number of this run of the broker */
	uint64_t content;     /* POSTED, ROOM_CREATED: hash of what was asked, for idempotency */
	struct hash128 dedup; /* POSTED by a member: of (sender, client id) */
	uint8_t type;         /* member type, message type, presence, or room state */
	bool open;            /* ROOM_CREATED: later members see the history from before */
	uint64_t mentions[RECORD_MENTIONS_MAX]; /* member numbers */
	size_t mentions_len;

	/* Names, borrowed. The first five are stored where the kind introduces
	 * them; for the others they are set when the record is made, so that
	 * the event can be written, and empty when it is read back. */
	struct span tenant_id;
	struct span room_id;
	struct span room_name;
	struct span member_id;
	struct span name; /* of the membership; POSTED: of the sender */
	struct span avatar;

	/* Of the event only; never in the head. */
	struct span body;
	struct span client_id;
	uint8_t content_type;
	struct span mention_ids[RECORD_MENTIONS_MAX];
	uint64_t unread;  /* READ: of the member, after it */
	uint32_t members; /* of the room, after it */
};

void record_encode(struct buf *, const struct record *);
/* Names borrow from the bytes. PARLOR_E_STORE_CORRUPT when they are no record. */
enum parlor_err record_decode(struct record *, const void *bytes, size_t len) PARLOR_MUST_CHECK;

#endif
