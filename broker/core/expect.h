/* Fetching ahead: what a post touches lies scattered over tables of many
 * megabytes, and each step to it waits for memory. For several posts at once the
 * waits overlap. Changes nothing and reads no row from the store. */
#ifndef CORE_EXPECT_H
#define CORE_EXPECT_H

#include "core/call.h"

/* These posts come next: what they touch is fetched into the processor's cache,
 * as far as it is in memory. Only a hint. n <= CORE_EXPECTED_MAX, else nothing. */
#define CORE_EXPECTED_MAX 16
struct core_expected {
	struct span room, sender;
};
void core_expect(struct core *, struct span tenant, const struct core_expected *, size_t n);

#endif
