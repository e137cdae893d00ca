/* The rows of a store as one number: equal states, equal hashes. Meaningful after a
 * complete write-back. Reads in a turn of its own. */
#ifndef TEST_STATE_HASH_H
#define TEST_STATE_HASH_H

#include "base/hash.h"
#include "store/store.h"

enum parlor_err state_hash(struct store *, struct hash128 *) PARLOR_MUST_CHECK;

#endif
