/* What one turn may do for MySQL workers: what is sent to them, and what they say. */
#include "sync_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

/* Rooms enough that each partition has some. */
static void fill_every_partition(struct world *w)
{
	world_rooms(w, 16, 0);
	for (size_t i = 0; i < 16; i++) {
		char name[32];
		snprintf(name, sizeof name, "room-%zu", i);
		world_post(w, name, 100);
	}
}

/* A turn that sends one batch, and the answer to it is there. Returns whose batch it was. */
static size_t turn_of_one_batch(struct world *w, struct worker_peer *h)
{
	uint64_t position[WORLD_PARTITIONS];
	uint64_t records = world_counts(w).batch_records;
	uint64_t put_off = world_counts(w).batches_put_off;
	size_t batches = h->batches;
	memcpy(position, w->db.position, sizeof position);
	world_turn(w);
	records = world_counts(w).batch_records - records;
	assert_in_range(records, 2, w->settings.walk / 2);
	assert_int_equal(w->wait_us, 0);
	assert_int_equal(world_counts(w).batches_put_off, put_off + 1);
	zmq_pollitem_t worker = {.socket = h->socket, .events = ZMQ_POLLIN};
	while (h->batches == batches) {
		assert_int_equal(zmq_poll(&worker, 1, 30000), 1);
		worker_peer_listen(h);
	}
	assert_int_equal(h->batches, batches + 1);
	zmq_pollitem_t broker = {.socket = w->router, .events = ZMQ_POLLIN};
	assert_int_equal(zmq_poll(&broker, 1, 30000), 1);
	for (size_t i = 0; i < WORLD_PARTITIONS; i++)
		if (w->db.position[i] != position[i])
			return i;
	fail_msg("no partition went on");
	return WORLD_PARTITIONS;
}

static void a_backlog_of_all_partitions_goes_by_turns(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.walk = 60;
	world_restart(w);
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, worker_peer_partitions(h) == WORLD_PARTITIONS && world_synced(w));
	world_settle(w);
	uint64_t walked = world_counts(w).walked;
	fill_every_partition(w);

	/* Each of them is free to be sent more in each turn, and none comes twice. */
	size_t order[WORLD_PARTITIONS];
	bool seen[WORLD_PARTITIONS] = {false};
	for (size_t i = 0; i < WORLD_PARTITIONS; i++) {
		order[i] = turn_of_one_batch(w, h);
		assert_false(seen[order[i]]);
		seen[order[i]] = true;
	}
	for (size_t i = 0; i < WORLD_PARTITIONS; i++)
		assert_int_equal(turn_of_one_batch(w, h), order[i]);

	world_until(w, world_synced(w));
	world_assert_applied(w);
	assert_int_equal(world_counts(w).walked, walked);
	world_free(w);
}

static void what_workers_say_is_taken_by_turns(void **state)
{
	(void)state;
	enum { FRAMES = 40, BYTES = 1000, IN_A_TURN = 4 };
	static const uint8_t garbage[BYTES] = {0xff};
	struct world *w = world_new();
	w->settings.receive_bytes = (IN_A_TURN - 1) * BYTES + 1;
	world_restart(w);
	/* Within the process a frame is there as soon as it was sent. */
	strcpy(w->endpoint, "inproc://broker");
	assert_int_equal(zmq_bind(w->router, w->endpoint), 0);
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, h->welcome);
	for (size_t i = 0; i < FRAMES; i++)
		worker_peer_say_bytes(h, garbage, BYTES);
	uint64_t bad = 0;
	while (bad < FRAMES) {
		world_turn(w);
		assert_in_range(world_counts(w).frames_bad - bad, 1, IN_A_TURN);
		bad = world_counts(w).frames_bad;
	}
	world_until(w, h->refusals == FRAMES);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backlog_of_all_partitions_goes_by_turns),
		cmocka_unit_test(what_workers_say_is_taken_by_turns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
