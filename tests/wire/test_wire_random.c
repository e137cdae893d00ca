#include "test_wire_random.h"

#include "base/clock.h"
#include "frames.h"
#include "wire.h"

#include <shapes.pb-c.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 200000
#define NOISE_MAX 200
#define FRAMES_MAX 16

static uint64_t random_state;

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t below(size_t n)
{
	return (size_t)(next() % n);
}

static void put_noise(struct buf *b)
{
	/* Small bytes make tags and lengths that often hold. */
	bool small = next() & 1;
	for (size_t n = below(NOISE_MAX); n > 0; n--)
		buf_put_u8(b, (uint8_t)(small ? below(64) : next()));
}

static void damage(struct buf *b)
{
	for (size_t n = 1 + below(4); n > 0 && b->len > 0; n--) {
		size_t at = below(b->len);
		switch (below(4)) {
		case 0:
			b->data[at] = (uint8_t)next();
			break;
		case 1:
			b->data[at] ^= (uint8_t)(1 << below(8));
			break;
		case 2:
			b->len = at;
			break;
		default:
			memmove(b->data + at, b->data + at + 1, b->len - at - 1);
			b->len--;
		}
	}
}

/* Decodes a copy of exactly that size. What the scan takes decodes when there
 * is room, holds nothing unknown, and is taken again when encoded. Returns
 * whether it was taken. */
static bool try_frame(const ProtobufCMessageDescriptor *d, struct arena *arena,
		      const struct buf *frame)
{
	uint8_t *copy = malloc(frame->len ? frame->len : 1);
	ProtobufCMessage *message;
	assert_non_null(copy);
	if (frame->len)
		memcpy(copy, frame->data, frame->len);
	enum parlor_err scanned = wire_scan(d, copy, frame->len);
	arena_clear(arena);
	enum parlor_err decoded = wire_decode(d, arena, copy, frame->len, &message);
	free(copy);
	assert_int_equal(scanned, decoded);
	if (decoded) {
		assert_true(decoded == PARLOR_E_FRAME || decoded == PARLOR_E_TEXT ||
			    decoded == PARLOR_E_NO_MEMORY);
		assert_null(message);
		return false;
	}
	struct buf again = {0};
	assert_int_equal(message->n_unknown_fields, 0);
	wire_put(&again, message);
	assert_int_equal(wire_scan(d, again.data, again.len), PARLOR_E_OK);
	buf_fini(&again);
	return true;
}

static void try_in_a_small_arena(const ProtobufCMessageDescriptor *d, const struct buf *frame)
{
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, below(2048));
	enum parlor_err err = wire_decode(d, &arena, frame->data, frame->len, &message);
	assert_int_equal(err == PARLOR_E_OK, message != NULL);
	arena_fini(&arena);
}

void garbage_never_harms(void **state)
{
	(void)state;
	const char *wanted = getenv("PARLOR_SEED");
	random_state = wanted ? strtoull(wanted, NULL, 10) : clock_wall_us();
	print_message("PARLOR_SEED=%" PRIu64 "\n", random_state);

	struct buf good[FRAMES_MAX] = {0};
	size_t n = 0;
	for (; frames[n].name; n++) {
		assert_true(n < FRAMES_MAX);
		frames[n].put(&good[n]);
	}
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct buf b = {0};
	size_t taken = 0;
	for (int round = 0; round < ROUNDS; round++) {
		size_t i = below(n);
		const ProtobufCMessageDescriptor *d = frames[i].descriptor;
		buf_clear(&b);
		(void)buf_reserve(&b, 1);
		if (next() & 1) {
			buf_put(&b, good[i].data, good[i].len);
			damage(&b);
		} else {
			static const ProtobufCMessageDescriptor *const shapes[] = {
				&shapes__nest__descriptor, &shapes__scalars__descriptor};
			put_noise(&b);
			if (next() & 1)
				d = shapes[next() & 1];
		}
		taken += try_frame(d, &arena, &b);
		try_in_a_small_arena(d, &b);
	}
	print_message("%zu of %d taken\n", taken, ROUNDS);
	/* Both answers must have been exercised. */
	assert_true(taken > ROUNDS / 100 && taken < ROUNDS);
	arena_fini(&arena);
	buf_fini(&b);
	for (size_t i = 0; i < n; i++)
		buf_fini(&good[i]);
}
