#include "core/partition.h"

#include "base/buf.h"
#include "base/hash.h"

#include <assert.h>

uint8_t partition_of(uint64_t room, uint32_t partitions)
{
	assert(partitions > 0 && partitions < PARTITION_NONE);
	if (!room)
		return 0;
	uint8_t bytes[8];
	be64_put(bytes, room);
	return (uint8_t)(hash64(bytes, sizeof bytes) % partitions);
}
