/* What a conversation means for requests about its room: who has to stay, and what a visitor
 * posts behind its end. */
#ifndef DESK_ROOM_SIDE_H
#define DESK_ROOM_SIDE_H

#include "core/message.h"

/* As core_post. In a room whose last conversation is closed its visitor is refused,
 * CONVERSATION_CLOSED; or, where the team says so, opens one by it. */
enum parlor_err core_desk_post(struct core *, const struct core_call *, const struct core_post *,
			       struct core_posted *) PARLOR_MUST_CHECK;
/* CONVERSATION_OPEN: one of them is its visitor, or serves it. */
enum parlor_err core_desk_may_leave(struct core *, const struct core_call *, struct span room,
				    const struct span *members, size_t n) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns -------------------------------------------------- */

struct room;

/* In a room that has had a conversation. */
enum parlor_err room_side_may_post(struct core *, const struct room *,
				   uint64_t member) PARLOR_MUST_CHECK;

#endif
