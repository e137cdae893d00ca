#include "fanout/record_batch.h"

#include "core/kinds.h"

enum parlor_err record_batch_read(struct record_batch *batch, struct store *store,
				  struct store_walk *walk, size_t max)
{
	enum parlor_err err = PARLOR_E_OK;
	for (batch->len = 0; batch->len < max && batch->len < RECORD_BATCH_MAX; batch->len++) {
		struct entry *entry = &batch->entries[batch->len];
		err = store_walk_next(store, walk, entry);
		if (!err)
			err = record_decode(&batch->records[batch->len], entry->head.data,
					    entry->head.len);
		if (err)
			break;
	}
	return err;
}
