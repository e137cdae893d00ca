/* Who asks sync for something: STORED posts, sync wait, old history, release of
 * a room; and peers that say what no worker should. */
#include "sync_world.h"

#include "sync/partition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

#define COOKIE(session, request) ((struct sync_cookie){(session), (request)})

static struct sync_counts counts(const struct world *w)
{
	struct sync_counts c;
	sync_counts(w->sync, &c);
	return c;
}

static bool synced(const struct world *w)
{
	return sync_synced(w->sync) == world_head(w);
}

static void release_held(struct worker_peer *h)
{
	h->hold = false;
	for (uint32_t i = 0; i < WORLD_PARTITIONS; i++)
		if (h->batch[i])
			worker_peer_apply(h, i);
}

/* ---- waiting -------------------------------------------------------------------- */

static void a_stored_post_is_answered_after_mysql_has_it(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_room(w, "lobby");
	uint64_t room = world_no(w, "lobby");
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, synced(w));
	h->hold = true;
	uint64_t first = world_post(w, "lobby", 1);
	uint32_t partition = w->partition_of[first];
	bool done;
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), first, COOKIE(7, 1), &done),
			 PARLOR_E_OK);
	assert_false(done);
	world_until(w, h->batch[partition]);
	uint64_t second = world_post(w, "lobby", 1);
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), second, COOKIE(8, 2), &done),
			 PARLOR_E_OK);
	assert_false(done);
	world_settle(w);
	assert_int_equal(w->answers_len, 0);

	worker_peer_apply(h, partition);
	world_until(w, w->answers_len > 0 && h->batch[partition]);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(w->answers[0].kind, SYNC_STORED);
	assert_int_equal(w->answers[0].code, PARLOR_E_OK);
	assert_int_equal(w->answers[0].cookie.session, 7);
	assert_int_equal(w->answers[0].cookie.request, 1);

	release_held(h);
	world_until(w, w->answers_len == 2);
	assert_int_equal(w->answers[1].cookie.session, 8);
	/* The same post again: it is there. */
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), first, COOKIE(7, 3), &done),
			 PARLOR_E_OK);
	assert_true(done);
	assert_int_equal(counts(w).waiting, 0);
	world_free(w);
}

static void waiters_are_bounded_and_can_be_cancelled(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.waiters = 3;
	world_restart(w);
	uint64_t position = world_room(w, "lobby");
	uint64_t room = world_no(w, "lobby");
	bool done;
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), position, COOKIE(1, 1), &done),
			 PARLOR_E_OK);
	assert_int_equal(sync_wait_all(w->sync, position, COOKIE(1, 2), &done), PARLOR_E_OK);
	assert_int_equal(sync_wait_all(w->sync, position - 1, COOKIE(2, 3), &done), PARLOR_E_OK);
	assert_int_equal(sync_wait_all(w->sync, position, COOKIE(3, 4), &done), PARLOR_E_BUSY);
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), position, COOKIE(3, 5), &done),
			 PARLOR_E_BUSY);
	assert_int_equal(counts(w).waiting_refused, 2);
	sync_cancel(w->sync, 1);
	assert_int_equal(counts(w).waiting, 1);
	world_hire(w, "one");
	world_until(w, synced(w));
	world_settle(w);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(w->answers[0].kind, SYNC_ALL);
	assert_int_equal(w->answers[0].cookie.session, 2);
	world_free(w);
}

static void sync_wait_waits_for_unread_columns_too(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_room(w, "lobby");
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, synced(w));
	h->lag = true;
	uint64_t before = world_head(w);
	uint64_t position = world_post(w, "lobby", 5);
	uint32_t partition = w->partition_of[position];
	bool done;
	assert_int_equal(sync_wait_all(w->sync, position, COOKIE(1, 1), &done), PARLOR_E_OK);
	assert_false(done);
	world_until(w, sync_partition_position(w->sync, partition) == position);
	world_settle(w);
	assert_int_equal(w->answers_len, 0);
	assert_int_equal(sync_synced(w->sync), before);
	struct sync_partition_view view;
	sync_partition_show(w->sync, partition, &view);
	assert_int_equal(view.unread_position, before);

	/* The worker projects when it is time, and says so. */
	h->lag = false;
	worker_peer_state(h, partition);
	world_until(w, w->answers_len == 1);
	assert_int_equal(w->answers[0].code, PARLOR_E_OK);
	assert_true(synced(w));
	world_free(w);
}

/* ---- old history ------------------------------------------------------------------ */

static const struct sync_query *history(void)
{
	static struct sync_query query;
	query = (struct sync_query){.tenant = SPAN_TEXT("acme"),
				    .room = SPAN_TEXT("lobby"),
				    .from = 90,
				    .backwards = true,
				    .limit = 50,
				    .bytes = 100000,
				    .floor = 3};
	return &query;
}

static void answer_query(struct worker_peer *h, uint64_t id, uint32_t code)
{
	Parlor__Message message = PARLOR__MESSAGE__INIT, *messages[] = {&message, &message};
	Parlor__ArchivePage page = PARLOR__ARCHIVE_PAGE__INIT;
	page.query = id;
	page.code = code;
	page.text = (char *)(code ? "no" : "");
	page.n_messages = code ? 0 : 2;
	page.messages = messages;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_ARCHIVE_PAGE;
	from.archive_page = &page;
	worker_peer_say(h, &from);
}

static void old_history_comes_from_a_worker(void **state)
{
	(void)state;
	struct world *w = world_new();
	assert_int_equal(sync_archive(w->sync, history(), COOKIE(1, 1), w->now_us),
			 PARLOR_E_NO_WORKER);
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, worker_peer_partitions(h) == WORLD_PARTITIONS);
	assert_int_equal(sync_archive(w->sync, history(), COOKIE(1, 2), w->now_us), PARLOR_E_OK);
	world_until(w, h->query);
	const Parlor__ArchiveQuery *q = h->query->archive_query;
	assert_string_equal(q->tenant, "acme");
	assert_string_equal(q->room, "lobby");
	assert_int_equal(q->from, 90);
	assert_true(q->backwards);
	assert_int_equal(q->limit, 50);
	assert_int_equal(q->bytes, 100000);
	assert_int_equal(q->floor, 3);

	answer_query(h, q->query + 1, 0);
	answer_query(h, q->query, 0);
	answer_query(h, q->query, 0);
	world_until(w, w->answers_len);
	world_settle(w);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(w->answers[0].kind, SYNC_ARCHIVE);
	assert_int_equal(w->answers[0].code, PARLOR_E_OK);
	assert_int_equal(w->answers[0].messages, 2);
	assert_int_equal(w->answers[0].cookie.request, 2);
	assert_int_equal(counts(w).frames_stale, 2);

	assert_int_equal(sync_archive(w->sync, history(), COOKIE(1, 3), w->now_us), PARLOR_E_OK);
	world_until(w, h->queries == 2);
	answer_query(h, h->query->archive_query->query, PARLOR_E_DB_AWAY);
	world_until(w, w->answers_len == 2);
	assert_int_equal(w->answers[1].code, PARLOR_E_DB_AWAY);
	assert_string_equal(w->answers[1].text, "no");
	world_free(w);
}

static void a_query_fails_in_time(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.archive = 2;
	w->settings.lease_ms = 4 * w->settings.archive_ms;
	world_restart(w);
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, worker_peer_partitions(h) == WORLD_PARTITIONS);
	assert_int_equal(sync_archive(w->sync, history(), COOKIE(1, 1), w->now_us), PARLOR_E_OK);
	assert_int_equal(sync_archive(w->sync, history(), COOKIE(2, 2), w->now_us), PARLOR_E_OK);
	assert_int_equal(sync_archive(w->sync, history(), COOKIE(1, 3), w->now_us), PARLOR_E_BUSY);
	assert_int_equal(counts(w).archive_refused, 1);
	world_until(w, h->queries == 2);
	sync_cancel(w->sync, 2);
	assert_int_equal(counts(w).archive_waiting, 1);
	w->now_us += w->settings.archive_ms * 1000 - 1;
	world_settle(w);
	assert_int_equal(w->answers_len, 0);
	w->now_us += 1;
	world_turn(w);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(w->answers[0].code, PARLOR_E_WORKER);
	assert_int_equal(w->answers[0].cookie.session, 1);
	/* Too late. */
	answer_query(h, h->query->archive_query->query, 0);
	world_settle(w);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(counts(w).archive_waiting, 0);
	world_free(w);
}

static void say_goodbye(struct worker_peer *h)
{
	Parlor__WorkerGoodbye goodbye = PARLOR__WORKER_GOODBYE__INIT;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_GOODBYE;
	from.goodbye = &goodbye;
	worker_peer_say(h, &from);
}

static void a_lost_workers_query_goes_to_one_other(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *a = world_hire(w, "a"), *b = world_hire(w, "b");
	world_until(w, worker_peer_partitions(a) == 2 && worker_peer_partitions(b) == 2);
	assert_int_equal(sync_archive(w->sync, history(), COOKIE(1, 1), w->now_us), PARLOR_E_OK);
	assert_int_equal(sync_archive(w->sync, history(), COOKIE(1, 2), w->now_us), PARLOR_E_OK);
	world_until(w, a->queries == 1 && b->queries == 1);
	say_goodbye(a);
	world_until(w, b->queries == 2);
	assert_int_equal(w->answers_len, 0);
	struct worker_peer *c = world_hire(w, "c");
	world_until(w, worker_peer_partitions(c) == 2);
	say_goodbye(b);
	/* One has been with two workers, the other with one. */
	world_until(w, c->queries == 1 && w->answers_len == 1);
	assert_int_equal(w->answers[0].code, PARLOR_E_WORKER);
	answer_query(c, c->query->archive_query->query, 0);
	world_until(w, w->answers_len == 2);
	assert_int_equal(w->answers[1].code, PARLOR_E_OK);
	assert_int_equal(w->answers[0].cookie.request + w->answers[1].cookie.request, 3);
	world_free(w);
}

/* ---- quarantine --------------------------------------------------------------------- */

static uint64_t quarantine(struct world *w, struct worker_peer *h, const char *room)
{
	uint64_t position = world_room(w, room);
	world_until(w, synced(w));
	h->tenant = "acme";
	h->room = room;
	h->room_partition = w->partition_of[position];
	h->room_position = position;
	worker_peer_state(h, h->room_partition);
	world_until(w, counts(w).quarantined == 1);
	return position;
}

static void room_seen(void *ctx, const struct sync_quarantine_view *view)
{
	assert_true(span_equal(view->name.id, SPAN_TEXT("bad")));
	assert_true(span_equal(view->error, SPAN_TEXT("1406 too long")));
	*(int *)ctx += 1;
}

static void a_stored_post_of_a_room_in_quarantine_is_refused(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, worker_peer_partitions(h) == WORLD_PARTITIONS);
	uint64_t first = world_room(w, "bad");
	uint64_t room = world_no(w, "bad");
	world_until(w, synced(w));
	h->hold = true;
	uint64_t position = world_post(w, "bad", 1);
	bool done;
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), position, COOKIE(1, 1), &done),
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
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), position, COOKIE(1, 2), &done),
			 PARLOR_E_DB_DATA);
	assert_true(first < position);
	release_held(h);
	w->now_us += w->settings.idle_ms * 1000;
	worker_peer_ping(h);
	world_until(w, sync_floor(w->sync) == position - 1);

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
	struct quarantine refused[] = {{.tenant = "acme", .id = "bad", .topic = other},
				       {.tenant = "acme", .id = "gone", .topic = {TOPIC_ROOM, 0}}};
	const struct partition p = {.quarantined = refused, .quarantined_len = 2};
	struct topic_name name = {SPAN_TEXT("acme"), other.kind, SPAN_TEXT("bad")};
	assert_ptr_equal(partition_quarantine_of(&p, other), &refused[0]);
	assert_null(partition_quarantine_of(&p, topic_room(5)));
	assert_null(partition_quarantine_of(&p, topic_room(0)));
	assert_ptr_equal(partition_quarantine_find(&p, &name), &refused[0]);
	name.kind = TOPIC_ROOM;
	assert_null(partition_quarantine_find(&p, &name));
	name.id = SPAN_TEXT("gone");
	assert_ptr_equal(partition_quarantine_find(&p, &name), &refused[1]);
}

static void a_released_room_gets_its_records_again(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.batch_bytes = 400;
	w->settings.walk = 30;
	world_restart(w);
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, worker_peer_partitions(h) == WORLD_PARTITIONS);
	world_room(w, "good");
	uint64_t position = quarantine(w, h, "bad");
	for (int i = 0; i < 4; i++) {
		world_post(w, "bad", 20);
		world_post(w, "good", 100);
	}
	world_until(w, synced(w));

	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("good")},
			     COOKIE(1, 1), w->now_us),
		PARLOR_E_NOT_QUARANTINED);
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("other"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     COOKIE(1, 1), w->now_us),
		PARLOR_E_NOT_QUARANTINED);
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     COOKIE(1, 2), w->now_us),
		PARLOR_E_OK);
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     COOKIE(1, 3), w->now_us),
		PARLOR_E_BUSY);
	world_until(w, w->answers_len == 1);
	assert_int_equal(w->answers[0].kind, SYNC_RELEASE);
	assert_int_equal(w->answers[0].code, PARLOR_E_OK);
	assert_int_equal(w->answers[0].cookie.request, 2);
	assert_int_equal(h->release_after, position - 1);
	assert_true(h->release_last);
	assert_int_equal(h->release_upto, w->db.position[w->partition_of[position]]);
	assert_true(h->releases > 4);
	assert_int_equal(h->release_records, 1 + 80);
	assert_int_equal(counts(w).quarantined, 0);

	world_post(w, "bad", 5);
	world_post(w, "good", 5);
	world_until(w, synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void a_release_that_is_refused_says_why(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, worker_peer_partitions(h) == WORLD_PARTITIONS);
	quarantine(w, h, "bad");
	h->release_error = "1366 still bad";
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     COOKIE(1, 1), w->now_us),
		PARLOR_E_OK);
	world_until(w, w->answers_len == 1);
	assert_int_equal(w->answers[0].code, PARLOR_E_DB_DATA);
	assert_string_equal(w->answers[0].text, "1366 still bad");
	assert_int_equal(counts(w).quarantined, 1);
	world_post(w, "bad", 1);
	world_until(w, synced(w));

	/* Its worker goes while it is under way. */
	h->deaf = true;
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     COOKIE(1, 2), w->now_us),
		PARLOR_E_OK);
	world_turn(w);
	say_goodbye(h);
	world_until(w, w->answers_len == 2);
	assert_int_equal(w->answers[1].code, PARLOR_E_WORKER);
	assert_int_equal(
		sync_release(w->sync,
			     &(struct topic_name){SPAN_TEXT("acme"), TOPIC_ROOM, SPAN_TEXT("bad")},
			     COOKIE(1, 3), w->now_us),
		PARLOR_E_NO_WORKER);
	world_free(w);
}

/* ---- bad input ----------------------------------------------------------------------- */

static void strangers_and_garbage_are_refused(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_room(w, "lobby");
	struct worker_peer *good = world_hire(w, "good"), *bad = world_hire(w, "bad");
	world_until(w, worker_peer_partitions(good) == 2 && worker_peer_partitions(bad) == 2);

	worker_peer_say_bytes(bad, "\xff\xff\xff", 3);
	world_until(w, bad->refusals == 1);
	assert_int_equal(bad->refused, PARLOR_E_FRAME);
	worker_peer_say_bytes(bad, "", 0);
	world_until(w, bad->refusals == 2);
	assert_int_equal(bad->refused, PARLOR_E_OP);
	worker_peer_say_bytes(bad, "\x9a\x06\x00", 3);
	world_until(w, bad->refusals == 3);
	assert_int_equal(bad->refused, PARLOR_E_OP);
	assert_int_equal(zmq_send(bad->socket, "a", 1, ZMQ_SNDMORE), 1);
	assert_int_equal(zmq_send(bad->socket, "b", 1, 0), 1);
	world_until(w, bad->refusals == 4);
	assert_int_equal(bad->refused, PARLOR_E_FRAME);
	assert_int_equal(counts(w).frames_bad, 4);

	/* Words about partitions that are not its own change nothing. */
	world_until(w, synced(w));
	world_settle(w);
	uint64_t stale = counts(w).frames_stale;
	for (uint32_t partition = 0; partition < WORLD_PARTITIONS; partition++)
		if (good->owns[partition]) {
			bad->epoch[partition] = good->epoch[partition];
			uint64_t position = w->db.position[partition];
			w->db.position[partition] = 1;
			worker_peer_state(bad, partition);
			w->db.position[partition] = position;
			worker_peer_fail(bad, partition, PARLOR__FAIL_CLASS__FAIL_FENCED, "no");
		}
	Parlor__PartitionState beyond = PARLOR__PARTITION_STATE__INIT;
	beyond.partition = UINT32_MAX;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_PARTITION_STATE;
	from.partition_state = &beyond;
	worker_peer_say(bad, &from);
	world_settle(w);
	assert_int_equal(counts(w).frames_stale, stale + 5);
	assert_true(synced(w));
	world_post(w, "lobby", 10);
	world_until(w, synced(w));
	world_assert_applied(w);
	world_free(w);
}

static void a_stranger_must_say_hello_in_our_version(void **state)
{
	(void)state;
	struct world *w = world_new();
	w->settings.workers_max = 1;
	world_restart(w);
	struct worker_peer *first = world_hire(w, "first");
	world_until(w, worker_peer_partitions(first) == WORLD_PARTITIONS);
	struct worker_peer *second = world_hire(w, "second");
	world_until(w, second->refusals == 1);
	assert_int_equal(second->refused, PARLOR_E_TOO_MANY);
	worker_peer_ping(second);
	world_until(w, second->refusals == 2);
	assert_int_equal(second->refused, PARLOR_E_NO_SESSION);
	Parlor__WorkerHello hello = PARLOR__WORKER_HELLO__INIT;
	hello.version = 2;
	hello.name = (char *)"new";
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_HELLO;
	from.hello = &hello;
	worker_peer_say(second, &from);
	world_until(w, second->refusals == 3);
	assert_int_equal(second->refused, PARLOR_E_VERSION);
	assert_int_equal(sync_workers(w->sync), 1);

	/* Hello again from the same peer is a new life of that worker. */
	uint64_t epoch = first->epoch[3];
	hello.version = 1;
	worker_peer_say(first, &from);
	world_until(w, first->epoch[3] > epoch);
	world_until(w, synced(w));
	assert_int_equal(sync_workers(w->sync), 1);
	world_assert_applied(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stored_post_is_answered_after_mysql_has_it),
		cmocka_unit_test(waiters_are_bounded_and_can_be_cancelled),
		cmocka_unit_test(sync_wait_waits_for_unread_columns_too),
		cmocka_unit_test(old_history_comes_from_a_worker),
		cmocka_unit_test(a_query_fails_in_time),
		cmocka_unit_test(a_lost_workers_query_goes_to_one_other),
		cmocka_unit_test(a_stored_post_of_a_room_in_quarantine_is_refused),
		cmocka_unit_test(what_is_in_quarantine_is_known_by_its_kind_too),
		cmocka_unit_test(a_released_room_gets_its_records_again),
		cmocka_unit_test(a_release_that_is_refused_says_why),
		cmocka_unit_test(strangers_and_garbage_are_refused),
		cmocka_unit_test(a_stranger_must_say_hello_in_our_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
