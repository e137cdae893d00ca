/* The protocol's bytes do not change: each fixed frame is encoded to the bytes
 * in tests/data/golden, which another implementation of protobuf wrote. */
#include "frames.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void read_hex(const char *name, struct buf *b)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/golden/%s.hex", PARLOR_TEST_DATA, name);
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("%s cannot be opened", path);
	unsigned byte;
	int got;
	while ((got = fscanf(file, "%2x", &byte)) == 1)
		buf_put_u8(b, (uint8_t)byte);
	assert_int_equal(got, EOF);
	assert_int_equal(fclose(file), 0);
}

static void frames_encode_to_the_recorded_bytes(void **state)
{
	(void)state;
	for (const struct frame *f = frames; f->name; f++) {
		struct buf recorded = {0};
		struct buf encoded = {0};
		read_hex(f->name, &recorded);
		f->put(&encoded);
		print_message("%s: %zu bytes\n", f->name, encoded.len);
		assert_int_equal(encoded.len, recorded.len);
		assert_memory_equal(encoded.data, recorded.data, recorded.len);
		buf_fini(&recorded);
		buf_fini(&encoded);
	}
}

static void the_recorded_bytes_decode_and_encode_again(void **state)
{
	(void)state;
	for (const struct frame *f = frames; f->name; f++) {
		struct buf recorded = {0};
		struct buf again = {0};
		struct arena arena;
		ProtobufCMessage *message;
		read_hex(f->name, &recorded);
		arena_init(&arena, 65536);
		assert_int_equal(
			wire_decode(f->descriptor, &arena, recorded.data, recorded.len, &message),
			PARLOR_E_OK);
		wire_put(&again, message);
		assert_int_equal(again.len, recorded.len);
		assert_memory_equal(again.data, recorded.data, recorded.len);
		arena_fini(&arena);
		buf_fini(&recorded);
		buf_fini(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_encode_to_the_recorded_bytes),
		cmocka_unit_test(the_recorded_bytes_decode_and_encode_again),
	};
	return cmocka_run_group_tests_name("golden frames", tests, NULL, NULL);
}
