/* Batches to workers: who is assigned a partition, in which order and up to which
 * limits they go, and what happens when a worker fails, hangs or is gone. */
#include "sync_world.h"

#include "core/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void one_worker_gets_every_partition(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_rooms(w, 3, 10);
	assert_int_equal(sync_synced(w->sync), 0);
	assert_int_equal(sync_trimmable(w->sync), 0);

	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_synced(w));
	assert_true(h->welcome);
	assert_int_equal(h->told.broker_id, 4711);
	assert_int_equal(h->told.partitions, WORLD_PARTITIONS);
	assert_int_equal(h->told.lease_ms, w->settings.lease_ms);
	assert_int_equal(worker_peer_partitions(h), WORLD_PARTITIONS);
	for (size_t i = 0; i < WORLD_PARTITIONS; i++) {
		assert_true(h->epoch[i] >> 32 == core_run(w->core));
		for (size_t k = 0; k < i; k++)
			assert_true(h->epoch[i] != h->epoch[k]);
	}
	world_assert_applied(w);

	struct sync_partition_view view;
	sync_partition_show(w->sync, 0, &view);
	assert_string_equal(view.worker, "one");
	assert_string_equal(view.error, "");
	assert_int_equal(view.position, world_head(w));
	assert_int_equal(sync_workers(w->sync), 1);
	world_free(w);
}

static void a_record_says_what_mysql_needs(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_room(w, "lobby");
	uint64_t position = world_post(w, "lobby", 2);
	uint32_t partition = w->partition_of[position];
	struct worker_peer *h = world_hire(w, "one");
	h->hold = true;
	world_until(w, h->batch[partition]);

	const Parlor__Batch *b = h->batch[partition]->batch;
	assert_int_equal(b->after, 0);
	assert_int_equal(b->upto, world_head(w));
	assert_true(b->n_records >= 6);
	const Parlor__SyncRecord *r = b->records[b->n_records - 1];
	assert_int_equal(r->kind, PARLOR__RECORD_KIND__RECORD_POSTED);
	assert_string_equal(r->tenant, "acme");
	assert_int_equal(r->counted, 2);
	assert_int_equal(r->seen, 2);
	assert_int_equal(r->members, 3);
	assert_int_equal(r->event->position, position);
	assert_string_equal(r->event->posted->body, "hello");

	world_until(w, h->batch[0]);
	const Parlor__SyncRecord *boot = h->batch[0]->batch->records[0];
	assert_int_equal(boot->kind, PARLOR__RECORD_KIND__RECORD_BOOT);
	assert_int_equal(boot->event->position, 1);
	assert_true(boot->event->time_us > 0);
	assert_string_equal(boot->tenant, "");
	world_free(w);
}

static void thousands_of_records_reach_two_workers_in_order(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.batch_records = 100;
	world_restart(w);
	struct worker_peer *a = world_hire(w, "a");
	world_until(w, worker_peer_partitions(a) == WORLD_PARTITIONS);
	struct worker_peer *b = world_hire(w, "b");
	world_until(w, worker_peer_partitions(b) == WORLD_PARTITIONS / 2 &&
			       worker_peer_partitions(a) == WORLD_PARTITIONS / 2);
	assert_int_equal(a->revokes, WORLD_PARTITIONS / 2);
	for (size_t i = 0; i < WORLD_PARTITIONS; i++)
		if (b->owns[i])
			assert_true(b->epoch[i] > a->epoch[i]);

	world_until(w, world_synced(w));
	uint64_t walked = world_counts(w).walked;
	world_rooms(w, 16, 0);
	for (size_t i = 0; i < 80; i++) {
		char name[32];
		snprintf(name, sizeof name, "room-%zu", i % 16);
		world_post(w, name, 100);
		world_turn(w);
	}
	world_until(w, world_synced(w));
	world_assert_applied(w);
	assert_true(a->batch_records > 0 && b->batch_records > 0);
	assert_in_range(a->largest_batch, 2, 100);
	assert_int_equal(world_counts(w).walked, walked);
	world_free(w);
}

static void a_batch_says_whether_more_wait_behind_it(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.batch_records = 10;
	world_restart(w);
	world_rooms(w, 1, 0);
	world_post(w, "room-0", 30);
	struct worker_peer *a = world_hire(w, "a");
	world_until(w, world_synced(w));
	world_assert_applied(w);
	assert_in_range(a->mores, 3, 4);
	for (size_t i = 0; i < WORLD_PARTITIONS; i++)
		assert_false(a->more[i]);
	world_free(w);
}

static void a_full_recent_is_made_up_for_by_the_journal(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.recent = 16;
	w->settings.batch_records = 50;
	w->settings.walk = 64;
	world_restart(w);
	world_rooms(w, 8, 0);
	for (size_t i = 0; i < 8; i++) {
		char name[32];
		snprintf(name, sizeof name, "room-%zu", i);
		world_post(w, name, 300);
	}
	world_hire(w, "late");
	world_until(w, world_synced(w));
	world_assert_applied(w);
	uint64_t walked = world_counts(w).walked;
	assert_true(walked >= world_head(w) - 16 * WORLD_PARTITIONS);

	world_rooms(w, 8, 8);
	world_until(w, world_synced(w));
	world_assert_applied(w);
	assert_int_equal(world_counts(w).walked, walked);
	world_free(w);
}

static void a_new_start_goes_on_from_the_marks(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *h = world_hire(w, "one");
	world_rooms(w, 6, 500);
	world_until(w, world_synced(w));
	worker_peer_close(h);
	world_rooms(w, 6, 100);
	world_restart(w);
	assert_int_equal(sync_synced(w->sync), 0);
	world_rooms(w, 6, 100);
	world_hire(w, "two");
	world_until(w, world_synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void marks_of_idle_partitions_follow_now_and_then(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_room(w, "only");
	uint32_t busy = w->partition_of[world_post(w, "only", 1)];
	uint32_t idle = busy == 1 ? 2 : 1;
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_synced(w));
	world_post(w, "only", 1);
	w->now_us += w->settings.idle_ms * 1000;
	worker_peer_ping(h);
	world_until(w, sync_trimmable(w->sync) == world_head(w));

	/* A moment later is too soon for them. */
	uint64_t before = world_head(w);
	world_post(w, "only", 10);
	world_until(w, world_synced(w));
	assert_int_equal(w->db.position[busy], world_head(w));
	assert_int_equal(w->db.position[idle], before);
	assert_int_equal(sync_trimmable(w->sync), before);

	w->now_us += w->settings.idle_ms * 1000;
	worker_peer_ping(h);
	world_until(w, w->db.position[idle] == world_head(w));
	world_until(w, sync_trimmable(w->sync) == world_head(w));
	size_t batches = h->batches;
	w->now_us += w->settings.idle_ms * 1000;
	world_settle(w);
	assert_int_equal(h->batches, batches);
	world_free(w);
}

static void a_silent_worker_loses_its_partitions(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *a = world_hire(w, "a");
	world_until(w, worker_peer_partitions(a) == WORLD_PARTITIONS);
	struct worker_peer *b = world_hire(w, "b");
	world_until(w, worker_peer_partitions(a) == 2 && worker_peer_partitions(b) == 2);
	world_until(w, world_synced(w));

	a->hold = true;
	world_rooms(w, 16, 50);
	size_t mine = 0;
	while (!a->owns[mine])
		mine++;
	world_until(w, a->batch[mine] && w->db.position[mine] != world_head(w));
	/* Whatever it said before is heard: its silence begins here. */
	size_t pongs = a->pongs;
	worker_peer_ping(a);
	world_until(w, a->pongs > pongs);
	w->now_us += w->settings.lease_ms * 1000 / 2;
	pongs = b->pongs;
	worker_peer_ping(b);
	world_until(w, b->pongs > pongs);
	w->now_us += w->settings.lease_ms * 1000 / 2 + 1;
	world_until(w, worker_peer_partitions(b) == WORLD_PARTITIONS && world_synced(w));
	assert_true(b->epoch[mine] > a->epoch[mine]);
	assert_int_equal(sync_workers(w->sync), 1);
	assert_int_equal(world_counts(w).workers_lost, 1);
	world_assert_applied(w);

	/* It wakes up: its batch is fenced off, its word is not taken. */
	a->hold = false;
	worker_peer_apply(a, (uint32_t)mine);
	world_until(w, a->refusals > 0);
	assert_int_equal(a->refused, PARLOR_E_NO_SESSION);
	world_settle(w);
	assert_true(world_synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void a_worker_that_says_goodbye_is_replaced_at_once(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *a = world_hire(w, "a"), *b = world_hire(w, "b");
	world_until(w, worker_peer_partitions(a) == 2 && worker_peer_partitions(b) == 2);
	worker_peer_goodbye(a);
	worker_peer_close(a);
	world_rooms(w, 4, 40);
	world_until(w, worker_peer_partitions(b) == WORLD_PARTITIONS && world_synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void a_worker_whose_connection_is_gone_is_replaced_when_spoken_to(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *a = world_hire(w, "a"), *b = world_hire(w, "b");
	world_until(w, worker_peer_partitions(a) == 2 && worker_peer_partitions(b) == 2 &&
			       world_synced(w));
	worker_peer_close(a);
	world_settle(w);
	/* Whether the socket knows by now shows only when it is written to; the
	 * lease ends the matter when it does not. */
	world_rooms(w, 8, 40);
	world_settle(w);
	for (int i = 0; i < 2; i++) {
		w->now_us += w->settings.lease_ms * 1000 / 2 + 1;
		world_settle(w);
	}
	world_until(w, worker_peer_partitions(b) == WORLD_PARTITIONS && world_synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void batches_shrink_to_what_the_database_takes(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_rooms(w, 1, 0);
	world_post(w, "room-0", 1000);
	struct worker_peer *h = world_hire(w, "one");
	h->largest = 3;
	world_until(w, world_synced(w));
	assert_in_range(h->largest_batch, 1, 3);
	world_assert_applied(w);
	assert_in_range(world_counts(w).batches_failed, 1, 100);

	/* And grow again once it takes more. */
	h->largest = 0;
	world_post(w, "room-0", 1000);
	world_until(w, world_synced(w));
	assert_true(h->largest_batch > 20);
	world_assert_applied(w);
	world_free(w);
}

static void batches_are_bounded_in_bytes(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.batch_bytes = 500;
	world_restart(w);
	world_rooms(w, 2, 100);
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_synced(w));
	assert_in_range(h->largest_batch, 2, 20);
	world_assert_applied(w);
	assert_true(world_counts(w).batch_bytes / world_counts(w).batches <= 500);
	world_free(w);
}

static void a_stuck_partition_says_why_and_goes_on(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_room(w, "lobby");
	uint32_t partition = w->partition_of[world_head(w)];
	struct worker_peer *h = world_hire(w, "one");
	h->hold = true;
	world_until(w, h->batch[partition]);
	worker_peer_fail(h, partition, PARLOR__FAIL_CLASS__FAIL_STUCK, "1146 no such table");
	world_until(w, world_error_of(w, partition)[0]);
	assert_string_equal(world_error_of(w, partition), "1146 no such table");

	/* The worker goes on trying, however long; nobody takes the partition away. */
	uint64_t epoch = h->epoch[partition];
	for (uint64_t t = 0; t < 2 * w->settings.batch_ms; t += w->settings.lease_ms / 2) {
		w->now_us += w->settings.lease_ms / 2 * 1000;
		worker_peer_ping(h);
		size_t pongs = h->pongs;
		world_until(w, h->pongs > pongs);
	}
	assert_int_equal(h->epoch[partition], epoch);
	h->hold = false;
	for (uint32_t i = 0; i < WORLD_PARTITIONS; i++)
		if (h->batch[i])
			worker_peer_apply(h, i);
	world_until(w, world_synced(w));
	assert_string_equal(world_error_of(w, partition), "");
	world_assert_applied(w);
	world_free(w);
}

static void a_batch_that_is_never_answered_goes_to_another_worker(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *a = world_hire(w, "a"), *b = world_hire(w, "b");
	world_until(w, worker_peer_partitions(a) == 2 && worker_peer_partitions(b) == 2 &&
			       world_synced(w));
	a->hold = true;
	world_rooms(w, 16, 20);
	world_settle(w);
	for (uint64_t t = 0; t < w->settings.batch_ms + w->settings.lease_ms;
	     t += w->settings.lease_ms / 2) {
		w->now_us += w->settings.lease_ms / 2 * 1000;
		world_settle(w);
	}
	assert_int_equal(sync_workers(w->sync), 2);
	world_until(w, worker_peer_partitions(b) == WORLD_PARTITIONS && world_synced(w));

	/* It wakes up: what it held is fenced off, and it is given partitions again. */
	a->hold = false;
	for (uint32_t i = 0; i < WORLD_PARTITIONS; i++)
		if (a->batch[i])
			worker_peer_apply(a, i);
	world_until(w, worker_peer_partitions(a) == 2 && worker_peer_partitions(b) == 2);
	world_rooms(w, 16, 20);
	world_until(w, world_synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void a_word_about_unread_in_between_disturbs_no_batch(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, worker_peer_partitions(h) == WORLD_PARTITIONS && world_synced(w));
	h->hold = true;
	world_room(w, "lobby");
	uint32_t partition = w->partition_of[world_head(w)];
	world_until(w, h->batch[partition]);
	size_t batches = (size_t)world_counts(w).batches;
	worker_peer_state(h, partition);
	world_settle(w);
	assert_int_equal(world_counts(w).batches, batches);
	h->hold = false;
	for (uint32_t i = 0; i < WORLD_PARTITIONS; i++)
		if (h->batch[i])
			worker_peer_apply(h, i);
	world_until(w, world_synced(w));
	world_assert_applied(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_worker_gets_every_partition),
		cmocka_unit_test(a_record_says_what_mysql_needs),
		cmocka_unit_test(thousands_of_records_reach_two_workers_in_order),
		cmocka_unit_test(a_batch_says_whether_more_wait_behind_it),
		cmocka_unit_test(a_full_recent_is_made_up_for_by_the_journal),
		cmocka_unit_test(a_new_start_goes_on_from_the_marks),
		cmocka_unit_test(marks_of_idle_partitions_follow_now_and_then),
		cmocka_unit_test(a_silent_worker_loses_its_partitions),
		cmocka_unit_test(a_worker_that_says_goodbye_is_replaced_at_once),
		cmocka_unit_test(a_worker_whose_connection_is_gone_is_replaced_when_spoken_to),
		cmocka_unit_test(batches_shrink_to_what_the_database_takes),
		cmocka_unit_test(batches_are_bounded_in_bytes),
		cmocka_unit_test(a_stuck_partition_says_why_and_goes_on),
		cmocka_unit_test(a_batch_that_is_never_answered_goes_to_another_worker),
		cmocka_unit_test(a_word_about_unread_in_between_disturbs_no_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
