/* What the core should say, reckoned the naive way: every message of every
 * room stands in a plain array and unread is counted each time it is asked
 * for. Shares no code with the core, only the shapes of its requests and
 * answers. Every function gives the code and the answer that are expected, and
 * moves the model on when the request is accepted. */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "core/core.h"
#include "core/reading.h"
#include "core/room_members.h"

#define O_TENANTS 3
#define O_MEMBERS 24
#define O_ROOMS 24
#define O_SPECS 4
#define O_MENTIONS 3
#define O_NOBODY (-1)

struct o_text {
	size_t len;
	char at[ROW_ID_MAX];
};
struct o_label {
	uint8_t len;
	char at[15];
};

struct o_member {
	int tenant;
	struct o_text id;
	uint8_t presence;
	uint64_t last_seen_us;
};
struct o_interval {
	bool in;
	uint8_t type;
	struct o_label name, avatar;
	uint64_t joined_seq, joined_pos, joined_us, read_seq;
};
struct o_spec {
	struct o_text id;
	uint8_t type;
	struct o_label name, avatar;
};
struct o_room {
	int tenant;
	struct o_text id;
	struct o_label name;
	uint8_t state;
	bool open;
	uint64_t created_us, active_us, active_pos;
	uint64_t last_seq;
	int last_message; /* index, -1: none */
	/* as it was asked for */
	struct o_label asked_name;
	struct o_spec asked[O_SPECS];
	size_t asked_len;
	struct o_interval intervals[O_MEMBERS];
	uint32_t labels; /* a bit a word: labels.c */
	char labels_text[64];
	size_t labels_text_len;
};
struct o_message {
	int room, sender;
	int before; /* index of the room's message before, -1: none */
	uint64_t seq, position, time_us;
	uint8_t type, content_type;
	bool recalled, has_client_id;
	struct o_label client_id, body;
	int mentions[O_MENTIONS];
	size_t mentions_len;
};
struct o_past {
	int member, room;
	uint64_t joined_pos, left_pos;
};

struct oracle {
	const struct core_limits *limits;
	uint64_t now_us, record_us, position, run;
	struct o_text tenants[O_TENANTS];
	int tenants_len;
	struct o_member members[O_MEMBERS];
	int members_len;
	struct o_room rooms[O_ROOMS];
	int rooms_len;
	struct o_message *messages;
	size_t messages_len, messages_cap;
	struct o_past *past;
	size_t past_len, past_cap;
};

void oracle_init(struct oracle *, const struct core_limits *);
void oracle_fini(struct oracle *);
void oracle_copy(struct oracle *to, const struct oracle *from);
/* The process is gone and back: what it heard of time without a record is lost. */
void oracle_restart(struct oracle *);

/* Indexes, -1 when unknown. The number of a room or member is its index + 1. */
int oracle_tenant(const struct oracle *, struct span id);
int oracle_member(const struct oracle *, int tenant, struct span id);
int oracle_room(const struct oracle *, int tenant, struct span id);
size_t oracle_members(const struct oracle *, int room);
uint64_t oracle_counted(const struct oracle *, int room);
uint64_t oracle_count_unread(const struct oracle *, int room, int member);
bool oracle_mentioned(const struct oracle *, int room, int member);
const struct o_message *oracle_message(const struct oracle *, int room, uint64_t seq);
struct span o_span(const struct o_text *);
struct span o_label_span(const struct o_label *);

void oracle_boot(struct oracle *, uint64_t now_us);
/* made: the id that the core made, for a request without one. */
enum parlor_err oracle_create(struct oracle *, const struct core_call *,
			      const struct core_room_create *, struct span made,
			      struct core_room_view *);
enum parlor_err oracle_rename(struct oracle *, const struct core_call *, struct span room,
			      struct span name, const struct core_notice *,
			      struct core_room_view *);
enum parlor_err oracle_set_state(struct oracle *, const struct core_call *, struct span room,
				 uint8_t state, const struct core_notice *,
				 struct core_room_view *);
enum parlor_err oracle_show(const struct oracle *, const struct core_call *, struct span room,
			    struct core_room_view *);
enum parlor_err oracle_check(const struct oracle *, const struct core_call *, struct span room,
			     struct span member, uint64_t *no);
enum parlor_err oracle_add(struct oracle *, const struct core_call *, struct span room,
			   const struct core_member_spec *, size_t n, const struct core_notice *,
			   struct core_room_view *);
enum parlor_err oracle_remove(struct oracle *, const struct core_call *, struct span room,
			      const struct span *ids, size_t n, const struct core_notice *,
			      struct core_room_view *);
enum parlor_err oracle_change(struct oracle *, const struct core_call *, struct span room,
			      const struct core_member_change *, size_t n,
			      const struct core_notice *, struct core_room_view *);
enum parlor_err oracle_post(struct oracle *, const struct core_call *, const struct core_post *,
			    struct core_posted *);
enum parlor_err oracle_recall(struct oracle *, const struct core_call *, struct span room,
			      uint64_t seq, struct span by, struct core_posted *);
enum parlor_err oracle_history(const struct oracle *, const struct core_call *, struct span room,
			       struct span member, uint64_t from, bool backwards,
			       struct core_history *);
enum parlor_err oracle_read(struct oracle *, const struct core_call *, struct span room,
			    struct span member, uint64_t seq, struct core_unread_view *);
enum parlor_err oracle_mark_unread(struct oracle *, const struct core_call *, struct span room,
				   struct span member, uint64_t seq, struct core_unread_view *);
enum parlor_err oracle_unread(struct oracle *, const struct core_call *, struct span room,
			      struct span member, struct core_unread_view *);
/* Indexes of the member's rooms, last active first; *n: how many. */
enum parlor_err oracle_list(const struct oracle *, const struct core_call *, struct span member,
			    int rooms[O_ROOMS], size_t *n, uint64_t *unread);
enum parlor_err oracle_intern(struct oracle *, const struct core_call *, struct span id,
			      uint64_t *member);
enum parlor_err oracle_presence_set(struct oracle *, const struct core_call *, uint64_t member,
				    uint8_t presence);
enum parlor_err oracle_presence_get(const struct oracle *, const struct core_call *, struct span id,
				    uint8_t *presence, uint64_t *last_seen_us);

#endif
