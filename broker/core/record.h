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
	/* the desk: its time, its rows, its hours, its conversations */
	RECORD_DESK_CLOCK = 20,
	RECORD_DESK_SET = 21,
	RECORD_TEAM_SET = 22,
	RECORD_AGENT_SET = 23,
	RECORD_SEAT_SET = 24,
	RECORD_TEAM_SEAT_SET = 25,
	RECORD_VISITOR_SET = 26,
	RECORD_GROUP_SET = 27,
	RECORD_TYPE_SET = 28,
	RECORD_ROUTE_SET = 29,
	RECORD_TEXT_SET = 30,
	RECORD_HOURS_SET = 31,
	RECORD_HOURS_TURNED = 32,
	RECORD_OPENED = 33,
	RECORD_QUEUED = 34,
	RECORD_RAISED = 35,
	RECORD_OFFERED = 36,
	RECORD_OFFER_ENDED = 37,
	RECORD_ASSIGNED = 38,
	RECORD_RELEASED = 39,
	RECORD_HELD = 40,
	RECORD_TRANSFER = 41,
	RECORD_MARKED = 42,
	RECORD_REMINDED = 43,
	RECORD_CLOSED = 44,
	RECORD_RATED = 45,
	RECORD_BUSINESS_SET = 46, /* of a desk or of a seat */
};
#define RECORD_KIND_MAX RECORD_BUSINESS_SET

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

struct record_desk_clock {
	uint64_t offset_us; /* of the desk's time to that of records, modulo 2^64 */
};
/* A row of a desk's configuration: all of it afterwards. */
struct record_config {
	uint64_t no;
	struct span fields; /* core/desk/form.h */
	uint8_t kind;       /* enum config_no */
	bool removed;
	const void *is; /* its struct */
};
struct record_duty {
	uint64_t hours; /* number of the row */
	uint64_t until_us;
	bool open;
};
/* What became of a conversation: all of its row afterwards, and what else is new. Numbers
 * are those of rows; 0: none. */
struct record_conversation {
	uint64_t no;
	struct span row;   /* core/desk/conversation_row.h */
	struct span stint; /* that began or ended, all of it; */
	uint32_t stint_n;  /* which of the conversation's it is */
	uint64_t given;    /* numbers that rows have, so far */
	uint64_t offers;   /* and offers */
	uint64_t team;     /* who watches it is told */
	uint64_t seat, ready_us, idle_us;
	uint64_t agent, misses; /* of that seat */
	uint64_t team_seat, turn, pass;
	struct span decision;
	uint8_t how; /* it was assigned, released, an offer or a transfer ended */
	const struct conversation_told *told;
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
		struct record_desk_clock desk_clock;
		struct record_config config;
		struct record_duty duty;
		struct record_conversation conversation;
	};
};

#endif
