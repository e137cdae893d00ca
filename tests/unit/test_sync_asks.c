/* Who asks sync for something: STORED posts, sync wait, old history; and peers that
 * say what no worker should. */
#include "sync_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include <cmocka.h>

/* ---- waiting -------------------------------------------------------------------- */

static void a_stored_post_is_answered_after_mysql_has_it(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_room(w, "lobby");
	uint64_t room = world_no(w, "lobby");
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_synced(w));
	h->hold = true;
	uint64_t first = world_post(w, "lobby", 1);
	uint32_t partition = w->partition_of[first];
	bool done;
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), first, ASKER(w, 7, 1), &done),
			 PARLOR_E_OK);
	assert_false(done);
	world_until(w, h->batch[partition]);
	uint64_t second = world_post(w, "lobby", 1);
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), second, ASKER(w, 8, 2), &done),
			 PARLOR_E_OK);
	assert_false(done);
	world_settle(w);
	assert_int_equal(w->answers_len, 0);

	worker_peer_apply(h, partition);
	world_until(w, w->answers_len > 0 && h->batch[partition]);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(w->answers[0].kind, PENDING_STORED);
	assert_int_equal(w->answers[0].code, PARLOR_E_OK);
	assert_int_equal(w->answers[0].session, 7);
	assert_int_equal(w->answers[0].request, 1);

	worker_peer_apply_held(h);
	world_until(w, w->answers_len == 2);
	assert_int_equal(w->answers[1].session, 8);
	/* The same post again: it is there. */
	assert_int_equal(sync_wait_topic(w->sync, topic_room(room), first, ASKER(w, 7, 3), &done),
			 PARLOR_E_OK);
	assert_true(done);
	assert_int_equal(world_counts(w).waiting, 0);
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
	assert_int_equal(
		sync_wait_topic(w->sync, topic_room(room), position, ASKER(w, 1, 1), &done),
		PARLOR_E_OK);
	assert_int_equal(sync_wait_all(w->sync, position, ASKER(w, 1, 2), &done), PARLOR_E_OK);
	assert_int_equal(sync_wait_all(w->sync, position - 1, ASKER(w, 2, 3), &done), PARLOR_E_OK);
	assert_int_equal(sync_wait_all(w->sync, position, ASKER(w, 3, 4), &done), PARLOR_E_BUSY);
	assert_int_equal(
		sync_wait_topic(w->sync, topic_room(room), position, ASKER(w, 3, 5), &done),
		PARLOR_E_BUSY);
	assert_int_equal(world_counts(w).waiting_refused, 2);
	world_leave(w, 1);
	assert_int_equal(world_counts(w).waiting, 1);
	world_hire(w, "one");
	world_until(w, world_synced(w));
	world_settle(w);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(w->answers[0].kind, PENDING_ALL);
	assert_int_equal(w->answers[0].session, 2);
	world_free(w);
}

static void many_who_waited_are_answered_over_several_turns(void **state)
{
	(void)state;
	enum { A_TURN = 6, OF_EACH = 20 };
	struct world *w = world_new();
	w->settings.answers = A_TURN;
	world_restart(w);
	uint64_t position = world_room(w, "lobby");
	struct topic room = topic_room(world_no(w, "lobby"));
	bool done;
	for (uint64_t i = 0; i < OF_EACH; i++) {
		assert_int_equal(sync_wait_topic(w->sync, room, position, ASKER(w, 1, i), &done),
				 PARLOR_E_OK);
		assert_int_equal(sync_wait_all(w->sync, position, ASKER(w, 2, i), &done),
				 PARLOR_E_OK);
	}
	world_hire(w, "one");
	world_patience(w, NULL);
	for (size_t before = w->answers_len; before < 2 * OF_EACH; before = w->answers_len) {
		world_patience(w, "all of them are answered");
		assert_in_range(w->answers_len - before, 0, A_TURN);
		assert_true(w->answers_len - before < A_TURN || !w->wait_us);
	}
	world_free(w);
}

static void sync_wait_waits_for_unread_columns_too(void **state)
{
	(void)state;
	struct world *w = world_new();
	world_room(w, "lobby");
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_synced(w));
	h->lag = true;
	uint64_t before = world_head(w);
	uint64_t position = world_post(w, "lobby", 5);
	uint32_t partition = w->partition_of[position];
	bool done;
	assert_int_equal(sync_wait_all(w->sync, position, ASKER(w, 1, 1), &done), PARLOR_E_OK);
	assert_false(done);
	world_until(w, world_position_of(w, partition) == position);
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
	assert_true(world_synced(w));
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
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, 1), w->now_us),
			 PARLOR_E_NO_WORKER);
	struct worker_peer *h = world_hire_for_all(w);
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, 2), w->now_us), PARLOR_E_OK);
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
	assert_int_equal(w->answers[0].kind, PENDING_ARCHIVE);
	assert_int_equal(w->answers[0].code, PARLOR_E_OK);
	assert_int_equal(w->answers[0].messages, 2);
	assert_int_equal(w->answers[0].request, 2);
	assert_int_equal(world_counts(w).frames_stale, 2);

	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, 3), w->now_us), PARLOR_E_OK);
	world_until(w, h->queries == 2);
	answer_query(h, h->query->archive_query->query, PARLOR_E_DB_AWAY);
	world_until(w, w->answers_len == 2);
	assert_int_equal(w->answers[1].code, PARLOR_E_DB_AWAY);
	assert_string_equal(w->answers[1].text, "no");
	world_free(w);
}

/* Two at a time, and their time is over long before a worker's is. */
static struct world *world_of_two_queries(void)
{
	struct world *w = world_new();
	w->settings.archive = 2;
	w->settings.lease_ms = 4 * w->settings.archive_ms;
	world_restart(w);
	return w;
}

static void a_query_fails_in_time(void **state)
{
	(void)state;
	struct world *w = world_of_two_queries();
	struct worker_peer *h = world_hire_for_all(w);
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, 1), w->now_us), PARLOR_E_OK);
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 2, 2), w->now_us), PARLOR_E_OK);
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, 3), w->now_us),
			 PARLOR_E_BUSY);
	assert_int_equal(world_counts(w).archive_refused, 1);
	world_until(w, h->queries == 2);
	world_leave(w, 2);
	w->now_us += w->settings.archive_ms * 1000 - 1;
	world_settle(w);
	assert_int_equal(w->answers_len, 0);
	w->now_us += 1;
	world_turn(w);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(w->answers[0].code, PARLOR_E_WORKER);
	assert_int_equal(w->answers[0].session, 1);
	/* Too late. */
	answer_query(h, h->query->archive_query->query, 0);
	world_settle(w);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(world_counts(w).archive_waiting, 0);
	world_free(w);
}

static void a_lost_workers_query_goes_to_one_other(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct worker_peer *a = world_hire(w, "a"), *b = world_hire(w, "b");
	world_until(w, worker_peer_partitions(a) == 2 && worker_peer_partitions(b) == 2);
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, 1), w->now_us), PARLOR_E_OK);
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, 2), w->now_us), PARLOR_E_OK);
	world_until(w, a->queries == 1 && b->queries == 1);
	worker_peer_goodbye(a);
	world_until(w, b->queries == 2);
	assert_int_equal(w->answers_len, 0);
	struct worker_peer *c = world_hire(w, "c");
	world_until(w, worker_peer_partitions(c) == 2);
	worker_peer_goodbye(b);
	/* One has been with two workers, the other with one. */
	world_until(w, c->queries == 1 && w->answers_len == 1);
	assert_int_equal(w->answers[0].code, PARLOR_E_WORKER);
	answer_query(c, c->query->archive_query->query, 0);
	world_until(w, w->answers_len == 2);
	assert_int_equal(w->answers[1].code, PARLOR_E_OK);
	assert_int_equal(w->answers[0].request + w->answers[1].request, 3);
	world_free(w);
}

static void queries_that_are_overdue_at_once_are_answered_over_several_turns(void **state)
{
	(void)state;
	enum { A_TURN = 5, QUERIES = 12 };
	struct world *w = world_new();
	w->settings.answers = A_TURN;
	w->settings.lease_ms = 4 * w->settings.archive_ms;
	world_restart(w);
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_synced(w));
	for (uint64_t i = 0; i < QUERIES; i++)
		assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, i), w->now_us),
				 PARLOR_E_OK);
	world_until(w, h->queries == QUERIES);
	uint64_t put_off = world_counts(w).answers_put_off;
	w->now_us += w->settings.archive_ms * 1000;
	for (size_t n = A_TURN; n < QUERIES; n += A_TURN) {
		world_turn(w);
		assert_int_equal(w->answers_len, n);
		assert_int_equal(w->wait_us, 0);
		assert_int_equal(world_counts(w).answers_put_off, ++put_off);
	}
	world_turn(w);
	assert_int_equal(w->answers_len, QUERIES);
	assert_int_equal(world_counts(w).answers_put_off, put_off);
	world_free(w);
}

static void queries_of_a_lost_worker_are_looked_after_over_several_turns(void **state)
{
	(void)state;
	enum { A_TURN = 5, QUERIES = 12 };
	struct world *w = world_new();
	w->settings.answers = A_TURN;
	world_restart(w);
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, world_synced(w));
	for (uint64_t i = 0; i < QUERIES; i++)
		assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, i), w->now_us),
				 PARLOR_E_OK);
	world_until(w, h->queries == QUERIES);
	worker_peer_goodbye(h);
	world_patience(w, NULL);
	for (size_t before = w->answers_len; before < QUERIES; before = w->answers_len) {
		world_patience(w, "all of them are answered");
		assert_in_range(w->answers_len - before, 0, A_TURN);
		assert_true(!w->answers_len || w->answers_len == QUERIES || !w->wait_us);
	}
	assert_int_equal(w->answers[0].code, PARLOR_E_WORKER);
	assert_int_equal(w->share.len[PENDING_ARCHIVE], 0);
	world_free(w);
}

/* Or who says hello, asks and says goodbye would have no end of them made. */
static void a_query_of_who_is_gone_counts_until_it_is_answered(void **state)
{
	(void)state;
	struct world *w = world_of_two_queries();
	struct worker_peer *a = world_hire_for_all(w);
	for (uint64_t i = 1; i <= 2; i++) {
		assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, i), w->now_us),
				 PARLOR_E_OK);
		world_until(w, a->queries == i);
		world_leave(w, 1);
		assert_int_equal(w->share.len[PENDING_ARCHIVE], i);
	}
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 2, 3), w->now_us),
			 PARLOR_E_BUSY);
	answer_query(a, a->query->archive_query->query, 0);
	world_until(w, w->share.len[PENDING_ARCHIVE] == 1);

	/* The other one in time; and when its worker is lost, nobody wants to know any more. */
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 2, 4), w->now_us), PARLOR_E_OK);
	w->now_us += w->settings.archive_ms * 1000;
	world_turn(w);
	assert_int_equal(w->share.len[PENDING_ARCHIVE], 0);
	assert_int_equal(w->answers_len, 1);
	assert_int_equal(w->answers[0].session, 2);
	assert_int_equal(sync_archive(w->sync, history(), ASKER(w, 1, 5), w->now_us), PARLOR_E_OK);
	world_until(w, a->queries == 4);
	world_leave(w, 1);
	struct worker_peer *b = world_hire(w, "b");
	world_until(w, worker_peer_partitions(b) == WORLD_PARTITIONS / 2);
	worker_peer_goodbye(a);
	world_until(w, worker_peer_partitions(b) == WORLD_PARTITIONS);
	world_settle(w);
	assert_int_equal(b->queries, 0);
	assert_int_equal(w->share.len[PENDING_ARCHIVE], 0);
	assert_int_equal(w->answers_len, 1);
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
	assert_int_equal(world_counts(w).frames_bad, 4);

	/* Words about partitions that are not its own change nothing. */
	world_until(w, world_synced(w));
	world_settle(w);
	uint64_t stale = world_counts(w).frames_stale;
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
	assert_int_equal(world_counts(w).frames_stale, stale + 5);
	assert_true(world_synced(w));
	world_post(w, "lobby", 10);
	world_until(w, world_synced(w));
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
	world_until(w, world_synced(w));
	assert_int_equal(sync_workers(w->sync), 1);
	world_assert_applied(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stored_post_is_answered_after_mysql_has_it),
		cmocka_unit_test(waiters_are_bounded_and_can_be_cancelled),
		cmocka_unit_test(many_who_waited_are_answered_over_several_turns),
		cmocka_unit_test(sync_wait_waits_for_unread_columns_too),
		cmocka_unit_test(old_history_comes_from_a_worker),
		cmocka_unit_test(a_query_fails_in_time),
		cmocka_unit_test(queries_that_are_overdue_at_once_are_answered_over_several_turns),
		cmocka_unit_test(queries_of_a_lost_worker_are_looked_after_over_several_turns),
		cmocka_unit_test(a_lost_workers_query_goes_to_one_other),
		cmocka_unit_test(a_query_of_who_is_gone_counts_until_it_is_answered),
		cmocka_unit_test(strangers_and_garbage_are_refused),
		cmocka_unit_test(a_stranger_must_say_hello_in_our_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
