/* Requests about the members of a room: add, remove, change, list. Several
 * members in one request: all or none. */
#ifndef CORE_ROOM_MEMBERS_H
#define CORE_ROOM_MEMBERS_H

#include "core/room.h"

struct core_member_change {
	struct span id;
	uint8_t type; /* 0: as it is */
	bool set_name, set_avatar;
	struct span name, avatar;
};

enum parlor_err core_members_add(struct core *, const struct core_call *, struct span room,
				 const struct core_member_spec *, size_t n,
				 const struct core_notice *,
				 struct core_room_view *) PARLOR_MUST_CHECK;
enum parlor_err core_members_remove(struct core *, const struct core_call *, struct span room,
				    const struct span *ids, size_t n, const struct core_notice *,
				    struct core_room_view *) PARLOR_MUST_CHECK;
enum parlor_err core_members_change(struct core *, const struct core_call *, struct span room,
				    const struct core_member_change *, size_t n,
				    const struct core_notice *,
				    struct core_room_view *) PARLOR_MUST_CHECK;

struct core_member_view {
	struct span id, name, avatar;
	uint8_t type;
	uint64_t read_seq, unread, joined_us, joined_seq;
};
typedef void core_member_fn(void *ctx, const struct core_member_view *);
#define CORE_MEMBERS_LIST_MAX 100000
struct core_members_page {
	struct span room;
	struct span after; /* the page is of those behind that id: then the last one's */
	size_t limit;      /* < CORE_MEMBERS_LIST_MAX */
	uint64_t passed;   /* nobody is there up to that member, */
	uint64_t as_of;    /* as of that position; zeroed at first */
	bool more;
};
/* By id. When the meter is spent it is fewer members; when they are none, BUSY, and it goes on
 * when it is called again. */
enum parlor_err core_members_list(struct core *, const struct core_call *,
				  struct core_members_page *, core_member_fn *,
				  void *ctx) PARLOR_MUST_CHECK;

#endif
