/* What the deciding halves of the core share: checks of fields, finding what a
 * request names, and emitting. Private to the core. */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include "core/apply.h"
#include "core/call.h"

/* EMPTY or TOO_LONG. */
enum parlor_err decide_id(struct span id) PARLOR_MUST_CHECK;
/* Memory for the n ids of a request, for decide_distinct. */
struct span *decide_id_list(struct core *, size_t n);
/* REPEATED when two of the ids are equal. */
enum parlor_err decide_distinct(struct core *, const struct span *ids, size_t n) PARLOR_MUST_CHECK;

/* ROOM_UNKNOWN; a dissolved room is found. */
enum parlor_err decide_room(struct core *, const struct core_call *, struct span id,
			    struct room **) PARLOR_MUST_CHECK;
/* Also ROOM_DISSOLVED. */
enum parlor_err decide_living_room(struct core *, const struct core_call *, struct span id,
				   struct room **) PARLOR_MUST_CHECK;
/* MEMBER_UNKNOWN when the tenant has no such member. */
enum parlor_err decide_member(struct core *, const struct core_call *, struct span id,
			      struct member **) PARLOR_MUST_CHECK;
/* NOT_MEMBER when it is not in the room, known or not. */
enum parlor_err decide_membership(struct core *, const struct core_call *, struct room *,
				  struct span member, struct membership **) PARLOR_MUST_CHECK;

/* Gives the record kind, position and time, applies it, hands it to the sink. What it
 * touches should be resident; where a row has to be read and cannot be, the core
 * is broken. */
void core_emit(struct core *, const struct record_kind *, struct record *);
void core_clock(struct core *, const struct core_call *);
/* A failure behind an emitted record of the same request: core_broken. */
void core_break(struct core *, enum parlor_err);

#endif
