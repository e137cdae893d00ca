/* Rooms as rows: found, added, changed. Private to the core. */
#ifndef CORE_ROOM_ROW_H
#define CORE_ROOM_ROW_H

#include "core/tables.h"

/* Finding: PARLOR_E_OK with *out NULL when there is none; other codes are failures of
 * the store. */
enum parlor_err room_find(struct core *, uint32_t tenant, struct span id,
			  struct room **) PARLOR_MUST_CHECK;
enum parlor_err room_find_no(struct core *, uint64_t no, struct room **) PARLOR_MUST_CHECK;
/* The caller has made sure that there is none. */
struct room *room_add(struct core *, uint64_t no, const struct row_room *);
void room_set_name(struct core *, struct room *, struct span name);
void room_set_labels(struct core *, struct room *, struct span labels);
/* Bytes of the room beside its row, after its name, labels or recent keys have changed. */
void room_resize(struct core *, struct room *);

#endif
