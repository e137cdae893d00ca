/* Any bytes as a frame of the type FUZZ_TYPE: scan and decode never read or
 * write astray, and what the scan accepts decodes, given room, into a message
 * that holds only what it accepts again. */
#include "wire.h"

#include <assert.h>
#include <parlor/parlor.pb-c.h>
#include <parlor/worker.pb-c.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void decode_in(size_t arena_size, const uint8_t *bytes, size_t len, bool must)
{
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, arena_size);
	enum parlor_err err = wire_decode(&FUZZ_TYPE, &arena, bytes, len, &message);
	assert((err == PARLOR_E_OK) == (message != NULL));
	if (must)
		assert(err == PARLOR_E_OK);
	if (message) {
		struct buf again = {0};
		wire_put(&again, message);
		assert(wire_scan(&FUZZ_TYPE, again.data, again.len) == PARLOR_E_OK);
		buf_fini(&again);
	}
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	bool good = wire_scan(&FUZZ_TYPE, bytes, len) == PARLOR_E_OK;
	/* A frame of n bytes has at most n messages of a few hundred bytes. */
	decode_in(1024 * (len + 1), bytes, len, good);
	decode_in(16 * len, bytes, len, false);
	return 0;
}
