/* For a file that makes a table of as many entries as there are rows, or nearly: it has
 * its buckets from the start on (base/table.h), as many as the file's LARGE_TABLE_LOG2
 * says, and its chains grow rather than it doubles. */
#ifndef ENGINE_LARGE_TABLE_H
#define ENGINE_LARGE_TABLE_H

#include "hash.h"

#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 32U
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS_LOG2 LARGE_TABLE_LOG2

#endif
