/* Memberships: a member in a room, with its profile there. Joining, leaving and
 * changing as records; where a member is and was. */
#ifndef CORE_MEMBERSHIP_H
#define CORE_MEMBERSHIP_H

#include "core/member.h"
#include "core/topic.h"

/* What a member listens to, and from which position on; what it left behind position
 * `after`, and until when. False: no more of them. */
typedef bool core_interval_fn(void *ctx, struct topic, uint64_t joined_pos, uint64_t left_pos);
enum parlor_err core_member_rooms(struct core *, uint64_t member, core_interval_fn *,
				  void *ctx) PARLOR_MUST_CHECK;
enum parlor_err core_member_past(struct core *, uint64_t member, uint64_t after, core_interval_fn *,
				 void *ctx) PARLOR_MUST_CHECK;

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
void membership_emit_left(struct core *, const struct membership *);
/* The profile that the membership has from now on; the spec's id is not looked at. */
void membership_emit_changed(struct core *, const struct membership *,
			     const struct core_member_spec *);

extern const struct record_noun membership_records;

#endif
