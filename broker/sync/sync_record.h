/* A journal entry as a worker is told it: the SyncRecord, written by hand from
 * the record's head; the event goes in as it stands, undecoded. */
#ifndef SYNC_SYNC_RECORD_H
#define SYNC_SYNC_RECORD_H

#include "core/core.h"
#include "store/store.h"

/* Appends it as a field of Batch or Release, whose field numbers differ, and says which
 * record it was. STORE_CORRUPT, or a failure of the store. `scratch` is
 * overwritten. */
enum parlor_err sync_record_put(struct buf *to, uint32_t field, struct buf *scratch, struct core *,
				const struct entry *, struct record *) PARLOR_MUST_CHECK;

#endif
