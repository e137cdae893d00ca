/* What is a frame and what is not: structure, bounds, text, room. */
#include "base/mem.h"
#include "frames.h"
#include "wire.h"

#include <parlor/parlor.pb-c.h>
#include <parlor/worker.pb-c.h>
#include <shapes.pb-c.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_wire_random.h"

#define BYTES(s) (s), sizeof(s) - 1
#define NEST (&shapes__nest__descriptor)
#define SCALARS (&shapes__scalars__descriptor)
#define ARENA_SIZE ((size_t)1 << 16)

/* Scan and decode must say the same; returns what they say. The bytes are
 * copied to a block of exactly their size, so that ASan sees a read past it. */
static enum parlor_err judge(const ProtobufCMessageDescriptor *d, const void *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	struct arena arena;
	ProtobufCMessage *message;
	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	arena_init(&arena, ARENA_SIZE);
	enum parlor_err scanned = wire_scan(d, copy, len);
	enum parlor_err decoded = wire_decode(d, &arena, copy, len, &message);
	assert_int_equal(scanned, decoded);
	assert_int_equal(decoded == PARLOR_E_OK, message != NULL);
	arena_fini(&arena);
	free(copy);
	return decoded;
}

static void a_good_frame_decodes(void **state)
{
	(void)state;
	struct buf b = {0};
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, ARENA_SIZE);
	frames[1].put(&b);
	assert_int_equal(
		wire_decode(&parlor__to_broker__descriptor, &arena, b.data, b.len, &message),
		PARLOR_E_OK);
	const Parlor__ToBroker *frame = (const Parlor__ToBroker *)message;
	assert_int_equal(frame->n_requests, 1);
	const Parlor__Request *request = frame->requests[0];
	assert_int_equal(request->id, 2);
	assert_int_equal(request->op_case, PARLOR__REQUEST__OP_POST);
	assert_string_equal(request->post->body, "你好, café 👋");
	assert_int_equal(request->post->n_mentions, 1);
	assert_string_equal(request->post->mentions[0], "agent-2");
	assert_int_equal(request->post->level, PARLOR__LEVEL__LEVEL_STORED);
	arena_fini(&arena);
	buf_fini(&b);
}

static void an_empty_frame_is_an_empty_message(void **state)
{
	(void)state;
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, 4096);
	assert_int_equal(wire_decode(&parlor__to_broker__descriptor, &arena, NULL, 0, &message),
			 PARLOR_E_OK);
	assert_int_equal(((const Parlor__ToBroker *)message)->n_requests, 0);
	arena_fini(&arena);
}

static void every_truncation_is_refused_or_decodes(void **state)
{
	(void)state;
	for (const struct frame *f = frames; f->name; f++) {
		struct buf b = {0};
		f->put(&b);
		assert_int_equal(judge(f->descriptor, b.data, b.len), PARLOR_E_OK);
		size_t refused = 0;
		for (size_t len = 0; len < b.len; len++)
			refused += judge(f->descriptor, b.data, len) != PARLOR_E_OK;
		/* Each is one length-delimited field: only nothing is whole. */
		assert_int_equal(refused, b.len - 1);
		buf_fini(&b);
	}
}

struct row {
	const ProtobufCMessageDescriptor *descriptor;
	const char *bytes;
	size_t len;
	enum parlor_err expected;
	const char *what;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum parlor_err err = judge(rows[i].descriptor, rows[i].bytes, rows[i].len);
		if (err != rows[i].expected)
			fail_msg("%s: %s", rows[i].what, parlor_err_name((int)err));
	}
}

static void malformed_structure_is_refused(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{NEST, BYTES("\x00\x00"), PARLOR_E_FRAME, "field number 0"},
		{NEST, BYTES("\x80\x00\x00"), PARLOR_E_FRAME, "field number 0, padded"},
		{NEST, BYTES("\x02\x00"), PARLOR_E_FRAME, "field number 0 with a length"},
		{NEST, BYTES("\x0b\x0c"), PARLOR_E_FRAME, "a group in place of a known field"},
		{NEST, BYTES("\xa3\x06\xa4\x06"), PARLOR_E_FRAME, "an unknown group"},
		{NEST, BYTES("\x0c"), PARLOR_E_FRAME, "a group's end"},
		{NEST, BYTES("\xa6\x06"), PARLOR_E_FRAME, "wire type 6"},
		{NEST, BYTES("\xa7\x06"), PARLOR_E_FRAME, "wire type 7"},
		{NEST, BYTES("\x80"), PARLOR_E_FRAME, "a tag cut short"},
		{NEST, BYTES("\xa8\x80\x80\x80\x80\x00\x01"), PARLOR_E_FRAME, "a tag of 6 bytes"},
		{NEST, BYTES("\xa8\x80\x80\x80\x10\x01"), PARLOR_E_FRAME, "a tag past 32 bits"},
		{NEST, BYTES("\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), PARLOR_E_OK,
		 "a varint of 10 bytes"},
		{NEST, BYTES("\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), PARLOR_E_FRAME,
		 "a varint of 11 bytes"},
		{NEST, BYTES("\x28"), PARLOR_E_FRAME, "no varint"},
		{NEST, BYTES("\x3a\x02x"), PARLOR_E_FRAME, "a length past the end"},
		{NEST, BYTES("\x3a\x81\x80\x80\x80\x80\x00x"), PARLOR_E_FRAME,
		 "a length of 6 bytes"},
		{NEST, BYTES("\x3a\xff\xff\xff\xff\x7fx"), PARLOR_E_FRAME, "a length of 2^35"},
		{NEST, BYTES("\x0a\x02\x3a\x01x"), PARLOR_E_FRAME, "an inner field past its end"},
		{SCALARS, BYTES("\x25\x01\x02\x03"), PARLOR_E_FRAME, "3 of 4 bytes"},
		{SCALARS, BYTES("\x29\x01\x02\x03\x04\x05\x06\x07"), PARLOR_E_FRAME,
		 "7 of 8 bytes"},
	};
	check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void a_known_field_of_another_wire_type_is_refused(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{NEST, BYTES("\x08\x01"), PARLOR_E_FRAME, "varint for a message"},
		{NEST, BYTES("\x3d\x01\x02\x03\x04"), PARLOR_E_FRAME, "32 bits for a string"},
		{NEST, BYTES("\x2a\x01\x01"), PARLOR_E_FRAME, "bytes for a varint"},
		{NEST, BYTES("\x40\x01"), PARLOR_E_FRAME, "varint for repeated strings"},
		{SCALARS, BYTES("\x0a\x01\x01"), PARLOR_E_FRAME, "bytes for one int32"},
		{SCALARS, BYTES("\x1a\x01\x01"), PARLOR_E_FRAME, "bytes for one bool"},
		{SCALARS, BYTES("\x1d\x01\x02\x03\x04"), PARLOR_E_FRAME, "32 bits for a bool"},
		{SCALARS, BYTES("\x20\x01"), PARLOR_E_FRAME, "varint for fixed32"},
		{SCALARS, BYTES("\x2d\x01\x02\x03\x04"), PARLOR_E_FRAME, "32 bits for a double"},
		{SCALARS, BYTES("\x85\x01\x01\x02\x03\x04"), PARLOR_E_FRAME,
		 "32 bits for repeated uint32"},
	};
	check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void repeated_numbers_come_packed_or_not(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{SCALARS, BYTES("\x82\x01\x03\x01\x80\x01"), PARLOR_E_OK, "packed"},
		{SCALARS, BYTES("\x80\x01\x05\x80\x01\x06"), PARLOR_E_OK, "one by one"},
		{SCALARS, BYTES("\x82\x01\x02\x01\x02\x80\x01\x06\x82\x01\x01\x03"), PARLOR_E_OK,
		 "mixed"},
		{SCALARS, BYTES("\x82\x01\x00"), PARLOR_E_OK, "packed, none"},
		{SCALARS, BYTES("\x82\x01\x02\x01\x80"), PARLOR_E_FRAME, "packed, last cut short"},
		{SCALARS, BYTES("\x92\x01\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		 PARLOR_E_FRAME, "packed, 11 bytes"},
		{SCALARS, BYTES("\x9a\x01\x03\x80\x80\x01"), PARLOR_E_OK, "packed bools, padded"},
		{SCALARS, BYTES("\xa2\x01\x04\x01\x02\x03\x04"), PARLOR_E_OK, "packed fixed32"},
		{SCALARS, BYTES("\xa2\x01\x05\x01\x02\x03\x04\x05"), PARLOR_E_FRAME,
		 "packed fixed32, 5 bytes"},
		{SCALARS, BYTES("\x82\x7d\x08\x01\x02\x03\x04\x05\x06\x07\x08"), PARLOR_E_OK,
		 "packed doubles"},
		{SCALARS, BYTES("\x82\x7d\x04\x01\x02\x03\x04"), PARLOR_E_FRAME,
		 "packed doubles, 4 bytes"},
	};
	check_rows(rows, sizeof rows / sizeof rows[0]);

	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, 4096);
	assert_int_equal(wire_decode(SCALARS, &arena, rows[2].bytes, rows[2].len, &message),
			 PARLOR_E_OK);
	const Shapes__Scalars *s = (const Shapes__Scalars *)message;
	assert_int_equal(s->n_u32s, 4);
	static const uint32_t expected[] = {1, 2, 6, 3};
	assert_memory_equal(s->u32s, expected, sizeof expected);
	arena_fini(&arena);
}

static void text_is_checked_wherever_it_stands(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{NEST,
		 BYTES("\x3a\x03"
		       "a\0b"),
		 PARLOR_E_TEXT, "NUL in a string"},
		{NEST, BYTES("\x3a\x02\xc0\x80"), PARLOR_E_TEXT, "overlong NUL"},
		{NEST, BYTES("\x3a\x03\xed\xa0\x80"), PARLOR_E_TEXT, "surrogate"},
		{NEST, BYTES("\x42\x01\xff"), PARLOR_E_TEXT, "repeated string"},
		{NEST, BYTES("\x22\x01\xff"), PARLOR_E_TEXT, "string of a oneof"},
		{NEST, BYTES("\x0a\x03\x3a\x01\xff"), PARLOR_E_TEXT, "inner message"},
		{NEST, BYTES("\x12\x03\x3a\x01\xff"), PARLOR_E_TEXT, "repeated message"},
		{NEST, BYTES("\x1a\x03\x3a\x01\xff"), PARLOR_E_TEXT, "message of a oneof"},
		{NEST, BYTES("\x4a\x03\x0a\x01\xff"), PARLOR_E_TEXT, "key of a map"},
		{NEST, BYTES("\x32\x02\xff\x00"), PARLOR_E_OK, "bytes are not text"},
		{NEST, BYTES("\x3a\x00"), PARLOR_E_OK, "empty text"},
	};
	check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void a_single_message_stands_once(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{NEST, BYTES("\x0a\x00\x0a\x00"), PARLOR_E_FRAME, "twice"},
		{NEST, BYTES("\x0a\x00\x12\x00\x0a\x00"), PARLOR_E_FRAME, "twice, apart"},
		{NEST, BYTES("\x1a\x00\x1a\x00"), PARLOR_E_FRAME, "twice in a oneof"},
		{NEST, BYTES("\x12\x00\x12\x00"), PARLOR_E_OK, "repeated"},
		{NEST, BYTES("\x12\x02\x0a\x00\x12\x02\x0a\x00"), PARLOR_E_OK, "in two messages"},
		{NEST, BYTES("\x22\x01x\x1a\x00\x28\x01\x32\x01x"), PARLOR_E_OK,
		 "each of a oneof, the last counts"},
		{NEST, BYTES("\x3a\x01x\x3a\x01y"), PARLOR_E_OK, "a string twice, the last counts"},
	};
	check_rows(rows, sizeof rows / sizeof rows[0]);
}

/* `depth` messages in one another, the outermost included. */
static void put_nested(struct buf *b, unsigned depth, uint8_t tag)
{
	for (unsigned i = depth - 1; i > 0; i--) {
		buf_put_u8(b, tag);
		buf_put_varint(b, 2 * (i - 1));
	}
}

static void nesting_ends_at_its_bound(void **state)
{
	(void)state;
	static const uint8_t tags[] = {0x0a, 0x12, 0x1a}; /* single, repeated, oneof */
	for (size_t i = 0; i < sizeof tags; i++) {
		for (unsigned depth = 1; depth <= 60; depth++) {
			struct buf b = {0};
			put_nested(&b, depth, tags[i]);
			assert_int_equal(judge(NEST, b.data, b.len),
					 depth <= WIRE_DEPTH_MAX ? PARLOR_E_OK : PARLOR_E_FRAME);
			buf_fini(&b);
		}
	}
}

static void unknown_fields_are_dropped_and_counted(void **state)
{
	(void)state;
	for (unsigned n = 0; n <= WIRE_UNKNOWN_MAX + 1; n++) {
		struct buf inner = {0};
		struct buf b = {0};
		/* Half of them in an inner message, around what is known. */
		for (unsigned i = 0; i < n / 2; i++)
			wire_put_varint_field(&inner, 1000 + i, UINT64_MAX);
		wire_put_bytes_field(&inner, 7, SPAN_TEXT("inner"));
		for (unsigned i = n / 2; i < n; i++)
			wire_put_bytes_field(&b, 2000, SPAN_TEXT("?"));
		wire_put_bytes_field(&b, 1, (struct span){inner.data, inner.len});
		wire_put_bytes_field(&b, 7, SPAN_TEXT("outer"));

		struct arena arena;
		ProtobufCMessage *message;
		arena_init(&arena, ARENA_SIZE);
		enum parlor_err err = wire_decode(NEST, &arena, b.data, b.len, &message);
		assert_int_equal(err, n <= WIRE_UNKNOWN_MAX ? PARLOR_E_OK : PARLOR_E_FRAME);
		if (!err) {
			const Shapes__Nest *nest = (const Shapes__Nest *)message;
			assert_string_equal(nest->text, "outer");
			assert_string_equal(nest->inner->text, "inner");
			assert_int_equal(nest->base.n_unknown_fields, 0);
			assert_int_equal(nest->inner->base.n_unknown_fields, 0);
		}
		arena_fini(&arena);
		buf_fini(&inner);
		buf_fini(&b);
	}
}

static void unknown_bytes_are_bounded(void **state)
{
	(void)state;
	/* Tag of two bytes, length of two. */
	char filler[WIRE_UNKNOWN_BYTES_MAX] = {0};
	for (size_t over = 0; over <= 1; over++) {
		struct buf b = {0};
		wire_put_bytes_field(&b, 100, (struct span){filler, sizeof filler - 4 + over});
		assert_int_equal(judge(NEST, b.data, b.len), over ? PARLOR_E_FRAME : PARLOR_E_OK);
		buf_fini(&b);
	}
}

static void repeats_are_counted_up_to_a_bound(void **state)
{
	(void)state;
	struct buf b = {0};
	for (size_t i = 0; i < 5; i++) {
		wire_put_bytes_field(&b, 1, (struct span){"\x0a\0", 2});
		wire_put_varint_field(&b, 2, 7);
	}
	struct span frame = {b.data, b.len};
	assert_int_equal(wire_count(frame, 1, 100), 5);
	assert_int_equal(wire_count(frame, 3, 100), 0);
	assert_int_equal(wire_count(frame, 1, 5), 5);
	assert_int_equal(wire_count(frame, 1, 3), 4);
	/* What does not parse, and what is behind it, is not counted. */
	frame.len--;
	assert_int_equal(wire_count(frame, 2, 100), 4);
	assert_int_equal(wire_count((struct span){NULL, 0}, 1, 100), 0);
	buf_fini(&b);
}

/* An arena of every size up to what the frame needs. */
static void decode_in_all_arenas(const ProtobufCMessageDescriptor *d, const struct buf *b)
{
	bool fits = false;
	for (size_t size = 0; !fits; size += 16) {
		struct arena arena;
		ProtobufCMessage *message;
		arena_init(&arena, size);
		enum parlor_err err = wire_decode(d, &arena, b->data, b->len, &message);
		fits = err == PARLOR_E_OK;
		if (!fits)
			assert_int_equal(err, PARLOR_E_NO_MEMORY);
		assert_int_equal(fits, message != NULL);
		arena_fini(&arena);
		assert_true(size < ARENA_SIZE);
	}
}

static void an_arena_too_small_refuses_the_frame(void **state)
{
	(void)state;
	for (const struct frame *f = frames; f->name; f++) {
		struct buf b = {0};
		f->put(&b);
		decode_in_all_arenas(f->descriptor, &b);
		/* The same with unknown fields, and with many fields. */
		wire_put_bytes_field(&b, 900, SPAN_TEXT("unknown"));
		wire_put_varint_field(&b, 901, 1);
		decode_in_all_arenas(f->descriptor, &b);
		buf_fini(&b);
	}
	struct buf b = {0};
	for (int i = 0; i < 100; i++)
		wire_put_bytes_field(&b, 8, SPAN_TEXT("one of many"));
	for (int i = 0; i < 10; i++)
		wire_put_bytes_field(&b, 6, SPAN_TEXT("a oneof again"));
	wire_put_bytes_field(&b, 4, SPAN_TEXT("and another of it"));
	wire_put_varint_field(&b, 77, 7);
	decode_in_all_arenas(NEST, &b);
	buf_fini(&b);
}

static void parts_concatenate_into_a_frame(void **state)
{
	(void)state;
	struct buf whole = {0};
	struct buf parts = {0};
	Parlor__Done done = PARLOR__DONE__INIT;
	done.position = 9;
	Parlor__Reply replies[2] = {PARLOR__REPLY__INIT, PARLOR__REPLY__INIT};
	replies[0].id = 1;
	replies[1].id = 2;
	replies[1].result_case = PARLOR__REPLY__RESULT_DONE;
	replies[1].done = &done;
	Parlor__Reply *list[] = {&replies[0], &replies[1]};
	Parlor__FromBroker frame = PARLOR__FROM_BROKER__INIT;
	frame.replies = list;
	frame.n_replies = 2;
	wire_put(&whole, &frame.base);
	wire_put_field(&parts, 1, &replies[0].base);
	wire_put_field(&parts, 1, &replies[1].base);
	assert_int_equal(whole.len, parts.len);
	assert_memory_equal(whole.data, parts.data, whole.len);

	/* A zero is left out, as proto3 does; bytes are put as they are. */
	buf_clear(&parts);
	wire_put_varint_field(&parts, 5, 0);
	assert_int_equal(parts.len, 0);
	wire_put_varint_field(&parts, 5, 300);
	wire_put_bytes_field(&parts, 7, SPAN_TEXT("ab"));
	assert_int_equal(parts.len, 7);
	assert_memory_equal(parts.data,
			    "\x28\xac\x02\x3a\x02"
			    "ab",
			    7);
	buf_fini(&whole);
	buf_fini(&parts);
}

/* wire.c marks single messages in one 64-bit word for each message. */
static void no_message_has_more_fields_than_the_scan_can_mark(void **state)
{
	(void)state;
	static const ProtobufCMessageDescriptor *const widest[] = {
		&parlor__request__descriptor,   &parlor__reply__descriptor,
		&parlor__event__descriptor,     &parlor__from_worker__descriptor,
		&parlor__to_worker__descriptor, &parlor__post__descriptor,
	};
	for (size_t i = 0; i < sizeof widest / sizeof widest[0]; i++)
		assert_true(widest[i]->n_fields <= 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_frame_decodes),
		cmocka_unit_test(an_empty_frame_is_an_empty_message),
		cmocka_unit_test(every_truncation_is_refused_or_decodes),
		cmocka_unit_test(malformed_structure_is_refused),
		cmocka_unit_test(a_known_field_of_another_wire_type_is_refused),
		cmocka_unit_test(repeated_numbers_come_packed_or_not),
		cmocka_unit_test(text_is_checked_wherever_it_stands),
		cmocka_unit_test(a_single_message_stands_once),
		cmocka_unit_test(nesting_ends_at_its_bound),
		cmocka_unit_test(unknown_fields_are_dropped_and_counted),
		cmocka_unit_test(unknown_bytes_are_bounded),
		cmocka_unit_test(repeats_are_counted_up_to_a_bound),
		cmocka_unit_test(an_arena_too_small_refuses_the_frame),
		cmocka_unit_test(parts_concatenate_into_a_frame),
		cmocka_unit_test(no_message_has_more_fields_than_the_scan_can_mark),
		cmocka_unit_test(garbage_never_harms),
	};
	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
