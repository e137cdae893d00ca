/* The newest positions of one partition, in a ring: what to send next is known
 * without walking the journal. The oldest fall out when it is full; behind
 * what fell out the journal must be walked. */
#ifndef SYNC_RECENT_RECORDS_H
#define SYNC_RECENT_RECORDS_H

#include <stddef.h>
#include <stdint.h>

struct recent_records {
	uint64_t *ring;
	size_t cap;
	size_t first; /* index of the oldest */
	size_t len;
	uint64_t after; /* every position of the partition above this is in the ring */
};

void recent_records_init(struct recent_records *, size_t cap, uint64_t after);
void recent_records_fini(struct recent_records *);
void recent_records_push(struct recent_records *, uint64_t position); /* rising */
/* Index of the first position above the given one; len when there is none. */
size_t recent_records_above(const struct recent_records *, uint64_t position);
uint64_t recent_records_at(const struct recent_records *, size_t index);

#endif
