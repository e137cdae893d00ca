/* What a turn's commit takes upon itself, in a broker whose loop does not run. */
#include "house.h"

#include "api/dispatch.h"
#include "core/message.h"
#include "core/room.h"
#include "core/room_members.h"

#include "base/clock.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define RECORDS 10000
#define FEW 100
#define TRIMMED_MAX 2000 /* by one commit, and there is one of the turn and one of rows */

static const struct core_call call = {.tenant = {"acme", 4}, .now_us = 1000000};
static const struct span room = {"r", 1}, member = {"ann", 3};

static void post(struct broker *b, int no)
{
	char id[16];
	struct core_posted posted;
	struct core_post q = {.room = room, .sender = member, .type = MESSAGE_TYPE_MESSAGE};
	q.client_id = (struct span){id, (size_t)snprintf(id, sizeof id, "%d", no)};
	assert_int_equal(core_post(b->core, &call, &q, &posted), PARLOR_E_OK);
}

static void fill(struct broker *b, int records)
{
	const struct core_member_spec ann = {.id = member, .type = MEMBER_TYPE_MANAGER};
	struct core_room_view view;
	assert_int_equal(core_room_create(b->core, &call,
					  &(struct core_room_create){
						  .id = room, .members = &ann, .members_len = 1},
					  &view),
			 PARLOR_E_OK);
	for (int i = 0; i < records; i++) {
		post(b, i);
		if (i % 1000 == 999 || i + 1 == records)
			assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	}
	assert_int_equal(commit_all_rows(&b->commit), PARLOR_E_OK);
}

/* Much of the journal may go, and more rows are dirty than should be, for which there is no
 * room: the turn does not wait until all of it has gone. */
static void a_turn_without_room_for_rows_trims_no_more_than_another(void **state)
{
	struct house *h = house_open(NULL);
	struct broker *b = &h->broker;
	(void)state;
	fill(b, RECORDS);
	b->commit.retention.limits =
		(struct retention_limits){.records = 100, .without_mysql = true};
	b->commit.limits.dirty_rows = 0;
	b->commit.rows_late = (struct late){.is = true, .next_us = UINT64_MAX};
	post(b, RECORDS);
	uint64_t before = store_first(b->store);
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	assert_in_range(store_first(b->store) - before, 1, 2 * TRIMMED_MAX);
	house_close(h);
}

/* An answer of this turn, for somebody. */
static void answer(struct broker *b)
{
	struct outbox_peer *peer =
		outbox_open(b->outbox, (struct span){"\1abcd", 5}, b->outbox, NULL);
	buf_put(replies_begin(&b->commit.turn.replies), "x", 1);
	replies_end(&b->commit.turn.replies, peer);
	outbox_close(b->outbox, peer);
}

static size_t unanswered(const struct broker *b)
{
	return b->commit.turn.replies.len;
}

/* Rows leave on their own while nothing else is to do. */
static void who_only_asks_does_not_wait_for_rows(void **state)
{
	struct house *h = house_open(NULL);
	struct broker *b = &h->broker;
	(void)state;
	fill(b, FEW);
	post(b, FEW);
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	size_t dirty = core_dirty(b->core);
	assert_true(dirty > 0);
	assert_int_equal(commit_idle(&b->commit), PARLOR_E_OK);
	assert_true(b->commit.flying);
	assert_true(core_dirty(b->core) < dirty);
	answer(b);
	commit_nothing(&b->commit);
	assert_int_equal(unanswered(b), 0);

	/* What is posted meanwhile is answered when it is on disk, behind them. */
	post(b, FEW + 1);
	answer(b);
	commit_nothing(&b->commit);
	assert_int_equal(unanswered(b), 1);
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	assert_int_equal(unanswered(b), 0);
	assert_false(b->commit.flying);
	assert_int_equal(store_last(b->store), core_position(b->core));
	house_close(h);
}

/* A turn of one record would be committed by the loop itself if it had nothing to do. */
static void what_is_on_disk_ends_the_turn_that_goes_on_meanwhile(void **state)
{
	struct house *h = house_open(NULL);
	struct broker *b = &h->broker;
	(void)state;
	fill(b, FEW);
	assert_int_equal(commit_turn(&b->commit), PARLOR_E_OK);
	post(b, FEW);
	assert_int_equal(commit_start(&b->commit, false), PARLOR_E_OK);
	assert_false(b->commit.flying);

	price_begin(&b->price);
	dispatch_begin(b);
	post(b, FEW + 1);
	assert_int_equal(commit_start(&b->commit, true), PARLOR_E_OK);
	assert_true(b->commit.flying);
	struct pollfd ended = {.fd = store_commit_fd(b->store), .events = POLLIN};
	assert_int_equal(poll(&ended, 1, -1), 1);
	b->looks = 0;
	b->serving_us = clock_mono_us() - 1000;
	dispatch_count(b);
	assert_true(price_is_spent(&b->price));
	price_end(&b->price);
	assert_int_equal(b->price.ended[PRICE_LANDED], 1);
	assert_int_equal(commit_collect(&b->commit), PARLOR_E_OK);
	assert_false(b->commit.flying);
	house_close(h);
}

static void join(struct broker *b)
{
	const struct core_member_spec ben = {.id = {"ben", 3}, .type = MEMBER_TYPE_MEMBER};
	const struct core_notice none = {0};
	struct core_room_view view;
	assert_int_equal(core_members_add(b->core, &call, room, &ben, 1, &none, &view),
			 PARLOR_E_OK);
}

/* Who attaches behind a join waits until all is delivered, and that is no reason to deliver
 * more than a turn does: however often it asks in the same one. */
static void who_attaches_waits_for_what_a_turn_delivers(void **state)
{
	struct house *h = house_open(NULL);
	struct broker *b = &h->broker;
	(void)state;
	fill(b, FEW);
	post(b, FEW);
	assert_int_equal(commit_start(&b->commit, true), PARLOR_E_OK);
	join(b);
	assert_false(commit_settles_later(&b->commit));
	b->commit.limits.turn_deliveries = 0;
	assert_int_equal(commit_settle(&b->commit), PARLOR_E_BUSY);
	b->commit.limits.turn_deliveries = 1000;
	assert_true(commit_settles_later(&b->commit));
	assert_int_equal(commit_settle(&b->commit), PARLOR_E_BUSY);
	assert_true(b->commit.flying);

	assert_int_equal(commit_collect(&b->commit), PARLOR_E_OK);
	assert_false(b->commit.flying);
	assert_int_equal(commit_settle(&b->commit), PARLOR_E_OK);
	assert_int_equal(store_last(b->store), core_position(b->core));
	house_close(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_without_room_for_rows_trims_no_more_than_another),
		cmocka_unit_test(who_only_asks_does_not_wait_for_rows),
		cmocka_unit_test(what_is_on_disk_ends_the_turn_that_goes_on_meanwhile),
		cmocka_unit_test(who_attaches_waits_for_what_a_turn_delivers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
