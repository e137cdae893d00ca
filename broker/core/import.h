/* History that was decided elsewhere, imported in the order in which it happened:
 * how a state is made from tables. Joins, reads and states of rooms go through
 * the requests of the nouns; here is what no request could bring about, such as a
 * message of somebody who has left. Checks ids and bounds, not who may do what.
 * Emits the records that a request would. */
#ifndef CORE_IMPORT_H
#define CORE_IMPORT_H

#include "core/member.h"
#include "core/message.h"

struct imported_room {
	struct span id, name;
	bool open;
};
/* ROOM_CONFLICT when there is one of that id. Whoever asks to create it again is
 * answered that it is there. */
enum parlor_err import_room(struct core *, const struct core_call *,
			    const struct imported_room *) PARLOR_MUST_CHECK;

struct imported_message {
	struct span room;
	struct span sender; /* empty: the system */
	struct span sender_name, sender_avatar;
	struct span client_id; /* empty: it cannot be repeated */
	struct span body;
	uint8_t type, content_type;
	bool recalled; /* the body is empty; two records */
	const struct span *mentions;
	size_t mentions_len;
};
/* As the next message of its room, which may be in any state. */
enum parlor_err import_message(struct core *, const struct core_call *,
			       const struct imported_message *,
			       struct core_posted *) PARLOR_MUST_CHECK;

/* Of who serves a conversation: it has all that counts behind that seq as unread. Who is
 * there stays. */
enum parlor_err import_join(struct core *, const struct core_call *, struct span room,
			    const struct core_member_spec *, uint64_t seq) PARLOR_MUST_CHECK;

/* The member went offline at call.now_us. Introduces it. */
enum parlor_err import_last_seen(struct core *, const struct core_call *,
				 struct span member) PARLOR_MUST_CHECK;

#endif
