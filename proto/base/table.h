/* uthash as this project's tables use it: XXH3 over the key with a seed of the
 * process, so that nobody can choose ids that fall into one chain; memory that
 * is there or the process ends. Owns the seed. Nothing that is stored, sent or
 * compared may depend on it. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

/* 0 until table_seed_init. */
extern uint64_t table_seed;

/* Before the first table is made: at a program's start. */
enum parlor_err table_seed_init(void) PARLOR_MUST_CHECK;

#define HASH_FUNCTION(key, len, hash) ((hash) = (unsigned)hash64_seeded((key), (len), table_seed))
/* Zeroed as it comes. The buckets of a large table are looked up all over: they stand in
 * huge pages, and take memory as those are used. */
static inline void *table_memory(size_t size)
{
	return size < MEM_HUGE ? mem_new(size) : mem_map(size, true);
}
static inline void table_memory_free(void *memory, size_t size)
{
	if (size < MEM_HUGE)
		free(memory);
	else
		mem_unmap(memory, size);
}
#define uthash_malloc(size) table_memory(size)
#define uthash_free(memory, size) table_memory_free(memory, size)
#define uthash_bzero(memory, size) ((void)(memory))
#include <uthash.h>

/* A table that doubles goes through all it has at once. One that may come to a million
 * has its buckets from the start on, for nobody may wait for that: the file that makes it
 * says how many, as a power of 2, and lets chains become long rather than double it. */
#undef HASH_INITIAL_NUM_BUCKETS
#define HASH_INITIAL_NUM_BUCKETS (1U << HASH_INITIAL_NUM_BUCKETS_LOG2)
#include <utlist.h>

#endif
