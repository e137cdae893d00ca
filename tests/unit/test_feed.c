/* Readers of the journal: they see every entry once and in order, wait for
 * what comes, are bounded, and take nothing from the workers. */
#include "core/kinds.h"
#include "sync_world.h"

#include "feed/feed.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

/* A reader, and the last frame it was sent. */
struct reader_peer {
	struct world *world;
	void *socket;
	struct arena arena;
	const Parlor__ToWorker *heard;
};

static void peer_open(struct reader_peer *p, struct world *w)
{
	int linger = 0;
	*p = (struct reader_peer){.world = w, .socket = zmq_socket(w->context, ZMQ_DEALER)};
	zmq_setsockopt(p->socket, ZMQ_LINGER, &linger, sizeof linger);
	assert_int_equal(zmq_connect(p->socket, w->endpoint), 0);
	arena_init(&p->arena, 32 << 20);
}

static void peer_close(struct reader_peer *p)
{
	zmq_close(p->socket);
	arena_fini(&p->arena);
}

static void ask(struct reader_peer *p, uint64_t query, uint64_t from, uint32_t max,
		uint32_t wait_ms)
{
	struct buf frame = {0};
	Parlor__JournalRead read = PARLOR__JOURNAL_READ__INIT;
	Parlor__FromWorker message = PARLOR__FROM_WORKER__INIT;
	read.query = query;
	read.from = from;
	read.max = max;
	read.wait_ms = wait_ms;
	message.op_case = PARLOR__FROM_WORKER__OP_JOURNAL_READ;
	message.journal_read = &read;
	wire_put(&frame, &message.base);
	assert_int_equal(zmq_send(p->socket, frame.data, frame.len, 0), (int)frame.len);
	buf_fini(&frame);
}

static bool heard(struct reader_peer *p)
{
	zmq_msg_t frame;
	ProtobufCMessage *message;
	zmq_msg_init(&frame);
	bool got = zmq_msg_recv(&frame, p->socket, ZMQ_DONTWAIT) >= 0;
	if (got) {
		arena_clear(&p->arena);
		assert_int_equal(wire_decode(&parlor__to_worker__descriptor, &p->arena,
					     zmq_msg_data(&frame), zmq_msg_size(&frame), &message),
				 PARLOR_E_OK);
		p->heard = (const Parlor__ToWorker *)message;
	}
	zmq_msg_close(&frame);
	return got;
}

static const Parlor__JournalPage *page(struct reader_peer *p)
{
	world_until(p->world, heard(p));
	assert_int_equal(p->heard->op_case, PARLOR__TO_WORKER__OP_JOURNAL_PAGE);
	return p->heard->journal_page;
}

static void asked(struct world *w, uint64_t n)
{
	world_until(w, world_counts(w).reads == n);
}

/* ---- reading ---------------------------------------------------------------------- */

static void the_whole_journal_is_read_page_by_page(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct reader_peer p;
	world_room(w, "lobby");
	world_room(w, "desk");
	uint64_t last = world_post(w, "lobby", 100);
	peer_open(&p, w);
	uint64_t next = 1, query = 0;
	size_t posts = 0;
	while (next <= last) {
		ask(&p, ++query, next, 17, 0);
		const Parlor__JournalPage *got = page(&p);
		assert_int_equal(got->query, query);
		assert_int_equal(got->code, 0);
		assert_int_equal(got->journal, store_journal_id(w->store));
		assert_int_equal(got->first, 1);
		assert_int_equal(got->last, last);
		assert_in_range(got->n_entries, 1, 17);
		for (size_t i = 0; i < got->n_entries; i++, next++) {
			const Parlor__JournalEntry *e = got->entries[i];
			struct record r;
			assert_int_equal(e->position, next);
			assert_int_equal(record_decode(&r, e->head.data, e->head.len), PARLOR_E_OK);
			if (r.kind != RECORD_POSTED)
				continue;
			posts++;
			assert_string_equal(e->event->room, "lobby");
			assert_int_equal(e->event->posted->seq, posts);
			assert_int_equal(e->partition, w->partition_of[e->position]);
			assert_true(e->tenant[0] != '\0');
		}
	}
	assert_int_equal(posts, 100);
	assert_int_equal(world_counts(w).read_pages, query);
	peer_close(&p);
	world_free(w);
}

static void a_reader_at_the_end_waits_for_the_next_record(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct reader_peer p;
	uint64_t last = world_room(w, "lobby");
	peer_open(&p, w);
	ask(&p, 1, last + 1, 0, 5000);
	asked(w, 1);
	world_turn(w);
	assert_false(heard(&p));
	uint64_t posted = world_post(w, "lobby", 1);
	const Parlor__JournalPage *got = page(&p);
	assert_int_equal(got->n_entries, 1);
	assert_int_equal(got->entries[0]->position, posted);
	assert_int_equal(got->last, posted);
	peer_close(&p);
	world_free(w);
}

static void a_reader_is_answered_when_its_time_is_up(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct reader_peer p;
	uint64_t last = world_room(w, "lobby");
	peer_open(&p, w);
	ask(&p, 1, last + 1, 0, 60000);
	asked(w, 1);
	w->now_us += 4900000;
	world_turn(w);
	assert_false(heard(&p));
	assert_in_range(w->wait_us, 0, 100000);
	w->now_us += 200000;
	const Parlor__JournalPage *got = page(&p);
	assert_int_equal(got->n_entries, 0);
	assert_int_equal(got->last, last);
	peer_close(&p);
	world_free(w);
}

static void what_was_trimmed_is_told_by_where_the_journal_begins(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct reader_peer p;
	world_room(w, "lobby");
	uint64_t last = world_post(w, "lobby", 20);
	world_hire(w, "one");
	world_until(w, sync_synced(w->sync) == world_head(w));
	world_trim(w, last - 3);
	peer_open(&p, w);
	ask(&p, 1, 1, 0, 0);
	const Parlor__JournalPage *got = page(&p);
	assert_int_equal(got->first, last - 3);
	assert_int_equal(got->n_entries, 4);
	assert_int_equal(got->entries[0]->position, last - 3);
	peer_close(&p);
	world_free(w);
}

/* ---- bounds ------------------------------------------------------------------------- */

static void a_page_is_bounded_by_its_bytes(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct reader_peer p;
	world_room(w, "lobby");
	uint64_t last = world_post(w, "lobby", 9000);
	peer_open(&p, w);
	uint64_t next = 1;
	size_t pages = 0;
	for (; next <= last; pages++) {
		ask(&p, 1, next, 0, 0);
		const Parlor__JournalPage *got = page(&p);
		assert_in_range(got->n_entries, 1, 4000);
		next = got->entries[got->n_entries - 1]->position + 1;
	}
	assert_in_range(pages, 3, 20);
	peer_close(&p);
	world_free(w);
}

static void too_many_readers_are_refused_and_a_second_question_replaces_the_first(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct reader_peer a, b, c;
	w->settings.readers = 2;
	world_restart(w);
	uint64_t last = world_room(w, "lobby");
	peer_open(&a, w);
	peer_open(&b, w);
	peer_open(&c, w);
	ask(&a, 1, last + 1, 0, 5000);
	ask(&b, 1, last + 1, 0, 5000);
	asked(w, 2);
	ask(&c, 1, last + 1, 0, 5000);
	world_until(w, heard(&c));
	assert_int_equal(c.heard->op_case, PARLOR__TO_WORKER__OP_REFUSED);
	assert_int_equal(c.heard->refused->code, PARLOR_E_TOO_MANY);
	assert_int_equal(world_counts(w).reads_refused, 1);
	ask(&a, 2, last + 1, 0, 5000);
	asked(w, 4);
	world_post(w, "lobby", 1);
	assert_int_equal(page(&a)->query, 2);
	assert_int_equal(page(&b)->query, 1);
	world_turn(w);
	assert_false(heard(&a));
	peer_close(&a);
	peer_close(&b);
	peer_close(&c);
	world_free(w);
}

/* Reads slowly: little is taken off the wire before it is asked for. */
static void peer_open_slow(struct reader_peer *p, struct world *w)
{
	int linger = 0, few = 1, small = 16 * 1024;
	*p = (struct reader_peer){.world = w, .socket = zmq_socket(w->context, ZMQ_DEALER)};
	zmq_setsockopt(p->socket, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(p->socket, ZMQ_RCVHWM, &few, sizeof few);
	zmq_setsockopt(p->socket, ZMQ_RCVBUF, &small, sizeof small);
	assert_int_equal(zmq_connect(p->socket, w->endpoint), 0);
	arena_init(&p->arena, 32 << 20);
}

static void who_does_not_read_its_pages_is_sent_no_more_of_them(void **state)
{
	enum { QUESTIONS = 60 };
	(void)state;
	struct world *w = world_new();
	struct reader_peer p, other;
	w->settings.readers = 1;
	world_restart(w);
	world_room(w, "lobby");
	world_post(w, "lobby", 9000);
	peer_open_slow(&p, w);
	for (uint64_t i = 1; i <= QUESTIONS; i++) {
		ask(&p, i, 1, 0, 0);
		asked(w, i);
		for (int turn = 0; turn < 20; turn++)
			world_turn(w);
	}
	/* Those that the kernel took, and what ZeroMQ may hold. */
	uint64_t sent = world_counts(w).read_pages;
	assert_in_range(sent, FEED_PAGES_MAX, QUESTIONS / 2);

	/* Its place is taken as long as they are unread. */
	peer_open(&other, w);
	ask(&other, 1, 1, 0, 0);
	world_until(w, heard(&other));
	assert_int_equal(other.heard->op_case, PARLOR__TO_WORKER__OP_REFUSED);

	/* Once it reads, it is answered what it asked last. */
	while (page(&p)->query != QUESTIONS)
		continue;
	assert_int_equal(world_counts(w).read_pages, sent + 1);
	peer_close(&p);
	peer_close(&other);
	world_free(w);
}

static void a_reader_that_left_is_forgotten_with_its_question(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct reader_peer p;
	w->settings.readers = 1;
	world_restart(w);
	uint64_t last = world_room(w, "lobby");
	peer_open(&p, w);
	ask(&p, 1, last + 1, 0, 5000);
	asked(w, 1);
	peer_close(&p);
	w->now_us += 5100000;
	world_turn(w);
	peer_open(&p, w);
	ask(&p, 1, 1, 0, 0);
	assert_int_equal(page(&p)->entries[0]->position, 1);
	peer_close(&p);
	world_free(w);
}

static void workers_do_not_notice_a_reader(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct reader_peer p;
	world_room(w, "lobby");
	struct worker_peer *h = world_hire(w, "one");
	peer_open(&p, w);
	uint64_t next = 1;
	for (size_t i = 0; i < 20; i++) {
		world_post(w, "lobby", 50);
		ask(&p, i, next, 100, 0);
		const Parlor__JournalPage *got = page(&p);
		next = got->entries[got->n_entries - 1]->position + 1;
	}
	world_until(w, sync_synced(w->sync) == world_head(w));
	world_assert_applied(w);
	assert_int_equal(worker_peer_partitions(h), WORLD_PARTITIONS);
	assert_int_equal(world_counts(w).workers, 1);
	peer_close(&p);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_journal_is_read_page_by_page),
		cmocka_unit_test(a_reader_at_the_end_waits_for_the_next_record),
		cmocka_unit_test(a_reader_is_answered_when_its_time_is_up),
		cmocka_unit_test(what_was_trimmed_is_told_by_where_the_journal_begins),
		cmocka_unit_test(a_page_is_bounded_by_its_bytes),
		cmocka_unit_test(
			too_many_readers_are_refused_and_a_second_question_replaces_the_first),
		cmocka_unit_test(who_does_not_read_its_pages_is_sent_no_more_of_them),
		cmocka_unit_test(a_reader_that_left_is_forgotten_with_its_question),
		cmocka_unit_test(workers_do_not_notice_a_reader),
	};
	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
