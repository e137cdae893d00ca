/* What one turn may do for MySQL workers: what is sent to them, what they say, and what is sent
 * when it cannot read all there is. */
#include "sync_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
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

/* ---- what a turn cannot read ------------------------------------------------------------- */

/* A room of another partition than that one. */
static uint32_t other_room(struct world *w, uint32_t partition, char name[32])
{
	uint32_t other = partition;
	for (size_t i = 0; other == partition; i++) {
		snprintf(name, 32, "other-%zu", i);
		other = w->partition_of[world_room(w, name)];
	}
	return other;
}

static void until_all_is_there(struct world *w)
{
	world_until(w, world_synced(w));
	world_settle(w);
}

/* The worker is sent just these records of the partition, up to there. */
static void assert_sent(struct world *w, struct worker_peer *h, uint32_t partition, size_t records,
			uint64_t upto)
{
	world_until(w, h->batch[partition]);
	const Parlor__Batch *b = h->batch[partition]->batch;
	assert_int_equal(b->n_records, records);
	assert_int_equal(b->upto, upto);
}

/* Whatever the turn shows is sent, and the mark goes no further than that. */
static void a_commit_that_a_turn_does_not_show_yet_holds_nothing_back(void **state)
{
	(void)state;
	char other[32];
	struct world *w = world_new();
	struct worker_peer *h = world_hire_for_all(w);
	uint32_t partition = w->partition_of[world_room(w, "room")];
	other_room(w, partition, other);
	for (int own = 0; own <= 1; own++) {
		until_all_is_there(w);
		h->hold = true;
		uint64_t last = world_post(w, "room", 5);
		uint64_t batches = world_counts(w).batches;
		world_turn_unseen(w, own ? "room" : other);
		assert_int_equal(world_counts(w).batches, batches + 1);
		assert_sent(w, h, partition, 5, last);
		worker_peer_apply_held(h);
	}
	until_all_is_there(w);
	world_assert_applied(w);
	world_free(w);
}

/* On disk, wherever they stand. */
static void replace_bytes(struct world *w, const uint8_t *from, const uint8_t *to, size_t len)
{
	char path[96];
	struct stat st;
	snprintf(path, sizeof path, "%s/data.mdb", w->dir);
	int fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	uint8_t *file = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(file, MAP_FAILED);
	uint8_t *at = file, *end = file + st.st_size;
	size_t found = 0;
	for (; (at = memmem(at, (size_t)(end - at), from, len)); found++)
		memcpy(at, to, len);
	assert_true(found > 0);
	assert_int_equal(munmap(file, (size_t)st.st_size) | close(fd), 0);
}

static void what_comes_before_a_damaged_record_is_sent(void **state)
{
	(void)state;
	uint8_t head[256], damaged[256];
	struct entry e;
	struct world *w = world_new();
	struct worker_peer *h = world_hire_for_all(w);
	uint32_t partition = w->partition_of[world_room(w, "room")];
	until_all_is_there(w);
	h->hold = true;
	uint64_t last = world_post(w, "room", 5);
	world_post(w, "room", 2);
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
	assert_int_equal(store_read(w->store, last + 1, &e), PARLOR_E_OK);
	size_t len = e.head.len;
	assert_true(len <= sizeof head);
	memcpy(head, e.head.data, len);
	store_read_end(w->store);
	memcpy(damaged, head, len);
	damaged[0] ^= 4;

	replace_bytes(w, head, damaged, len);
	assert_sent(w, h, partition, 5, last);
	worker_peer_apply_held(h);
	world_until(w, *world_error_of(w, partition));
	assert_int_equal(world_position_of(w, partition), last);
	replace_bytes(w, damaged, head, len);
	w->now_us += w->settings.retry_ms * 1000;
	until_all_is_there(w);
	world_assert_applied(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backlog_of_all_partitions_goes_by_turns),
		cmocka_unit_test(what_workers_say_is_taken_by_turns),
		cmocka_unit_test(a_commit_that_a_turn_does_not_show_yet_holds_nothing_back),
		cmocka_unit_test(what_comes_before_a_damaged_record_is_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
