/* A member's inbox: its rooms by last activity, and the total of unread. Both are
 * reckoned when asked, so that a post costs nothing for them.
 *
 * A page takes the tenant's recently active rooms, newest first, and keeps
 * those that hold the member: for an agent who is in most rooms that is hardly
 * more than the page. When that walk does not fill the page soon (few rooms, or
 * long ago), the member's own rooms are searched instead. */
#ifndef CORE_INBOX_H
#define CORE_INBOX_H

#include "core/call.h"

struct core_inbox_room {
	struct span id, name;
	uint64_t room;
	uint8_t member_type, state;
	uint64_t unread, read_seq, last_seq, active_us, active_pos;
	uint64_t last_pos; /* of the last message's record, 0 while there is none */
	bool mentioned;
};
typedef void core_inbox_fn(void *ctx, const struct core_inbox_room *);
/* Last active first; cursor 0 or active_pos of the last one of the page before.
 * *cursor_out: 0 when there are no more. */
enum parlor_err core_inbox(struct core *, const struct core_call *, struct span member,
			   uint64_t cursor, size_t limit, core_inbox_fn *, void *ctx,
			   uint64_t *cursor_out) PARLOR_MUST_CHECK;

enum parlor_err core_unread_total(struct core *, const struct core_call *, struct span member,
				  uint64_t *unread, uint64_t *rooms) PARLOR_MUST_CHECK;

#endif
