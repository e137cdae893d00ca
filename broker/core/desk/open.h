/* Opening a conversation: who asks, where, and of which team; once for each visitor and
 * desk. */
#ifndef DESK_OPEN_H
#define DESK_OPEN_H

#include "core/call.h"
#include "core/desk/view.h"

struct core_desk_open {
	struct span conversation; /* empty: made from call.random */
	struct span desk, visitor, visitor_name, visitor_avatar;
	struct span team, product, type; /* empty: not said */
	uint64_t business;
	uint32_t priority;
	struct span agent; /* asked for */
	struct span room;  /* empty: the visitor's at this desk, or a new one */
	struct span body, client_id;
	bool imported; /* it was so: whatever its desk, its hours and its queue say now */
};
/* The visitor's open one at that desk is answered as it is, and the message posted to it.
 * The same id again with the same content: the same conversation. position: of the last
 * record, 0: nothing was done. DESK_UNKNOWN, TEAM_UNKNOWN, TYPE_UNKNOWN, AGENT_UNKNOWN,
 * VISITOR_BLOCKED, QUEUE_FULL, TEAM_CLOSED, DESK_CONFLICT, ROOM_BUSY, and what a room and a
 * post may be refused with. */
enum parlor_err core_desk_open(struct core *, const struct core_call *,
			       const struct core_desk_open *,
			       struct conversation_view *) PARLOR_MUST_CHECK;

#endif
