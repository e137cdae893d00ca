/* Frames held back: each session's in order, sessions in turns, and bounds. */
#include "front/backlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUEUES 4
#define QUANTUM 100

struct world {
	struct backlog backlog;
	struct drr_group groups[QUEUES];
	struct backlog_queue queues[QUEUES];
	char names[QUEUES];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	w->backlog = (struct backlog){
		.session_bytes = 1000, .total_bytes = 8000, .drr.quantum = QUANTUM};
	for (int i = 0; i < QUEUES; i++) {
		w->queues[i].owner = &w->names[i];
		w->queues[i].flow.group = &w->groups[i];
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < QUEUES; i++)
		backlog_clear(&w->backlog, &w->queues[i]);
	bool empty = !w->backlog.drr.groups && !w->backlog.drr.waiting && !w->backlog.blocked &&
		     !w->backlog.queues_len && !w->backlog.bytes;
	free(w);
	return empty ? 0 : -1;
}

static bool add(struct world *w, int queue, const char *text)
{
	struct backlog_rest rest = {.bytes = SPAN_TEXT(text)};
	return backlog_add(&w->backlog, &w->queues[queue], &rest, QUEUES);
}

static bool add_bytes(struct world *w, int queue, size_t len, size_t sharers)
{
	static const uint8_t bytes[1000];
	struct backlog_rest rest = {.bytes = {bytes, len}};
	return backlog_add(&w->backlog, &w->queues[queue], &rest, sharers);
}

static void expect_taken(struct world *w, int queue, const char *text)
{
	struct backlog_frame *f = backlog_take(&w->backlog, &w->queues[queue]);
	assert_non_null(f);
	assert_int_equal(f->rest.bytes.len, strlen(text));
	assert_memory_equal(f->rest.bytes.data, text, strlen(text));
	free(f);
}

static void frames_of_a_session_come_out_as_they_went_in(void **state)
{
	struct world *w = *state;
	assert_null(backlog_take(&w->backlog, &w->queues[0]));
	assert_true(add(w, 0, "one") && add(w, 0, "") && add(w, 1, "other") && add(w, 0, "three"));
	expect_taken(w, 0, "one");
	expect_taken(w, 0, "");
	expect_taken(w, 0, "three");
	assert_null(backlog_take(&w->backlog, &w->queues[0]));
	expect_taken(w, 1, "other");
	assert_int_equal(w->backlog.frames, 4);
	assert_int_equal(w->backlog.bytes, 0);
}

static void what_was_not_done_to_its_end_is_the_first_again(void **state)
{
	struct world *w = *state;
	assert_true(add(w, 0, "onetwo") && add(w, 0, "three"));
	struct backlog_frame *f = backlog_take(&w->backlog, &w->queues[0]);
	f->rest.bytes = (struct span){f->bytes + 3, 3};
	f->rest.begun = true;
	size_t bytes = w->backlog.bytes;
	backlog_put_back(&w->backlog, &w->queues[0], f);
	assert_true(w->backlog.bytes > bytes + 6);
	expect_taken(w, 0, "two");
	f = backlog_take(&w->backlog, &w->queues[0]);
	assert_int_equal(w->backlog.queues_len, 0);
	backlog_put_back(&w->backlog, &w->queues[0], f); /* also as the only one */
	assert_int_equal(w->backlog.queues_len, 1);
	expect_taken(w, 0, "three");
}

static void what_an_ended_session_sent_comes_behind_what_the_next_one_has(void **state)
{
	struct world *w = *state;
	struct backlog_frames rest = backlog_take_all(&w->backlog, &w->queues[0]);
	assert_null(backlog_first_of(&rest));
	assert_true(add(w, 0, "done") && add(w, 0, "two") && add(w, 0, "three"));
	backlog_block(&w->backlog, &w->queues[0]);
	size_t bytes = w->backlog.bytes;
	rest = backlog_take_all(&w->backlog, &w->queues[0]);
	assert_int_equal(w->backlog.bytes, 0);
	assert_null(w->backlog.blocked);
	struct backlog_frame *f = backlog_first_of(&rest);
	assert_memory_equal(f->rest.bytes.data, "done", 4);
	free(f);
	assert_true(add(w, 1, "one."));
	backlog_append(&w->backlog, &w->queues[1], &rest);
	assert_null(rest.first);
	assert_int_equal(w->backlog.bytes, bytes);
	assert_int_equal(w->queues[1].bytes, bytes);
	assert_int_equal(w->backlog.queues_len, 1);
	expect_taken(w, 1, "one.");
	expect_taken(w, 1, "two");
	rest = backlog_take_all(&w->backlog, &w->queues[1]);
	backlog_append(&w->backlog, &w->queues[2], &rest);
	assert_ptr_equal(backlog_next(&w->backlog), &w->queues[2]);
	expect_taken(w, 2, "three");
}

/* Whose turn it is uses up its part. */
static const char *next_owner(struct world *w)
{
	struct backlog_queue *q = backlog_next(&w->backlog);
	if (!q)
		return NULL;
	drr_charge(&w->backlog.drr, &q->flow, QUANTUM);
	return q->owner;
}

static void sessions_take_turns(void **state)
{
	struct world *w = *state;
	assert_null(next_owner(w));
	for (int i = 0; i < 3; i++)
		assert_true(add(w, i, "a") && add(w, i, "b"));
	for (int turn = 0; turn < 6; turn++)
		assert_ptr_equal(next_owner(w), &w->names[turn % 3]);
	backlog_clear(&w->backlog, &w->queues[1]);
	assert_ptr_equal(next_owner(w), &w->names[0]);
	assert_ptr_equal(next_owner(w), &w->names[2]);
	assert_ptr_equal(next_owner(w), &w->names[0]);
}

static void who_cannot_go_on_takes_no_turn_until_all_are_let_in_again(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 3; i++)
		assert_true(add(w, i, "a"));
	backlog_block(&w->backlog, &w->queues[0]);
	backlog_block(&w->backlog, &w->queues[1]);
	assert_true(add(w, 0, "b")); /* more to do, and nothing that could be done */
	assert_ptr_equal(next_owner(w), &w->names[2]);
	assert_ptr_equal(next_owner(w), &w->names[2]);
	assert_int_equal(w->backlog.queues_len, 3);
	backlog_clear(&w->backlog, &w->queues[0]);
	backlog_unblock(&w->backlog);
	assert_ptr_equal(next_owner(w), &w->names[1]);
	assert_int_equal(w->backlog.drr.waiting, 2);
	struct backlog_frame *f = backlog_take(&w->backlog, &w->queues[1]);
	assert_ptr_equal(next_owner(w), &w->names[2]);
	backlog_put_back(&w->backlog, &w->queues[1], f);
	assert_int_equal(w->backlog.drr.waiting, 2);
}

static void a_session_and_all_of_them_are_bounded(void **state)
{
	struct world *w = *state;
	assert_false(add_bytes(w, 0, 1000, QUEUES)); /* its cost comes on top */
	assert_true(add_bytes(w, 0, 900, QUEUES));
	assert_false(add_bytes(w, 0, 900, QUEUES));
	assert_int_equal(w->backlog.frames, 1);
	assert_true(add_bytes(w, 1, 900, QUEUES));
	assert_true(add_bytes(w, 2, 900, QUEUES));
	assert_true(add_bytes(w, 3, 900, QUEUES));

	/* From half of the total on, a part of the other half, by how many there are. */
	backlog_clear(&w->backlog, &w->queues[3]);
	w->backlog.total_bytes = 2 * w->backlog.bytes;
	assert_false(add_bytes(w, 3, 900, 100));
	assert_true(add_bytes(w, 3, w->backlog.bytes / 10 - BACKLOG_FRAME_COST, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_of_a_session_come_out_as_they_went_in, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			what_an_ended_session_sent_comes_behind_what_the_next_one_has, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_was_not_done_to_its_end_is_the_first_again,
						setup, teardown),
		cmocka_unit_test_setup_teardown(sessions_take_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_cannot_go_on_takes_no_turn_until_all_are_let_in_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_session_and_all_of_them_are_bounded, setup,
						teardown),
	};
	return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}
