/* Memberships: a member in a room, with its profile there. Joining, leaving and
 * changing as records; where a member is and was. */
#ifndef CORE_MEMBERSHIP_H
#define CORE_MEMBERSHIP_H

#include "core/member.h"
#include "core/topic.h"

/* Rooms by number, from one to below another. */
struct core_rooms_range {
	uint64_t from, to;
};
#define CORE_ROOMS_ALL ((struct core_rooms_range){0, UINT64_MAX})

typedef void core_room_fn(void *ctx, struct topic, uint64_t joined_pos);
/* What a member listens to of the range, and from which position on; in no order. It
 * stops when the meter is spent: range.from is where it goes on, range.to at the end. */
enum parlor_err core_member_rooms(struct core *, uint64_t member, struct core_rooms_range *range,
				  core_room_fn *, void *ctx) PARLOR_MUST_CHECK;

/* Positions, from one to below another. */
struct core_past_range {
	uint64_t from, to;
	uint64_t row; /* where those go on that are not in rows on disk */
};
#define CORE_PAST_BEHIND(position) ((struct core_past_range){(position) + 1, UINT64_MAX, 0})

/* What it left within the range, and until when, in no order; false: no more of them. It
 * stops when that is said or the meter is spent: the range is what is left, and from is at
 * to in the end. What it leaves meanwhile may be told. */
typedef bool core_past_fn(void *ctx, struct topic, uint64_t joined_pos, uint64_t left_pos);
enum parlor_err core_member_past(struct core *, uint64_t member, struct core_past_range *,
				 core_past_fn *, void *ctx) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns -------------------------------------------------- */

struct room;
struct membership;
struct tenant;

bool membership_type_valid(uint8_t type);
/* Whether they may be told together to join: TOO_MANY, VALUE, TOO_LONG, REPEATED. */
enum parlor_err membership_check_specs(struct core *, const struct core_member_spec *,
				       size_t n) PARLOR_MUST_CHECK;
bool membership_is_as(const struct membership *, const struct core_member_spec *);

/* Those who are there already stay as they are. */
enum parlor_err membership_emit_joins(struct core *, struct tenant *, struct room *,
				      const struct core_member_spec *, size_t n) PARLOR_MUST_CHECK;
/* Who is not there, and has all that counts behind that seq as unread. */
void membership_emit_joined_from(struct core *, const struct room *, const struct member *,
				 const struct core_member_spec *, uint64_t seq);
void membership_emit_left(struct core *, const struct membership *);
/* The profile that the membership has from now on; the spec's id is not looked at. */
void membership_emit_changed(struct core *, const struct membership *,
			     const struct core_member_spec *);

#endif
