/* The message indexes of rooms in memory: the last block of a room that is
 * posted to, blocks that are not yet written back, and which idempotency keys a
 * room may hold. Looks in blocks and appends to them; knows no rule of messages.
 * Private to the core.
 *
 * A block on disk holds the room's messages up to some seq, whatever the room's
 * row says: records applied again add only what it lacks. */
#ifndef CORE_INDEX_H
#define CORE_INDEX_H

#include "core/tables.h"

/* *found false when there is none. A room that is not resident is not made so. */
enum parlor_err index_message(struct core *, uint64_t room, uint64_t seq, struct row_message *,
			      bool *found) PARLOR_MUST_CHECK;
/* The message that the room holds under a key. */
enum parlor_err index_key(struct core *, struct room *, struct hash128 key, uint64_t *seq,
			  struct row_message *, bool *found) PARLOR_MUST_CHECK;

/* Adds the message behind the others; one that is there already is left as it
 * is. fresh: no row can hold it yet. */
enum parlor_err index_append(struct core *, struct room *, uint64_t seq, const struct row_message *,
			     bool fresh) PARLOR_MUST_CHECK;
enum parlor_err index_recall(struct core *, struct room *, uint64_t seq) PARLOR_MUST_CHECK;

#endif
