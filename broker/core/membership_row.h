/* Memberships as rows: found, added, changed, removed. Private to the core. */
#ifndef CORE_MEMBERSHIP_ROW_H
#define CORE_MEMBERSHIP_ROW_H

#include "core/tables.h"

/* Finding: PARLOR_E_OK with *out NULL when there is none; other codes are failures of
 * the store. */
/* NULL also when the member has left. */
enum parlor_err membership_find(struct core *, struct room *, struct member *,
				struct membership **) PARLOR_MUST_CHECK;
/* Where it is known that no row can have one that is not resident. */
struct membership *membership_resident(struct core *, const struct room *, const struct member *);
/* Makes every membership of the room resident. The list may hold tombstones. BUSY: the
 * meter is spent, and it goes on when it is called again. */
enum parlor_err membership_load_all(struct core *, struct room *) PARLOR_MUST_CHECK;
/* Revives a tombstone when there is one. */
struct membership *membership_add(struct core *, struct room *, struct member *,
				  const struct row_membership *);
void membership_set_profile(struct core *, struct membership *, struct span name,
			    struct span avatar);
void membership_remove(struct core *, struct membership *, uint64_t position);
/* Those whose rows are older than that: the room ends there. */
enum parlor_err membership_remove_all(struct core *, struct room *,
				      uint64_t position) PARLOR_MUST_CHECK;
/* The first of them that the member's rows do not tell of yet, of that room or a later one;
 * NULL: they tell of all. */
struct membership *membership_unlisted(const struct member *, uint64_t room);
/* The first member behind that id whom the room's rows of ids do not tell of yet. */
struct membership *membership_unlisted_behind(const struct room *, struct span id);
/* The membership has changed: joined, left, read or posted. */
void membership_tell_inbox(struct core *, const struct membership *);

#endif
