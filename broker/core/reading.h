/* Reading: how far a member has read in a room, and what is unread then. Unread is
 * a subtraction: room.counted - membership.seen. Reading up to a seq and marking
 * unread from one set `seen` by the same formula. */
#ifndef CORE_READING_H
#define CORE_READING_H

#include "core/call.h"

struct core_unread_view {
	uint64_t room, unread, read_seq, last_seq, position;
	bool mentioned;
};
/* seq 0: all. Never back. */
enum parlor_err core_read(struct core *, const struct core_call *, struct span room,
			  struct span member, uint64_t seq,
			  struct core_unread_view *) PARLOR_MUST_CHECK;
/* seq and all behind it become unread, as far as they ever counted for the member. */
enum parlor_err core_mark_unread(struct core *, const struct core_call *, struct span room,
				 struct span member, uint64_t seq,
				 struct core_unread_view *) PARLOR_MUST_CHECK;
enum parlor_err core_unread(struct core *, const struct core_call *, struct span room,
			    struct span member, struct core_unread_view *) PARLOR_MUST_CHECK;

#endif
