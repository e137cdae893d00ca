/* The data directory of a town's broker, in memory, behind broker/store/store.h:
 * what a killed broker leaves is what was committed. It fails when told to. */
#ifndef TOWN_STORE_MEMORY_H
#define TOWN_STORE_MEMORY_H

#include "store/store.h"

enum store_fate {
	STORE_FINE,
	STORE_FAILS, /* the next commit fails, and changed nothing */
	STORE_LANDS, /* the next commit fails, but is found done after a restart */
	STORE_FULL   /* nothing more can be reserved, until it is fine again */
};

struct store *store_memory_new(uint64_t journal_id, uint32_t partitions);
void store_memory_free(struct store *);
void store_memory_fate(struct store *, enum store_fate);
/* The process is gone: what was open is not there, and what was in flight is if
 * it had landed. */
void store_memory_restart(struct store *, bool landed);
struct hash128 store_memory_hash(const struct store *);

#endif
