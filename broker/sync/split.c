/* How the journal is split; apart from the rest, for who needs nothing else of it. */
#include "sync/sync.h"

#include "base/hash.h"

#include <assert.h>

uint8_t sync_part_of(uint64_t room, uint32_t parts)
{
	assert(parts > 0 && parts < STORE_PART_NONE);
	if (!room)
		return 0;
	uint8_t bytes[8];
	be64_put(bytes, room);
	return (uint8_t)(hash64(bytes, sizeof bytes) % parts);
}
