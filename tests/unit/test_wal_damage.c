/* A log that is not as it was written: every byte of it flipped, every cut, what a torn write
 * leaves, and bytes of a segment's former use. It is opened with all that was acknowledged, or
 * refused in words; never with less, and never with what was not written there. */
#include "wal_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define SECTOR 512
#define STEP_OF_ZEROS 64 /* where nothing stands, one byte of so many is flipped */

/* Frames over two segments, the last one told to be durable; closed. How many. */
static uint64_t written_log(struct wal_world *w, size_t frames)
{
	open_wal(w);
	write_frames(w, frames);
	assert_int_equal(wal_idle(w->wal, 1), PARLOR_E_OK);
	close_wal(w);
	return frames;
}

static bool opens_whole_or_is_refused(struct wal_world *w, uint64_t frames)
{
	enum parlor_err err = try_open_wal(w);

	close_wal(w);
	if (err == PARLOR_E_STORE_CORRUPT)
		return false;
	assert_int_equal(err, PARLOR_E_OK);
	assert_true(w->last >= frames);
	assert_int_equal(w->batches, frames);
	return true;
}

static void no_flipped_byte_loses_a_frame(void **state)
{
	struct wal_world *w = *state;
	uint8_t bytes[WAL_WORLD_SEGMENT];
	const uint64_t frames = written_log(w, 40);
	size_t refused = 0, opened = 0;

	assert_true(segment_there(w, 2));
	for (uint64_t number = 1; segment_there(w, number); number++) {
		read_segment(w, number, bytes);
		for (size_t i = 0; i < sizeof bytes; i += bytes[i] ? 1 : 1 + i % STEP_OF_ZEROS) {
			bytes[i] ^= (uint8_t)(1U << i % 8);
			write_segment(w, number, bytes);
			if (opens_whole_or_is_refused(w, frames))
				opened++;
			else
				refused++;
			bytes[i] ^= (uint8_t)(1U << i % 8);
		}
		write_segment(w, number, bytes);
	}
	assert_true(refused > 1000);
	assert_true(opened > 100);
	assert_true(opens_whole_or_is_refused(w, frames));
}

/* What a segment holds from some byte on never got to the disk. */
static void no_cut_loses_a_frame_that_was_durable(void **state)
{
	struct wal_world *w = *state;
	uint8_t whole[WAL_WORLD_SEGMENT], cut[WAL_WORLD_SEGMENT];
	const uint64_t frames = written_log(w, 40);

	w->options.applied = 0;
	for (uint64_t number = 1; segment_there(w, number); number++) {
		read_segment(w, number, whole);
		for (size_t at = 0; at < sizeof cut; at += SECTOR / 8) {
			memcpy(cut, whole, at);
			memset(cut + at, 0, sizeof cut - at);
			write_segment(w, number, cut);
			enum parlor_err err = try_open_wal(w);
			close_wal(w);
			/* Behind the last segment's cut nothing says that there was more. */
			if (!err && number == 1)
				assert_int_equal(w->batches, frames);
			assert_true(!err || err == PARLOR_E_STORE_CORRUPT);
		}
		write_segment(w, number, whole);
	}
}

/* Each sector of a write that was under way is as it was before, or as it should be. */
static void a_torn_write_is_cut_off(void **state)
{
	struct wal_world *w = *state;
	uint8_t before[WAL_WORLD_SEGMENT], after[WAL_WORLD_SEGMENT], torn[WAL_WORLD_SEGMENT];
	enum { SECTORS = 6 };

	w->payload = SECTORS * SECTOR - 200;
	open_wal(w);
	write_frames(w, 2);
	read_segment(w, 1, before);
	write_frame(w);
	close_wal(w);
	read_segment(w, 1, after);
	const size_t from = (SEGMENT_HEAD + 2 * wal_frame_size(w->payload)) / SECTOR;
	for (unsigned sectors = 0; sectors < 1U << SECTORS; sectors++) {
		memcpy(torn, before, sizeof torn);
		for (unsigned i = 0; i < SECTORS; i++)
			if (sectors & 1U << i)
				memcpy(torn + (from + i) * SECTOR, after + (from + i) * SECTOR,
				       SECTOR);
		write_segment(w, 1, torn);
		assert_int_equal(try_open_wal(w), PARLOR_E_OK);
		assert_int_equal(w->last, memcmp(torn, after, sizeof torn) == 0 ? 3 : 2);
		close_wal(w);
	}
}

/* A write that began a segment, torn: the head is there or not, and so is the frame. */
static void a_torn_beginning_is_gone_on_from(void **state)
{
	struct wal_world *w = *state;
	uint8_t zeros[WAL_WORLD_SEGMENT] = {0}, after[WAL_WORLD_SEGMENT], torn[WAL_WORLD_SEGMENT];

	w->payload = 4000;
	open_wal(w);
	write_frames(w, 3);
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->last, 3);
	write_frame(w);
	close_wal(w);
	read_segment(w, 2, after);
	for (size_t at = 0; at <= 4 * SEGMENT_HEAD; at += SECTOR) {
		memcpy(torn, zeros, sizeof torn);
		memcpy(torn + at, after + at,
		       2 * SEGMENT_HEAD - (at < 2 * SEGMENT_HEAD ? at : 2 * SEGMENT_HEAD));
		write_segment(w, 2, torn);
		open_wal(w);
		assert_in_range(w->last, 3, 4);
		const uint64_t had = w->last;
		write_frames(w, 2);
		close_wal(w);
		open_wal(w);
		assert_int_equal(w->last, had + 2);
		close_wal(w);
		for (uint64_t number = 3; segment_there(w, number); number++)
			write_segment(w, number, zeros);
	}
}

/* Frames of a former use stand right where the next one would: they are not taken for it. */
static void stale_frames_are_not_served(void **state)
{
	struct wal_world *w = *state;

	w->payload = 200;
	open_wal(w);
	for (int i = 0; i < 40; i++) {
		write_frames(w, 30);
		wal_retire(w->wal, wal_durable(w->wal));
		wal_work(w->wal, (uint64_t)i);
		if (i % 3)
			continue;
		w->options.applied = wal_durable(w->wal);
		write_frames(w, 7);
		close_wal(w);
		open_wal(w);
		assert_int_equal(w->batches, 7);
	}
}

static void a_missing_segment_is_told(void **state)
{
	struct wal_world *w = *state;
	char path[WAL_WORLD_PATH];

	written_log(w, 100);
	segment_path(w, 2, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(try_open_wal(w), PARLOR_E_STORE_CORRUPT);
	assert_non_null(strstr(w->why, "missing"));
}

static void a_missing_beginning_is_told(void **state)
{
	struct wal_world *w = *state;
	char path[WAL_WORLD_PATH];

	written_log(w, 100);
	segment_path(w, 1, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(try_open_wal(w), PARLOR_E_STORE_CORRUPT);
	assert_non_null(strstr(w->why, "missing"));
}

/* The tables behind the log have more than it holds: some of it is lost. */
static void a_log_behind_its_tables_is_told(void **state)
{
	struct wal_world *w = *state;

	written_log(w, 10);
	w->options.applied = 20;
	assert_int_equal(try_open_wal(w), PARLOR_E_STORE_CORRUPT);
	assert_non_null(strstr(w->why, "applied"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_wal, tear_down_wal)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_flipped_byte_loses_a_frame), TEST(no_cut_loses_a_frame_that_was_durable),
		TEST(a_torn_write_is_cut_off),       TEST(a_torn_beginning_is_gone_on_from),
		TEST(stale_frames_are_not_served),   TEST(a_missing_segment_is_told),
		TEST(a_missing_beginning_is_told),   TEST(a_log_behind_its_tables_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
