#include "core/partition.h"

#include "base/buf.h"
#include "base/hash.h"

/* A room's is found by its number alone, any other topic's by its kind as well. Data
 * directories and databases are split in this way: it never changes. */
uint8_t partition_of(struct topic t, uint32_t partitions)
{
	assert(partitions > 0 && partitions < PARTITION_NONE);
	if (t.kind == TOPIC_NONE)
		return 0;
	uint8_t bytes[9] = {(uint8_t)t.kind};
	be64_put(bytes + 1, t.number);
	size_t skip = t.kind == TOPIC_ROOM;
	return (uint8_t)(hash64(bytes + skip, sizeof bytes - skip) % partitions);
}
