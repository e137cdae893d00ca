/* Some entries of the journal at once, with their records: what each of them is about lies
 * scattered in memory, and with several at hand it can be fetched ahead. Decides nothing and
 * keeps nothing: entries and records borrow from the turn of the store. */
#ifndef FANOUT_RECORD_BATCH_H
#define FANOUT_RECORD_BATCH_H

#include "core/record.h"
#include "store/store.h"

#define RECORD_BATCH_MAX 16
struct record_batch {
	size_t len;
	struct entry entries[RECORD_BATCH_MAX];
	struct record records[RECORD_BATCH_MAX];
};

/* The next ones, at most max of them and RECORD_BATCH_MAX. An error is that of the entry behind
 * those that were read: NOT_FOUND at the end of the walk, or one of the store. */
enum parlor_err record_batch_read(struct record_batch *, struct store *, struct store_walk *,
				  size_t max) PARLOR_MUST_CHECK;

#endif
