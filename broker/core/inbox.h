/* A member's inbox: its rooms by last activity, and the total of unread. Kept in
 * memory once it was asked for, beside the member: a few numbers of each room. It
 * is read some rooms at a time, until the meter is spent, and what has changed since it
 * was asked for last is looked at when it is asked for again, so that a post costs nothing
 * for it, and no call more for a member of a million rooms than for one of a thousand:
 * while there is more to read the answer is BUSY, and the next call goes on from
 * there. */
#ifndef CORE_INBOX_H
#define CORE_INBOX_H

#include "core/call.h"

struct core_inbox_room {
	struct span id, name, labels;
	uint64_t room;
	uint8_t member_type, state;
	uint64_t unread, read_seq, last_seq, active_us, active_pos;
	uint64_t last_pos; /* of the last message's record, 0 while there is none */
	bool mentioned;
};
typedef void core_inbox_fn(void *ctx, const struct core_inbox_room *);
struct core_inbox_query {
	struct span member;
	uint64_t cursor; /* 0, or that of the page before */
	size_t limit;
	bool unread_only;
	struct span label; /* empty: any */
};
/* Last active first. *cursor: 0 when there are no more; else there may be, also behind
 * a page of fewer than `limit`: where few rooms are wanted one call looks at some of
 * them. BUSY: ask again, it goes on. */
enum parlor_err core_inbox(struct core *, const struct core_call *, const struct core_inbox_query *,
			   core_inbox_fn *, void *ctx, uint64_t *cursor) PARLOR_MUST_CHECK;
/* BUSY as above. */
enum parlor_err core_unread_total(struct core *, const struct core_call *, struct span member,
				  uint64_t *unread, uint64_t *rooms) PARLOR_MUST_CHECK;

#endif
