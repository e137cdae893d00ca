/* What the deciding halves of the core share: checks of fields, finding what a
 * request names, and emitting. Private to the core. */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include "core/tables.h"

/* EMPTY or TOO_LONG. */
enum parlor_err decide_id(struct span id) PARLOR_MUST_CHECK;
enum parlor_err decide_notice(struct core *, const struct core_notice *) PARLOR_MUST_CHECK;
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

/* The tenant of a call, introduced when it is new. */
enum parlor_err decide_tenant(struct core *, const struct core_call *,
			      struct tenant **) PARLOR_MUST_CHECK;
/* Room for those of the specs that the tenant (NULL: a new one) does not know
 * yet: TENANT_FULL. */
enum parlor_err decide_capacity(struct core *, const struct tenant *,
				const struct core_member_spec *, size_t n) PARLOR_MUST_CHECK;
/* Finds or introduces; capacity was checked. */
enum parlor_err decide_intern(struct core *, struct tenant *, struct span id,
			      struct member **) PARLOR_MUST_CHECK;

/* Gives the record position and time, applies it, hands it to the sink. What it
 * touches should be resident; where a row has to be read and cannot be, the core
 * is broken. */
void core_emit(struct core *, struct record *);
void core_clock(struct core *, const struct core_call *);
/* A failure behind an emitted record of the same request: core_broken. */
void core_break(struct core *, enum parlor_err);

/* What a post is known by when it is repeated, and what it must hold then. A
 * content of 0 is not known: a repeat of any is taken as the same. */
struct hash128 decide_dedup(struct core *, uint64_t sender, struct span client_id);
uint64_t decide_content(struct core *, const struct core_post *);

struct message_draft {
	struct room *room;
	struct membership *sender; /* NULL: the system, or not in the room */
	struct span sender_id;
	uint64_t sender_no;
	uint8_t type, content_type;
	struct span body, client_id;
	struct hash128 dedup;
	uint64_t content;
	const struct span *mention_ids;
	const uint64_t *mentions;
	size_t mentions_len;
	bool told; /* the sender as it was when it spoke: */
	struct span sender_name, sender_avatar;
};
void core_emit_message(struct core *, const struct message_draft *, struct core_posted *);
/* The message of a notice that was checked; none when its body is empty. */
void core_emit_notice(struct core *, struct room *, const struct core_notice *);

void core_view_room(const struct room *, struct core_room_view *);

enum parlor_err decide_specs(struct core *, const struct core_member_spec *,
			     size_t n) PARLOR_MUST_CHECK;
/* Those who are there already stay as they are. */
enum parlor_err core_emit_joins(struct core *, struct tenant *, struct room *,
				const struct core_member_spec *, size_t n) PARLOR_MUST_CHECK;

/* Numbers after reading up to seq: DESIGN 2. */
enum parlor_err core_seen_at(struct core *, const struct membership *, uint64_t seq,
			     uint64_t *seen) PARLOR_MUST_CHECK;

#endif
