/* The account of what an outbox has queued: bounded for each peer, each stranger and
 * all together, and given back as it is read. */
#include "outbox_world.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Sends one part of that many bytes; the room left before it. */
static size_t send_bytes(struct world *w, int dealer, size_t len)
{
	size_t room = outbox_space(w->outbox, w->dealers[dealer].peer);
	uint8_t *bytes = mem_new(len);
	memset(bytes, 'b', len);
	add(w, dealer, outbox_put(w->outbox, (struct span){bytes, len}));
	free(bytes);
	outbox_flush(w->outbox);
	return room;
}

/* Until neither of the first two may have more: what was sent may go on leaving with
 * each flush, to the kernel's buffers. */
static void fill_two(struct world *w)
{
	for (int d = 0; outbox_space(w->outbox, w->dealers[0].peer) ||
			outbox_space(w->outbox, w->dealers[1].peer);
	     d = !d)
		if (outbox_space(w->outbox, w->dealers[d].peer))
			(void)send_bytes(w, d, 60 * 1024);
}

static void test_a_peer_that_does_not_read_is_told_apart(void **state)
{
	struct world *w = *state;
	struct outbox_counts counts;
	size_t sent = 0;
	assert_int_equal(outbox_space(w->outbox, w->dealers[0].peer), world_limits.peer_bytes_max);
	/* The kernel's buffers fill, then the account of that peer. */
	while (outbox_space(w->outbox, w->dealers[0].peer) > 0) {
		(void)send_bytes(w, 0, 60 * 1024);
		sent += 60 * 1024;
		assert_true(sent < 64u * MIB);
	}
	assert_true(outbox_queued(w->dealers[0].peer) >= world_limits.peer_bytes_max);
	assert_null(outbox_failed(w->outbox));
	assert_true(outbox_space(w->outbox, w->dealers[1].peer) == world_limits.peer_bytes_max);
	add(w, 1, put(w, "others go on"));
	outbox_flush(w->outbox);
	expect(w, 1, "others go on");

	/* Replies still go to it, up to four times as much. */
	void *failed;
	size_t replies = 0;
	while (!(failed = outbox_failed(w->outbox))) {
		(void)send_bytes(w, 0, 60 * 1024);
		replies++;
		assert_true(replies < 1000);
	}
	assert_ptr_equal(failed, &w->dealers[0]);
	assert_true(outbox_queued(w->dealers[0].peer) > 3 * world_limits.peer_bytes_max);
	assert_true(outbox_queued(w->dealers[0].peer) <=
		    4 * world_limits.peer_bytes_max + 2 * world_limits.frame_bytes_max);
	(void)send_bytes(w, 0, 10);
	assert_null(outbox_failed(w->outbox));
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(counts.dropped, 2);

	/* A new session on the same connection inherits the full queue. */
	struct span routing = {w->dealers[0].routing, sizeof w->dealers[0].routing};
	size_t queued = outbox_queued(w->dealers[0].peer);
	outbox_close(w->outbox, w->dealers[0].peer);
	w->dealers[0].peer = outbox_open(w->outbox, routing, &w->dealers[0], NULL);
	assert_int_equal(outbox_queued(w->dealers[0].peer), queued);
	assert_int_equal(outbox_space(w->outbox, w->dealers[0].peer), 0);

	/* What it held is given back once it is gone, though its owner is too. */
	dealer_close(w, &w->dealers[0]);
	await_empty(w);
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.peers, DEALERS - 1);
}

/* Another peer for the same dealer: what is open counts, and nothing is sent. */
static struct outbox_peer *reopen(struct world *w, int dealer, struct outbox_share **share)
{
	struct span routing = {w->dealers[dealer].routing, sizeof w->dealers[dealer].routing};
	outbox_close(w->outbox, w->dealers[dealer].peer);
	return w->dealers[dealer].peer =
		       outbox_open(w->outbox, routing, &w->dealers[dealer], share);
}

static void test_beyond_half_of_all_each_tenant_has_the_same_part(void **state)
{
	static const struct outbox_limits tight = {.frame_bytes_max = 64 * 1024,
						   .peer_bytes_max = 2 * MIB,
						   .total_bytes_max = 4 * MIB};
	(void)state;
	struct world *w = world_open(&tight);
	struct outbox_share *many = NULL, *few = NULL;
	size_t half = tight.total_bytes_max / 2;
	for (int d = 0; d < DEALERS - 1; d++)
		(void)reopen(w, d, &many);
	struct outbox_peer *greedy = w->dealers[0].peer;
	struct outbox_peer *other = reopen(w, DEALERS - 1, &few);
	assert_int_equal(outbox_space(w->outbox, other), tight.peer_bytes_max);
	outbox_hold(greedy, half + 1);
	assert_int_equal(outbox_space(w->outbox, greedy), 0);
	assert_int_equal(outbox_space(w->outbox, w->dealers[1].peer), half / 2 / (DEALERS - 1));
	assert_int_equal(outbox_space(w->outbox, other), half / 2);
	/* A tenant that has gone has no part. */
	for (int d = 1; d < DEALERS - 1; d++)
		(void)reopen(w, d, &few);
	assert_int_equal(outbox_space(w->outbox, other), half / 2 / (DEALERS - 1));
	(void)reopen(w, DEALERS - 1, NULL);
	outbox_let_go(greedy, half + 1);
	for (int d = 0; d < DEALERS; d++)
		(void)reopen(w, d, NULL);
	world_close(w);
}

/* Its own sessions wait for what they have left unread, those of another do not. */
static void test_beyond_half_of_its_share_a_tenant_has_fair_parts_of_the_rest(void **state)
{
	struct outbox_limits tight = world_limits;
	tight.share_bytes_max = 4 * MIB;
	(void)state;
	struct world *w = world_open(&tight);
	struct outbox_share *mine = NULL, *other = NULL;
	struct outbox_counts counts;
	size_t half = tight.share_bytes_max / 2;
	for (int d = 0; d < DEALERS - 1; d++)
		(void)reopen(w, d, &mine);
	(void)reopen(w, DEALERS - 1, &other);
	/* Each of two takes what it may, and that is more than half of the share. */
	fill_two(w);
	outbox_counts(w->outbox, &counts);
	assert_in_range(counts.shares_full, 1, 1000); /* some of it may go meanwhile */
	assert_true(counts.queued_bytes > half && counts.queued_bytes < tight.share_bytes_max);
	assert_int_equal(outbox_space(w->outbox, w->dealers[0].peer), 0);
	assert_int_equal(outbox_space(w->outbox, w->dealers[2].peer), half / (DEALERS - 1));
	assert_int_equal(outbox_space(w->outbox, w->dealers[3].peer), tight.peer_bytes_max);

	/* Replies beyond the share cost the one that does not read them. */
	void *failed;
	while (!(failed = outbox_failed(w->outbox)))
		(void)send_bytes(w, 0, 60 * 1024);
	assert_ptr_equal(failed, &w->dealers[0]);
	outbox_counts(w->outbox, &counts);
	assert_true(counts.queued_bytes < tight.share_bytes_max + MIB);
	dealer_close(w, &w->dealers[0]);
	dealer_close(w, &w->dealers[1]);
	await_empty(w);
	assert_int_equal(outbox_space(w->outbox, w->dealers[2].peer), tight.peer_bytes_max);
	(void)reopen(w, 2, NULL);
	(void)reopen(w, 3, NULL);
	world_close(w);
}

/* Whoever is told of space now has that beside it, and who comes for it later, too. */
static void test_what_is_held_for_one_is_taken_from_the_share_of_its_tenant(void **state)
{
	struct outbox_limits tight = world_limits;
	tight.share_bytes_max = 2 * MIB;
	(void)state;
	struct world *w = world_open(&tight);
	struct outbox_share *mine = NULL, *other = NULL;
	for (int d = 0; d < DEALERS - 1; d++)
		(void)reopen(w, d, &mine);
	(void)reopen(w, DEALERS - 1, &other);
	outbox_hold(w->dealers[0].peer, MIB + 1);
	assert_int_equal(outbox_space(w->outbox, w->dealers[1].peer), MIB / (DEALERS - 1));
	assert_int_equal(outbox_space(w->outbox, w->dealers[3].peer), tight.peer_bytes_max);
	struct outbox_peer *away = w->dealers[0].peer;
	outbox_close(w->outbox, away);
	assert_int_equal(outbox_space(w->outbox, w->dealers[1].peer), tight.peer_bytes_max);
	struct span routing = {w->dealers[0].routing, sizeof w->dealers[0].routing};
	assert_ptr_equal(outbox_open(w->outbox, routing, &w->dealers[0], &mine), away);
	assert_int_equal(outbox_space(w->outbox, w->dealers[1].peer), MIB / (DEALERS - 1));
	outbox_let_go(away, MIB + 1);
	assert_int_equal(outbox_space(w->outbox, w->dealers[1].peer), tight.peer_bytes_max);
	for (int d = 0; d < DEALERS; d++)
		(void)reopen(w, d, NULL);
	world_close(w);
}

/* Leaves so much unread by the first two, the kernel's buffers being full: nothing comes
 * back any more. */
static void leave_unread(struct world *w, size_t bytes)
{
	zmq_pollitem_t back = {.fd = outbox_fd(w->outbox), .events = ZMQ_POLLIN};
	do {
		outbox_collect(w->outbox);
		for (int d = 0; d < 2; d++)
			while (outbox_queued(w->dealers[d].peer) < bytes)
				(void)send_bytes(w, d, 60 * 1024);
	} while (!outbox_arm(w->outbox) || zmq_poll(&back, 1, 100) > 0);
}

/* What several of a tenant were told that they may passes its share together. */
static void test_who_was_told_of_space_is_not_ended_by_what_others_get_with_it(void **state)
{
	enum { LARGE = 700 * 1024 };
	struct outbox_limits tight = world_limits;
	tight.share_bytes_max = LARGE / 2;
	(void)state;
	struct world *w = world_open(&tight);
	struct outbox_share *mine = NULL;
	leave_unread(w, MIB);
	for (int d = 0; d < 2; d++)
		assert_true(outbox_space(w->outbox, reopen(w, d, &mine)) >= LARGE);
	uint8_t *bytes = mem_new(LARGE);
	for (int d = 0; d < 2; d++)
		add(w, d, outbox_put(w->outbox, (struct span){bytes, LARGE}));
	outbox_flush(w->outbox);
	assert_null(outbox_failed(w->outbox));
	for (int d = 0; d < 2; d++)
		assert_true(outbox_queued(w->dealers[d].peer) > LARGE);
	assert_int_equal(outbox_space(w->outbox, w->dealers[1].peer), 0);
	free(bytes);
	for (int d = 0; d < 2; d++)
		dealer_close(w, &w->dealers[d]);
	await_empty(w);
	assert_null(mine);
	world_close(w);
}

/* Who goes and comes back has no new share while what was for it is unread. */
static void test_a_share_is_there_until_nothing_of_it_is_queued(void **state)
{
	struct outbox_limits tight = world_limits;
	tight.share_bytes_max = 4 * MIB;
	(void)state;
	struct world *w = world_open(&tight);
	struct outbox_share *mine = NULL;
	struct outbox_counts counts;
	for (int d = 0; d < 2; d++) {
		(void)reopen(w, d, &mine);
		while (send_bytes(w, d, 60 * 1024) > 0)
			continue;
		(void)reopen(w, d, NULL);
		assert_non_null(mine);
	}
	size_t room = outbox_space(w->outbox, reopen(w, 2, &mine));
	assert_true(room <= tight.share_bytes_max / 2);
	(void)reopen(w, 2, NULL);
	outbox_counts(w->outbox, &counts);
	assert_in_range(counts.shares_full, 1, 1000); /* some of it may go meanwhile */
	for (int d = 0; d < 2; d++)
		dealer_close(w, &w->dealers[d]);
	await_empty(w);
	assert_null(mine);
	world_close(w);
}

/* Its part of what is queued is what it takes, whoever of it gets the same. */
static void test_a_frame_for_many_counts_once_in_their_share(void **state)
{
	enum { TIMES = 20, BYTES = 60 * 1024 };
	struct outbox_limits tight = world_limits;
	tight.share_bytes_max = 2 * 3 * TIMES * BYTES;
	(void)state;
	struct world *w = world_open(&tight);
	struct outbox_share *mine = NULL;
	struct outbox_counts counts;
	static uint8_t bytes[BYTES];
	for (int d = 0; d < DEALERS; d++)
		(void)reopen(w, d, &mine);
	for (int i = 0; i < TIMES; i++) {
		struct outbox_part part = outbox_put(w->outbox, (struct span){bytes, BYTES});
		for (int d = 0; d < DEALERS; d++)
			add(w, d, part);
		outbox_flush(w->outbox);
	}
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.shares_full, 0);
	world_close(w);
}

static void test_replies_are_made_while_there_is_room_or_nothing_is_queued(void **state)
{
	struct world *w = *state;
	struct outbox_peer *peer = w->dealers[0].peer;
	uint8_t *bytes = mem_new(world_limits.peer_bytes_max + 1);
	assert_true(outbox_may_reply(w->outbox, peer));
	size_t len = world_limits.peer_bytes_max - OUTBOX_REPLY_SPACE;
	add(w, 0, outbox_put(w->outbox, (struct span){bytes, len}));
	assert_true(outbox_may_reply(w->outbox, peer));
	add(w, 0, outbox_put(w->outbox, (struct span){bytes, 1}));
	assert_false(outbox_may_reply(w->outbox, peer));
	assert_true(outbox_may_reply(w->outbox, w->dealers[1].peer));
	outbox_flush(w->outbox);
	for (size_t got = 0; got < len + 1;)
		got += (size_t)frame_of(w->dealers[0].socket, 0);
	await_empty(w);
	assert_true(outbox_may_reply(w->outbox, peer));
	free(bytes);
}

/* What is held for it counts as if it were put down, and outlives its owner. */
static void test_what_is_held_for_a_peer_counts_and_is_sent_after_its_close(void **state)
{
	struct world *w = *state;
	struct outbox_peer *peer = w->dealers[0].peer;
	static const char text[] = "referred to";
	outbox_hold(peer, world_limits.peer_bytes_max);
	outbox_hold(peer, 100);
	assert_int_equal(outbox_space(w->outbox, peer), 0);
	assert_false(outbox_may_reply(w->outbox, peer));
	outbox_close(w->outbox, peer);
	w->dealers[0].peer = NULL;
	outbox_let_go(peer, world_limits.peer_bytes_max);
	outbox_add(w->outbox, peer, outbox_refer(w->outbox, SPAN_TEXT(text)));
	outbox_let_go(peer, 100);
	outbox_flush(w->outbox);
	expect(w, 0, text);
}

static void test_a_burst_for_a_peer_with_nothing_queued_is_bounded_as_well(void **state)
{
	struct world *w = *state;
	uint8_t *bytes = mem_new(MIB);
	/* One part goes whatever its size, as a large message must. */
	struct outbox_part large = outbox_put(w->outbox, (struct span){bytes, MIB});
	for (size_t sent = 0; sent <= 5 * world_limits.peer_bytes_max; sent += MIB)
		add(w, 0, large);
	outbox_flush(w->outbox);
	assert_ptr_equal(outbox_failed(w->outbox), &w->dealers[0]);
	assert_int_equal(outbox_queued(w->dealers[0].peer), 0);
	free(bytes);
}

static void test_reading_makes_room_again(void **state)
{
	struct world *w = *state;
	size_t frames = 1;
	while (send_bytes(w, 2, 60 * 1024) > 0)
		frames++;
	for (size_t i = 0; i < frames; i++)
		assert_int_equal(frame_of(w->dealers[2].socket, 'b'), 60 * 1024);
	await_empty(w);
	assert_int_equal(outbox_space(w->outbox, w->dealers[2].peer), world_limits.peer_bytes_max);
}

/* Answers to a stranger until one is dropped; how many were taken. */
static size_t answer_stranger(struct world *w, struct span routing)
{
	static const uint8_t refusal[100];
	size_t sent = 0;
	while (outbox_send(w->outbox, routing, (struct span){refusal, sizeof refusal})) {
		outbox_flush(w->outbox);
		assert_true(++sent < 100000);
	}
	return sent;
}

static void test_a_stranger_who_does_not_read_silences_no_other(void **state)
{
	struct world *w = *state;
	struct span mute = {w->dealers[0].routing, sizeof w->dealers[0].routing};
	struct span other = {w->dealers[1].routing, sizeof w->dealers[1].routing};
	struct outbox_counts counts;
	outbox_close(w->outbox, w->dealers[0].peer);
	outbox_close(w->outbox, w->dealers[1].peer);
	w->dealers[0].peer = w->dealers[1].peer = NULL;
	/* Its queue inside ZeroMQ first: then what it does not read adds up. */
	(void)answer_stranger(w, mute);
	outbox_counts(w->outbox, &counts);
	assert_true(counts.queued_bytes <= 4096);
	assert_true(counts.dropped > 0);
	assert_true(outbox_send(w->outbox, other, SPAN_TEXT("who are you?")));
	outbox_flush(w->outbox);
	expect(w, 1, "who are you?");
}

static void test_strangers_together_get_no_more_than_their_part(void **state)
{
	(void)state;
	struct outbox_limits small = world_limits;
	small.total_bytes_max = 4 * MIB;
	struct world *w = world_open(&small);
	struct outbox_counts counts;
	char routing[] = "\0nnnn";
	size_t taken = 0;
	for (uint32_t n = 0; n < 1000; n++) {
		memcpy(routing + 1, &n, sizeof n);
		taken += outbox_send(w->outbox, (struct span){routing, 5}, SPAN_TEXT("x"));
	}
	assert_int_equal(taken, small.total_bytes_max / 64 / OUTBOX_STRANGER_BYTES);
	/* They are gone, which is no failure of a session. */
	outbox_flush(w->outbox);
	outbox_counts(w->outbox, &counts);
	assert_int_equal(counts.dropped, 1000);
	assert_int_equal(counts.failed, 0);
	assert_int_equal(counts.queued_bytes, 0);
	assert_true(outbox_send(w->outbox, (struct span){routing, 5}, SPAN_TEXT("x")));
	world_close(w);
}

static void test_when_all_is_full_each_has_its_fair_part(void **state)
{
	(void)state;
	struct outbox_limits tight = world_limits;
	tight.peer_bytes_max = 8 * MIB;
	tight.total_bytes_max = 8 * MIB;
	size_t fair = tight.total_bytes_max / 2 / DEALERS;
	struct world *w = world_open(&tight);
	struct outbox_counts counts;
	/* Two that do not read take half of the memory; then they get no more. */
	fill_two(w);
	outbox_counts(w->outbox, &counts);
	assert_true(counts.queued_bytes > tight.total_bytes_max / 2);
	assert_true(counts.queued_bytes < tight.total_bytes_max);
	assert_int_equal(outbox_space(w->outbox, w->dealers[0].peer), 0);
	assert_int_equal(outbox_space(w->outbox, w->dealers[2].peer), fair);
	add(w, 2, put(w, "live as ever"));
	outbox_flush(w->outbox);
	expect(w, 2, "live as ever");
	assert_null(outbox_failed(w->outbox));

	/* Replies beyond the total cost the one that does not read them. */
	void *failed;
	while (!(failed = outbox_failed(w->outbox)))
		(void)send_bytes(w, 0, 60 * 1024);
	assert_ptr_equal(failed, &w->dealers[0]);
	outbox_counts(w->outbox, &counts);
	assert_true(counts.queued_bytes < tight.total_bytes_max + MIB);
	world_close(w);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(test_a_peer_that_does_not_read_is_told_apart),
		cmocka_unit_test(test_beyond_half_of_all_each_tenant_has_the_same_part),
		cmocka_unit_test(test_beyond_half_of_its_share_a_tenant_has_fair_parts_of_the_rest),
		cmocka_unit_test(test_what_is_held_for_one_is_taken_from_the_share_of_its_tenant),
		cmocka_unit_test(
			test_who_was_told_of_space_is_not_ended_by_what_others_get_with_it),
		cmocka_unit_test(test_a_share_is_there_until_nothing_of_it_is_queued),
		cmocka_unit_test(test_a_frame_for_many_counts_once_in_their_share),
		IN_A_WORLD(test_replies_are_made_while_there_is_room_or_nothing_is_queued),
		IN_A_WORLD(test_what_is_held_for_a_peer_counts_and_is_sent_after_its_close),
		IN_A_WORLD(test_a_burst_for_a_peer_with_nothing_queued_is_bounded_as_well),
		IN_A_WORLD(test_reading_makes_room_again),
		IN_A_WORLD(test_a_stranger_who_does_not_read_silences_no_other),
		cmocka_unit_test(test_strangers_together_get_no_more_than_their_part),
		cmocka_unit_test(test_when_all_is_full_each_has_its_fair_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
