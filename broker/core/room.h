/* Rooms: create, rename, close, reopen, dissolve, show. */
#ifndef CORE_ROOM_H
#define CORE_ROOM_H

#include "core/membership.h"
#include "core/message.h"

struct core_room_view {
	uint64_t no;
	struct span id, name, labels;
	uint8_t state;
	bool open;
	uint32_t members;
	uint64_t last_seq, counted, created_us, active_us;
	uint64_t position; /* of the last record of the change, 0: none was made */
};

struct core_room_create {
	struct span id; /* empty: made from call.random */
	struct span name;
	bool open;
	const struct core_member_spec *members;
	size_t members_len;
	struct core_notice notice;
};
enum parlor_err core_room_create(struct core *, const struct core_call *,
				 const struct core_room_create *,
				 struct core_room_view *) PARLOR_MUST_CHECK;
enum parlor_err core_room_rename(struct core *, const struct core_call *, struct span room,
				 struct span name, const struct core_notice *,
				 struct core_room_view *) PARLOR_MUST_CHECK;
/* close, reopen or dissolve: that one is BUSY as long as not all members are at hand */
enum parlor_err core_room_set_state(struct core *, const struct core_call *, struct span room,
				    uint8_t state, const struct core_notice *,
				    struct core_room_view *) PARLOR_MUST_CHECK;
enum parlor_err core_room_show(struct core *, const struct core_call *, struct span room,
			       struct core_room_view *) PARLOR_MUST_CHECK;

/* Whether the room holds the member, for typing. *no may be used for fan-out. */
enum parlor_err core_room_check(struct core *, const struct core_call *, struct span room,
				struct span member, uint64_t *no) PARLOR_MUST_CHECK;
/* What the room of a number is called, for records read back from the journal. */
enum parlor_err core_room_names(struct core *, uint64_t room,
				struct core_room_view *) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns -------------------------------------------------- */

struct core_room_made {
	struct span id, name;
	bool open;
	uint64_t content; /* 0: whoever asks to create it again is answered that it is there */
};
/* Capacity was checked, and that there is none of that id. */
enum parlor_err room_emit_created(struct core *, const struct tenant *,
				  const struct core_room_made *, struct room **) PARLOR_MUST_CHECK;
void room_emit_state(struct core *, const struct room *, uint8_t state);
void room_view(const struct room *, uint64_t position, struct core_room_view *);

#endif
