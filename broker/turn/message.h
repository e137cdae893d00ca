/* The bytes of a message, wherever its record is: in the turn at hand, in the one
 * in flight or in the journal. Owns that a body is shown no more once its
 * message was recalled, also while the journal still holds it. Decides nothing
 * about who may see what. */
#ifndef TURN_MESSAGE_H
#define TURN_MESSAGE_H

#include "turn/commit.h"

/* The event of a message's record as it is stored. NOT_FOUND: no longer kept;
 * STORE_CORRUPT: damaged. */
enum parlor_err message_event(struct commit *, uint64_t position,
			      struct span *event) PARLOR_MUST_CHECK;

/* Appends the encoded Message, its time set, with no more than body_max bytes of
 * its body, and none when it was recalled. Errors as above. */
enum parlor_err message_put(struct commit *, struct buf *, const struct row_message *,
			    size_t body_max) PARLOR_MUST_CHECK;

/* OK also when its record is no longer kept: a recall finds what it has to take
 * the body out of. STORE_CORRUPT: damaged. */
enum parlor_err message_check(struct commit *, uint64_t position) PARLOR_MUST_CHECK;

#endif
