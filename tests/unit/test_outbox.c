/* What a turn sends, over a real ROUTER and real DEALERs on TCP: order, sharing,
 * splitting, and peers that go. */
#include "outbox_world.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_equal_frames_are_shared(void **state)
{
	struct world *w = *state;
	struct outbox_counts counts;
	struct outbox_part reply = put(w, "reply ");
	add(w, 0, reply);
	struct outbox_part first = put(w, "first ");
	struct outbox_part second = put(w, "second");
	for (int i = 0; i < 3; i++)
		add(w, i, first);
	for (int i = 0; i < 3; i++)
		add(w, i, second);
	add(w, 3, second);
	assert_int_equal(outbox_space(w->outbox, w->dealers[0].peer),
			 world_limits.peer_bytes_max - 18);
	assert_int_equal(outbox_put_down(w->outbox), 18);
	outbox_flush(w->outbox);
	expect(w, 0, "reply first second");
	expect(w, 1, "first second");
	expect(w, 2, "first second");
	expect(w, 3, "second");
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.frames, 4);
	assert_int_equal(counts.shared, 1);
	assert_int_equal(counts.frame_bytes, 18 + 12 + 12 + 6);
	assert_null(outbox_failed(w->outbox));

	/* The next turn begins with nothing. */
	assert_int_equal(outbox_put_down(w->outbox), 0);
	add(w, 1, put(w, "later"));
	outbox_flush(w->outbox);
	expect(w, 1, "later");
	await_empty(w);
	for (int i = 0; i < DEALERS; i++)
		assert_int_equal(outbox_queued(w->dealers[i].peer), 0);
}

static void test_a_part_is_encoded_in_place(void **state)
{
	struct world *w = *state;
	struct outbox_part before = put(w, "<");
	buf_put(outbox_begin(w->outbox), "in", 2);
	struct outbox_part part = outbox_end(w->outbox);
	add(w, 0, before);
	add(w, 0, part);
	add(w, 0, part);
	outbox_flush(w->outbox);
	expect(w, 0, "<inin");
}

static void test_large_frames_are_split_between_parts(void **state)
{
	struct world *w = *state;
	uint8_t *bytes = mem_new(100 * 1024);
	memset(bytes, 'x', 100 * 1024);
	static const size_t sizes[] = {30 * 1024, 30 * 1024, 30 * 1024, 100 * 1024, 1, 2};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct outbox_part part = outbox_put(w->outbox, (struct span){bytes, sizes[i]});
		add(w, 0, part);
		add(w, 1, part);
	}
	outbox_flush(w->outbox);
	for (int d = 0; d < 2; d++) {
		assert_int_equal(frame_of(w->dealers[d].socket, 'x'), 60 * 1024);
		assert_int_equal(frame_of(w->dealers[d].socket, 'x'), 30 * 1024);
		assert_int_equal(frame_of(w->dealers[d].socket, 'x'), 100 * 1024);
		assert_int_equal(frame_of(w->dealers[d].socket, 'x'), 3);
	}
	struct outbox_counts counts;
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.shared, 4);
	free(bytes);
}

static void test_a_peer_that_vanished_is_reported_once(void **state)
{
	struct world *w = *state;
	zmq_close(w->dealers[1].socket);
	w->dealers[1].socket = NULL;
	uint64_t until = clock_mono_us() + WAIT_MS * 1000u;
	void *failed;
	do {
		/* The socket hears of the peer's end while it is polled. */
		zmq_pollitem_t item = {.socket = front_socket(w->front), .events = ZMQ_POLLIN};
		assert_true(zmq_poll(&item, 1, 1) >= 0);
		add(w, 0, put(w, "still here"));
		add(w, 1, put(w, "anyone?"));
		outbox_flush(w->outbox);
		expect(w, 0, "still here");
		failed = outbox_failed(w->outbox);
		assert_true(failed || clock_mono_us() < until);
	} while (!failed);
	assert_ptr_equal(failed, &w->dealers[1]);
	assert_int_equal(outbox_space(w->outbox, w->dealers[1].peer), 0);
	assert_null(outbox_failed(w->outbox));
	await_empty(w);
}

static void test_a_farewell_is_sent_after_the_close(void **state)
{
	struct world *w = *state;
	struct outbox_part bye = put(w, "goodbye");
	add(w, 0, bye);
	outbox_close(w->outbox, w->dealers[0].peer);
	w->dealers[0].peer = NULL;
	outbox_flush(w->outbox);
	expect(w, 0, "goodbye");

	/* Closed within a turn that is never flushed: nothing is left behind. */
	add(w, 1, put(w, "never"));
	outbox_close(w->outbox, w->dealers[1].peer);
	w->dealers[1].peer = NULL;
}

/* One random turn: each part to a random set of peers, noted for each. */
static void random_turn(struct world *w, struct buf expected[DEALERS])
{
	int parts = 1 + rand() % 12;
	for (int p = 0; p < parts; p++) {
		uint8_t bytes[300];
		size_t len = 1 + (size_t)rand() % sizeof bytes;
		memset(bytes, 'a' + rand() % 26, len);
		struct outbox_part part = outbox_put(w->outbox, (struct span){bytes, len});
		int who = rand() % 2 ? rand() % (1 << DEALERS) : (1 << DEALERS) - 1;
		for (int d = 0; d < DEALERS; d++)
			if (who & 1 << d) {
				add(w, d, part);
				buf_put(&expected[d], bytes, len);
			}
	}
	outbox_flush(w->outbox);
}

static void receive_all(void *socket, const struct buf *expected)
{
	size_t at = 0;
	while (at < expected->len) {
		zmq_msg_t msg;
		await_readable(socket);
		(void)zmq_msg_init(&msg);
		assert_true(zmq_msg_recv(&msg, socket, 0) > 0);
		assert_true(at + zmq_msg_size(&msg) <= expected->len);
		assert_memory_equal(zmq_msg_data(&msg), expected->data + at, zmq_msg_size(&msg));
		at += zmq_msg_size(&msg);
		(void)zmq_msg_close(&msg);
	}
}

static void test_random_turns_arrive_whole_and_in_order(void **state)
{
	(void)state;
	struct outbox_limits small = world_limits;
	small.frame_bytes_max = 700;
	struct world *w = world_open(&small);
	struct buf expected[DEALERS] = {0};
	srand(17);
	for (int round = 0; round < 200; round++) {
		for (int turn = rand() % 10; turn >= 0; turn--)
			random_turn(w, expected);
		for (int d = 0; d < DEALERS; d++) {
			receive_all(w->dealers[d].socket, &expected[d]);
			buf_clear(&expected[d]);
		}
	}
	await_empty(w);
	assert_null(outbox_failed(w->outbox));
	for (int d = 0; d < DEALERS; d++)
		buf_fini(&expected[d]);
	world_close(w);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_equal_frames_are_shared),
		IN_A_WORLD(test_a_part_is_encoded_in_place),
		IN_A_WORLD(test_large_frames_are_split_between_parts),
		IN_A_WORLD(test_a_peer_that_vanished_is_reported_once),
		IN_A_WORLD(test_a_farewell_is_sent_after_the_close),
		cmocka_unit_test(test_random_turns_arrive_whole_and_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
