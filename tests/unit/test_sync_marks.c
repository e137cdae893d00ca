/* What MySQL's marks say, and sync does about it: they may go back, stand where the
 * journal is not, or be those of another history. */
#include "sync_world.h"

#include "core/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A backup is put back: everything behind that position is gone. */
static void put_back(struct world *w, uint64_t position)
{
	for (size_t i = 0; i < WORLD_PARTITIONS; i++) {
		w->db.position[i] = position;
		w->db.digest[i] = world_digest(w, position);
	}
	memset(w->db.applied + position + 1, 0, sizeof w->db.applied - position - 1);
}

static void everything_is_sent_again(struct world *w)
{
	uint64_t back = world_counts(w).marks_back;
	for (size_t i = 0; i < 4; i++)
		world_rooms(w, 4, 8);
	world_until(w, world_counts(w).marks_back > back);
	w->now_us += w->settings.idle_ms * 1000;
	world_until(w, world_synced(w) && sync_trimmable(w->sync) == world_head(w));
	world_assert_applied(w);
}

static void a_mark_that_goes_back_is_believed(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_hire(w, "one");
	world_rooms(w, 4, 400);
	world_until(w, world_synced(w));
	put_back(w, 100);
	everything_is_sent_again(w);
	world_free(w);
}

static void an_epoch_that_goes_back_is_claimed_again(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *h = world_hire(w, "one");
	world_rooms(w, 4, 400);
	world_until(w, world_synced(w));
	for (uint64_t older = 0; older < 2; older++) {
		uint64_t epoch = h->epoch[0];
		put_back(w, 100);
		for (size_t i = 0; i < WORLD_PARTITIONS; i++)
			w->db.epoch[i] = older ? w->db.epoch[i] - 1 : 0;
		everything_is_sent_again(w);
		assert_true(h->epoch[0] > epoch);
		assert_int_equal(w->db.epoch[0], h->epoch[0]);
		assert_string_equal(world_error_of(w, 0), "");
	}
	world_free(w);
}

static void a_mark_ahead_of_the_journal_is_sent_nothing(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_rooms(w, 8, 20);
	w->db.position[2] = world_head(w) + 1000;
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_error_of(w, 2)[0]);
	assert_non_null(strstr(world_error_of(w, 2), "ahead of the journal"));
	world_until(w, world_position_of(w, 1) == world_head(w));
	world_settle(w);
	assert_int_equal(w->db.position[2], world_head(w) + 1000);
	assert_int_equal(world_position_of(w, 2), 0);
	assert_int_equal(sync_synced(w->sync), 0);

	/* The database is put right; it is asked again after a while. */
	uint64_t epoch = h->epoch[2];
	w->db.position[2] = 0;
	w->now_us += w->settings.retry_ms * 1000;
	worker_peer_ping(h);
	world_until(w, world_synced(w));
	assert_true(h->epoch[2] > epoch);
	assert_string_equal(world_error_of(w, 2), "");
	world_assert_applied(w);
	world_free(w);
}

static void a_mark_behind_the_trimmed_journal_is_sent_nothing(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_rooms(w, 8, 100);
	world_trim(w, 50);
	w->db.position[1] = 49;
	w->db.digest[1] = 12345; /* nobody knows any more what stood there */
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_position_of(w, 1) == world_head(w));
	world_until(w, world_error_of(w, 0)[0] && world_error_of(w, 2)[0]);
	world_settle(w);
	assert_non_null(strstr(world_error_of(w, 2), "the journal begins at 50"));
	assert_int_equal(w->db.position[2], 0);
	assert_true(h->batch_records > 0);
	world_free(w);
}

static void every_mark_has_the_digest_of_its_record(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *h = world_hire(w, "one");
	world_rooms(w, 4, 100);
	world_until(w, world_synced(w));
	w->now_us += w->settings.idle_ms * 1000;
	worker_peer_ping(h);
	world_until(w, sync_trimmable(w->sync) == world_head(w));
	for (size_t i = 0; i < WORLD_PARTITIONS; i++)
		assert_true(w->db.digest[i] == world_digest(w, w->db.position[i]));
	world_free(w);
}

/* A broker's directory was put back from a copy, and the database was not. */
static void a_database_of_another_history_is_sent_nothing(void **state)
{
	(void)state;
	struct world *before = world_new(), *w = world_new();
	struct worker_peer *h = world_hire(before, "one");
	world_rooms(before, 4, 200);
	before->now_us += before->settings.idle_ms * 1000;
	worker_peer_ping(h);
	world_until(before, sync_trimmable(before->sync) == world_head(before));
	uint64_t mark = world_head(before);
	w->db = before->db;
	memset(w->db.applied, 0, sizeof w->db.applied);
	world_free(before);

	world_rooms(w, 4, 100);
	h = world_hire(w, "one");
	for (uint32_t i = 0; i < WORLD_PARTITIONS; i++)
		world_until(w, strstr(world_error_of(w, i), "ahead of the journal"));

	/* The new history passes the mark of the old one, and is kept out still. */
	world_rooms(w, 4, 1000);
	assert_true(world_head(w) > mark);
	for (int again = 0; again < 2; again++) {
		w->now_us += w->settings.retry_ms * 1000;
		worker_peer_ping(h);
		world_settle(w);
		for (uint32_t i = 0; i < WORLD_PARTITIONS; i++) {
			world_until(w, strstr(world_error_of(w, i), "holds another history"));
			assert_int_equal(w->db.position[i], mark);
		}
		assert_int_equal(sync_synced(w->sync), 0);
		assert_int_equal(sync_trimmable(w->sync), 0);
		world_restart(w);
		world_settle(w);
		worker_peer_close(h);
		h = world_hire(w, "one");
	}
	assert_int_equal(h->batches, 0);
	for (size_t p = 0; p <= WORLD_RECORDS; p++)
		assert_int_equal(w->db.applied[p], 0);

	/* An empty database has no history yet. */
	memset(&w->db, 0, sizeof w->db);
	w->now_us += w->settings.retry_ms * 1000;
	worker_peer_ping(h);
	world_until(w, world_synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void a_higher_epoch_in_the_database_is_passed(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_rooms(w, 4, 20);
	uint64_t high = (core_run(w->core) + 7) << 32;
	w->db.epoch[1] = high;
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_synced(w));
	assert_true(h->epoch[1] > high);
	assert_int_equal(w->db.epoch[1], h->epoch[1]);
	world_assert_applied(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_that_goes_back_is_believed),
		cmocka_unit_test(an_epoch_that_goes_back_is_claimed_again),
		cmocka_unit_test(a_mark_ahead_of_the_journal_is_sent_nothing),
		cmocka_unit_test(a_mark_behind_the_trimmed_journal_is_sent_nothing),
		cmocka_unit_test(every_mark_has_the_digest_of_its_record),
		cmocka_unit_test(a_database_of_another_history_is_sent_nothing),
		cmocka_unit_test(a_higher_epoch_in_the_database_is_passed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
