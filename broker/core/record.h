/* A record: one fact of the journal, as the state machine knows it. What is
 * delivered to sessions, the event, is made from it and stored behind it.
 *
 * Every value that apply needs is in the record and absolute (the count after
 * it, not the step), so applying a record twice is the same as once. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/engine/field.h"

/* Stable: stored in the journal; RecordKind of worker.proto has the same numbers. */
enum record_kind_no {
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
	RECORD_ROOM_LABELS = 14,
};
#define RECORD_KIND_MAX RECORD_ROOM_LABELS

enum room_state { ROOM_STATE_OPEN = 1, ROOM_STATE_CLOSED = 2, ROOM_STATE_DISSOLVED = 3 };
enum member_type { MEMBER_TYPE_MANAGER = 1, MEMBER_TYPE_MEMBER = 2 };
enum message_type { MESSAGE_TYPE_MESSAGE = 1, MESSAGE_TYPE_NOTICE = 2 };
enum presence { PRESENCE_IS_OFFLINE = 1, PRESENCE_IS_ONLINE = 2, PRESENCE_IS_BUSY = 3 };

#define RECORD_MENTIONS_MAX NUMBERS_MAX

/* Unread of a member in a room is counted - seen. */
struct record_counts {
	uint64_t counted;  /* of the room, after the record */
	uint64_t seen;     /* of the member, after it */
	uint64_t read_seq; /* of the member; a post does not move it */
};

/* What a kind stores of these says its list of fields. The others serve the
 * event, which is made with the record; read back from the journal they are
 * empty. Names and lists are borrowed. */
struct record_room {
	struct span name;
	uint64_t content; /* hash of what was asked, for idempotency */
	uint8_t state;
	bool open; /* later members see the history from before */
};
struct record_membership {
	struct record_counts counts;
	uint64_t last_seq; /* of the room */
	struct span name;
	struct span avatar;
	uint8_t type;
};
struct record_posted {
	struct record_counts counts;
	uint64_t seq;
	uint64_t own;                /* the sender's own counted messages, this one included */
	uint64_t own_prev;           /* seq of the sender's counted message before, or 0 */
	uint64_t content;            /* hash of what was asked, for idempotency */
	struct hash128 dedup;        /* of (sender, client id); of the system: 0 */
	struct number_list mentions; /* member numbers */
	uint8_t type;
	uint8_t content_type;
	struct span sender_name;
	struct span sender_avatar;
	struct span body;
	struct span client_id;
	const struct span *mention_ids; /* as many as mentions */
};
struct record_recalled {
	uint64_t seq;
};
struct record_read {
	struct record_counts counts;
	uint64_t unread; /* of the member, after it */
};
struct record_presence {
	uint8_t now;
};
struct record_labels {
	struct span all; /* see core/label.h */
};

struct record {
	uint64_t position;
	uint64_t time_us;
	enum record_kind_no kind;
	uint32_t tenant; /* number */
	uint64_t room;   /* number, 0 when about no room */
	uint64_t member; /* number: who joined, read, posted (0: the system), recalled */
	uint64_t run;    /* number of the run of the broker that it holds for, 0: for all */

	/* Of these numbers; stored by the kind that introduces them. */
	struct span tenant_id;
	struct span room_id;
	struct span member_id;

	union {
		struct record_room room_is;          /* ROOM_CREATED, ROOM_RENAMED, ROOM_STATE */
		struct record_membership membership; /* JOINED, MEMBER_CHANGED */
		struct record_posted posted;
		struct record_recalled recalled;
		struct record_read read;
		struct record_presence presence;
		struct record_labels labels;
	};
};

#endif
