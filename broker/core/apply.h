/* Records into state: what the nouns' handlers share. Nothing is decided here:
 * every value is in the record, and a row that is as of a later record is left
 * alone. Private to the core. */
#ifndef CORE_APPLY_H
#define CORE_APPLY_H

#include "core/record_kind.h"
#include "core/tables.h"

/* Runs the kind's handler and moves the state's position and clock on. */
enum parlor_err apply_record(struct core *, const struct record_kind *,
			     const struct record *) PARLOR_MUST_CHECK;

/* Behind all that was ever applied: no row can contain it, and what it adds is in none. */
static inline bool apply_is_first(const struct core *c, const struct record *r)
{
	return r->position > c->state.position;
}

/* The room of a record; STORE_CORRUPT when there is none. */
enum parlor_err apply_room(struct core *, const struct record *, struct room **) PARLOR_MUST_CHECK;
/* Also whether its row does not contain the record yet; from here on it does. */
enum parlor_err apply_room_row(struct core *, const struct record *, struct room **,
			       bool *is_new) PARLOR_MUST_CHECK;
/* NULL when it is not there, or as of this record or a later one already. */
enum parlor_err apply_membership(struct core *, const struct record *, struct room *,
				 uint64_t member_no, struct membership **) PARLOR_MUST_CHECK;
/* The same of the record's room and member. */
enum parlor_err apply_membership_row(struct core *, const struct record *,
				     struct membership **) PARLOR_MUST_CHECK;
void apply_membership_changed(struct core *, const struct record *, struct membership *);

#endif
