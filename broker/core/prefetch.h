/* Fetching ahead: what a post or a record touches lies scattered over tables of many
 * megabytes, and each step to it waits for memory. For several posts at once the
 * waits overlap. Changes nothing and reads no row from the store. */
#ifndef CORE_PREFETCH_H
#define CORE_PREFETCH_H

#include "core/call.h"

/* These posts come next: what they touch is fetched into the processor's cache,
 * as far as it is in memory. Only a hint. n <= CORE_PREFETCH_MAX, else nothing. */
#define CORE_PREFETCH_MAX 16
struct core_prefetched {
	struct span room, sender;
};
void core_prefetch(struct core *, struct span tenant, const struct core_prefetched *, size_t n);

/* The same of records that will be applied. */
void core_prefetch_records(const struct core *, const struct record *, size_t n);

#endif
