/* Rooms that MySQL refused: who waits for one is told, and a release sends again
 * what it has missed. */
#include "sync_world.h"

#include "sync/partition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t quarantine(struct world *w, struct worker_peer *h, const char *room)
{
	uint64_t position = world_room(w, room);
	world_until(w, world_synced(w));
	h->tenant = "acme";
	h->room = room;
	h->room_partition = w->partition_of[position];
	h->room_position = position;
	worker_peer_state(h, h->room_partition);
	world_until(w, world_counts(w).quarantined == 1);
	return position;
}

static void room_seen(void *ctx, const struct topic_name *name)
{
	assert_true(span_equal(name->id, SPAN_TEXT("bad")));
	*(int *)ctx += 1;
}

static void a_stored_post_of_a_room_in_quarantine_is_refused(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *h = world_hire_for_all(w);
	uint64_t first = world_room(w, "bad");
	uint64_t room = world_no(w, "bad");
	world_until(w, world_synced(w));
	h->hold = true;
	uint64_t position = world_post(w, "bad", 1);
	bool done;
	assert_int_equal(
		sync_wait_topic(w->sync, topic_room(room), position, ASKER(w, 1, 1), &done),
		PARLOR_E_OK);
	uint32_t partition = w->partition_of[position];
	world_until(w, h->batch[partition]);
	/* The batch went through but for that room: its state is told, then the batch. */
	h->tenant = "acme";
	h->room = "bad";
	h->room_partition = partition;
	h->room_position = position;
	w->db.position[partition] = position;
	w->db.digest[partition] = world_digest(w, position);
	worker_peer_state(h, partition);
	world_until(w, w->answers_len);
	assert_int_equal(w->answers[0].code, PARLOR_E_DB_DATA);
	assert_string_equal(w->answers[0].text, "1406 too long");
	assert_int_equal(
		sync_wait_topic(w->sync, topic_room(room), position, ASKER(w, 1, 2), &done),
		PARLOR_E_DB_DATA);
	assert_true(first < position);
	worker_peer_apply_held(h);
	w->now_us += w->settings.idle_ms * 1000;
	worker_peer_ping(h);
	world_until(w, sync_trimmable(w->sync) == position - 1);

	int seen = 0;
	sync_quarantined(w->sync, SPAN_TEXT("acme"), room_seen, &seen);
	assert_int_equal(seen, 1);
	sync_quarantined(w->sync, SPAN_TEXT("other"), room_seen, &seen);
	assert_int_equal(seen, 1);
	sync_quarantined(w->sync, SPAN_TEXT(""), room_seen, &seen);
	assert_int_equal(seen, 2);
	world_free(w);
}

/* Of a kind that the broker does not have, with the number and the id of a room. */
static void what_is_in_quarantine_is_known_by_its_kind_too(void **state)
{
	(void)state;
	struct topic other = {(enum topic_kind)77, 5};
	struct quarantine refused[] = {{.tenant = "acme", .id = "gone", .topic = {TOPIC_ROOM, 0}},
				       {.tenant = "acme", .id = "bad", .topic = other}};
	const struct partition p = {.quarantined = refused, .quarantined_len = 2};
	struct topic_name name = {SPAN_TEXT("acme"), other.kind, SPAN_TEXT("bad")};
	assert_ptr_equal(partition_quarantine_of(&p, other), &refused[1]);
	assert_null(partition_quarantine_of(&p, topic_room(5)));
	assert_null(partition_quarantine_of(&p, topic_room(0)));
	assert_ptr_equal(partition_quarantine_find(&p, &name), &refused[1]);
	name.kind = TOPIC_ROOM;
	assert_null(partition_quarantine_find(&p, &name));
	name.id = SPAN_TEXT("gone");
	assert_ptr_equal(partition_quarantine_find(&p, &name), &refused[0]);
}

static void a_released_room_gets_its_records_again(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.batch_bytes = 400;
	w->settings.walk = 30;
	world_restart(w);
	struct worker_peer *h = world_hire_for_all(w);
	world_room(w, "good");
	uint64_t position = quarantine(w, h, "bad");
	for (int i = 0; i < 4; i++) {
		world_post(w, "bad", 20);
		world_post(w, "good", 100);
	}
	world_until(w, world_synced(w));

	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("good")},
			     ASKER(w, 1, 1), w->now_us),
		PARLOR_E_NOT_QUARANTINED);
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("other"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     ASKER(w, 1, 1), w->now_us),
		PARLOR_E_NOT_QUARANTINED);
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     ASKER(w, 1, 2), w->now_us),
		PARLOR_E_OK);
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     ASKER(w, 1, 3), w->now_us),
		PARLOR_E_BUSY);
	world_until(w, w->answers_len == 1);
	assert_int_equal(w->answers[0].kind, PENDING_RELEASE);
	assert_int_equal(w->answers[0].code, PARLOR_E_OK);
	assert_int_equal(w->answers[0].request, 2);
	assert_int_equal(h->release_after, position - 1);
	assert_true(h->release_last);
	assert_int_equal(h->release_upto, w->db.position[w->partition_of[position]]);
	assert_true(h->releases > 4);
	assert_int_equal(h->release_records, 1 + 80);
	assert_int_equal(world_counts(w).quarantined, 0);

	world_post(w, "bad", 5);
	world_post(w, "good", 5);
	world_until(w, world_synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void no_more_rooms_are_released_at_once_than_may(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.releases = 0;
	world_restart(w);
	struct worker_peer *h = world_hire_for_all(w);
	quarantine(w, h, "bad");
	const struct topic_name bad = {SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")};
	assert_int_equal(sync_release(w->sync, &bad, ASKER(w, 1, 1), w->now_us), PARLOR_E_BUSY);
	assert_int_equal(world_counts(w).releases_refused, 1);
	assert_null(w->pending_of[1].first);
	world_free(w);
}

static void a_release_that_is_refused_says_why(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *h = world_hire_for_all(w);
	quarantine(w, h, "bad");
	h->release_error = "1366 still bad";
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     ASKER(w, 1, 1), w->now_us),
		PARLOR_E_OK);
	world_until(w, w->answers_len == 1);
	assert_int_equal(w->answers[0].code, PARLOR_E_DB_DATA);
	assert_string_equal(w->answers[0].text, "1366 still bad");
	assert_int_equal(world_counts(w).quarantined, 1);
	world_post(w, "bad", 1);
	world_until(w, world_synced(w));

	/* Its worker goes while it is under way. */
	h->deaf = true;
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     ASKER(w, 1, 2), w->now_us),
		PARLOR_E_OK);
	world_turn(w);
	worker_peer_goodbye(h);
	world_until(w, w->answers_len == 2);
	assert_int_equal(w->answers[1].code, PARLOR_E_WORKER);
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     ASKER(w, 1, 3), w->now_us),
		PARLOR_E_NO_WORKER);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stored_post_of_a_room_in_quarantine_is_refused),
		cmocka_unit_test(what_is_in_quarantine_is_known_by_its_kind_too),
		cmocka_unit_test(a_released_room_gets_its_records_again),
		cmocka_unit_test(no_more_rooms_are_released_at_once_than_may),
		cmocka_unit_test(a_release_that_is_refused_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
