/* uthash as the front's tables use it: XXH3 over the key, memory that is there
 * or the process ends. Owns nothing. */
#ifndef FRONT_TABLE_H
#define FRONT_TABLE_H

#include "base/hash.h"
#include "base/mem.h"

#define HASH_FUNCTION(key, len, hash) ((hash) = (unsigned)hash64((key), (len)))
#define uthash_malloc(size) mem_new(size)
#include <uthash.h>
#include <utlist.h>

#endif
