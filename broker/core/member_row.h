/* Members as rows: found, added, changed. Private to the core. */
#ifndef CORE_MEMBER_ROW_H
#define CORE_MEMBER_ROW_H

#include "core/tables.h"

/* Finding: PARLOR_E_OK with *out NULL when there is none; other codes are failures of
 * the store. */
enum parlor_err member_find(struct core *, uint32_t tenant, struct span id,
			    struct member **) PARLOR_MUST_CHECK;
enum parlor_err member_find_no(struct core *, uint64_t no, struct member **) PARLOR_MUST_CHECK;
/* The caller has made sure that there is none. */
struct member *member_add(struct core *, uint64_t no, const struct row_member *);
/* The bytes of its inbox have changed. */
void member_resize(struct core *, struct member *);
/* Nobody finds it any more; it is freed by and by, for it may have any number of rooms. */
void member_drop_inbox(struct core *, struct member *);
void member_free_inboxes(struct core *, size_t rooms_max);

#endif
