/* The write-ahead log: what was flushed comes back, in order and whole, over as many segments
 * as it took; segments are made ahead, recycled and removed; a full or failing disk is told. */
#include "stored.h"
#include "wal_world.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct wal_counts counts_of(const struct wal_world *w)
{
	struct wal_counts counts;

	wal_counts(w->wal, &counts);
	return counts;
}

static void what_was_flushed_comes_back(void **state)
{
	struct wal_world *w = *state;

	open_wal(w);
	assert_int_equal(w->first, 0);
	write_frames(w, 200);
	assert_true(counts_of(w).segments > 4);
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->first, 1);
	assert_int_equal(w->batches, 200);
	write_frames(w, 3);
	close_wal(w);
	w->options.applied = 150;
	open_wal(w);
	assert_int_equal(w->first, 151);
	assert_int_equal(w->last, 203);
}

static void what_was_not_flushed_is_gone(void **state)
{
	struct wal_world *w = *state;

	open_wal(w);
	write_frames(w, 2);
	assert_int_equal(wal_append(w->wal, WAL_FRAME_BATCH, 1, SPAN_TEXT("never flushed")), 3);
	assert_int_equal(wal_durable(w->wal), 2);
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->last, 2);
	write_frame(w);
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->last, 3);
}

/* One write and one flush, however many frames. */
static void frames_share_a_flush(void **state)
{
	struct wal_world *w = *state;

	open_wal(w);
	w->payload = 11;
	for (int i = 0; i < 10; i++) {
		uint8_t bytes[11];
		for (size_t at = 0; at < sizeof bytes; at++)
			bytes[at] = (uint8_t)((wal_last(w->wal) + 1) * 31 + at);
		wal_append(w->wal, WAL_FRAME_BATCH, 1, (struct span){bytes, sizeof bytes});
	}
	assert_int_equal(wal_flush(w->wal), PARLOR_E_OK);
	assert_int_equal(wal_flush(w->wal), PARLOR_E_OK); /* nothing to do */
	assert_int_equal(counts_of(w).flushes, 1);
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->batches, 10);
}

/* A frame as large as a segment takes has one for itself. */
static void the_largest_frame_finds_a_place(void **state)
{
	struct wal_world *w = *state;

	w->options.segment_bytes = 2 * WAL_WORLD_SEGMENT;
	open_wal(w);
	const size_t len = wal_payload_max(w->wal);
	uint8_t *bytes = calloc(1, len);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wal_wait(w->wal), PARLOR_E_OK);
		assert_int_equal(wal_reserve(w->wal, len, 1), PARLOR_E_OK);
		wal_append(w->wal, WAL_FRAME_BATCH, 1, (struct span){bytes, len});
		assert_int_equal(wal_flush(w->wal), PARLOR_E_OK);
	}
	assert_int_equal(counts_of(w).flushes, 3);
	free(bytes);
}

/* However long a log is written, there are as many segments as what is kept needs. */
static void what_is_retired_is_written_over(void **state)
{
	struct wal_world *w = *state;

	open_wal(w);
	for (uint64_t now_us = 0; now_us < 400; now_us++) {
		write_frames(w, 10);
		wal_retire(w->wal, wal_durable(w->wal) - 5);
		wal_work(w->wal, now_us);
		assert_in_range(counts_of(w).segments, 1, 8);
	}
	assert_in_range(counts_of(w).made, 2, 8);
	assert_true(counts_of(w).recycled > 50);
	w->options.applied = wal_durable(w->wal) - 5;
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->batches, 5);
}

/* What is under way has ended, and what comes next is. */
static void work(struct wal_world *w)
{
	struct pollfd ended = {.fd = wal_fd(w->wal), .events = POLLIN};

	wal_work(w->wal, 0);
	assert_int_equal(poll(&ended, 1, 10000), 1);
	wal_work(w->wal, 0);
}

/* To the last frame that stands in it. */
static void a_segment_stays_while_a_frame_of_it_is_needed(void **state)
{
	struct wal_world *w = *state;

	w->payload = 1000;
	open_wal(w);
	const uint64_t of_one = (WAL_WORLD_SEGMENT - SEGMENT_HEAD) / wal_frame_size(w->payload);
	write_frames(w, 3 * of_one);
	wal_retire(w->wal, of_one - 1);
	while (counts_of(w).ahead < WAL_AHEAD)
		work(w);
	assert_true(segment_there(w, 1));
	wal_retire(w->wal, of_one);
	work(w);
	assert_false(segment_there(w, 1));
	assert_true(segment_there(w, 2));
	w->options.applied = of_one;
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->first, of_one + 1);
}

/* Where much was kept and nothing is any more, the space is given back. */
static void what_is_too_much_is_removed(void **state)
{
	struct wal_world *w = *state;

	open_wal(w);
	write_frames(w, 400);
	const uint64_t segments = counts_of(w).segments;
	assert_true(segments > 8);
	wal_retire(w->wal, wal_durable(w->wal));
	while (counts_of(w).segments > 5)
		work(w);
	assert_true(counts_of(w).removed >= segments - 5);
	w->options.applied = wal_durable(w->wal);
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->first, 0);
	assert_int_equal(w->last, 400);
}

/* The frame that says that all is durable is written once, and is none of the batches. */
static void idle_is_said_once(void **state)
{
	struct wal_world *w = *state;

	open_wal(w);
	write_frames(w, 4);
	for (int i = 0; i < 3; i++)
		assert_int_equal(wal_idle(w->wal, 1), PARLOR_E_OK);
	assert_int_equal(wal_last(w->wal), 5);
	assert_int_equal(wal_durable(w->wal), 4);
	write_frame(w);
	assert_int_equal(wal_durable(w->wal), 6);
	close_wal(w);
	open_wal(w);
	assert_int_equal(w->last, 6);
	assert_int_equal(w->batches, 5);
}

static void another_journal_is_refused(void **state)
{
	struct wal_world *w = *state;

	open_wal(w);
	write_frame(w);
	close_wal(w);
	w->options.journal_id++;
	assert_int_equal(try_open_wal(w), PARLOR_E_STORE_CORRUPT);
	assert_non_null(strstr(w->why, "another journal"));
	assert_null(w->wal);
}

static void segments_of_another_size_are_refused(void **state)
{
	struct wal_world *w = *state;

	open_wal(w);
	write_frame(w);
	close_wal(w);
	w->options.segment_bytes *= 2;
	assert_int_equal(try_open_wal(w), PARLOR_E_STORE_CORRUPT);
	assert_non_null(strstr(w->why, "bytes"));
}

/* What was being made when the process ended is no segment, and leaves nothing. */
static void a_segment_half_made_is_made_anew(void **state)
{
	struct wal_world *w = *state;
	char path[WAL_WORLD_PATH + 8];

	open_wal(w);
	write_frame(w);
	close_wal(w);
	segment_path(w, 9, path);
	strcat(path, ".new");
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	open_wal(w);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(w->last, 1);
}

/* ---- the form: README.md of the store ------------------------------------------------------ */

static void the_form_stays(void **state)
{
	const struct segment_head head = {
		.journal_id = 0x1112, .number = 0x21, .first = 0x31, .seed = 0x41, .chain = 0x51};
	struct buf b = {0};
	struct segment_head read;
	struct wal_frame f;
	uint64_t chain = segment_chain(&head), from = chain;

	(void)state;
	segment_head_put(&b, &head);
	assert_int_equal(b.len, SEGMENT_HEAD);
	assert_hex("head", b.data, 64,
		   "5041524c57414c31010000000000000012110000000000002100000000000000"
		   "31000000000000004100000000000000510000000000000016233cd7143369d7");
	assert_memory_equal(b.data, b.data + SEGMENT_HEAD / 2, SEGMENT_HEAD / 2);
	assert_true(segment_head_get(b.data, &read));
	assert_memory_equal(&read, &head, sizeof head);
	buf_clear(&b);
	wal_frame_put(&b,
		      &(struct wal_frame){.index = 0x31,
					  .term = 1,
					  .durable = 0x30,
					  .type = WAL_FRAME_BATCH,
					  .payload = SPAN_TEXT("payload")},
		      head.seed, &chain);
	assert_hex("frame", b.data, b.len,
		   "6ec6d6f56a1e7834070000000100000031000000000000000100000000000000"
		   "30000000000000007061796c6f616400");
	assert_int_equal(wal_frame_get(b.data, b.len, &from, &f), b.len);
	assert_int_equal(from, chain);
	assert_true(span_equal(f.payload, SPAN_TEXT("payload")));
	buf_fini(&b);
}

/* ---- a disk that fails (tests/lib/fault_shim.c) ------------------------------------------ */

static void fail_while(const struct wal_world *w, const char *variable, char path[WAL_WORLD_PATH])
{
	snprintf(path, WAL_WORLD_PATH, "%s/fault", w->top);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(setenv(variable, path, 1), 0);
}

static void a_full_disk_is_told_before_and_passes(void **state)
{
	struct wal_world *w = *state;
	char fault[WAL_WORLD_PATH];
	uint8_t bytes[1000] = {0};

	open_wal(w);
	while (counts_of(w).ahead < WAL_AHEAD)
		work(w);
	fail_while(w, "FAULT_ENOSPC_WHEN_FILE", fault);
	uint64_t written = 0;
	while (wal_reserve(w->wal, sizeof bytes, 1) == PARLOR_E_OK) {
		wal_append(w->wal, WAL_FRAME_BATCH, 1, (struct span){bytes, sizeof bytes});
		assert_int_equal(wal_flush(w->wal), PARLOR_E_OK);
		written++;
	}
	/* Both segments that were there took what they hold. */
	assert_int_equal(written,
			 2 * ((WAL_WORLD_SEGMENT - SEGMENT_HEAD) / wal_frame_size(sizeof bytes)));
	assert_int_equal(wal_wait(w->wal), PARLOR_E_STORE_FULL);
	assert_int_equal(wal_reserve(w->wal, sizeof bytes, 1), PARLOR_E_STORE_FULL);
	assert_true(counts_of(w).failed > 0);
	assert_int_equal(unlink(fault), 0);
	assert_int_equal(wal_wait(w->wal), PARLOR_E_OK);
	assert_int_equal(wal_reserve(w->wal, sizeof bytes, 1), PARLOR_E_OK);
	unsetenv("FAULT_ENOSPC_WHEN_FILE");
}

/* What the disk holds is not known: nothing is tried again, and what was told stands. */
static void a_failed_flush_is_the_end(void **state)
{
	struct wal_world *w = *state;
	char fault[WAL_WORLD_PATH];

	w->payload = 100;
	open_wal(w);
	write_frames(w, 3);
	fail_while(w, "FAULT_FDATASYNC_EIO_WHEN_FILE", fault);
	uint8_t bytes[100];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(4 * 31 + i);
	assert_int_equal(wal_append(w->wal, WAL_FRAME_BATCH, 1, (struct span){bytes, sizeof bytes}),
			 4);
	assert_int_equal(wal_flush(w->wal), PARLOR_E_STORE);
	assert_int_equal(unlink(fault), 0);
	assert_int_equal(wal_flush(w->wal), PARLOR_E_STORE);
	assert_int_equal(wal_durable(w->wal), 3);
	unsetenv("FAULT_FDATASYNC_EIO_WHEN_FILE");
	close_wal(w);
	open_wal(w);
	assert_in_range(w->last, 3, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_wal, tear_down_wal)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_flushed_comes_back),
		TEST(what_was_not_flushed_is_gone),
		TEST(frames_share_a_flush),
		TEST(the_largest_frame_finds_a_place),
		TEST(what_is_retired_is_written_over),
		TEST(a_segment_stays_while_a_frame_of_it_is_needed),
		TEST(what_is_too_much_is_removed),
		TEST(idle_is_said_once),
		TEST(another_journal_is_refused),
		TEST(segments_of_another_size_are_refused),
		TEST(a_segment_half_made_is_made_anew),
		TEST(the_form_stays),
		TEST(a_full_disk_is_told_before_and_passes),
		TEST(a_failed_flush_is_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
