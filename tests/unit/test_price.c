/* What a turn may cost: when it ends, when a frame is split for it, and what is counted. */
#include "turn/price.h"
#include "turn/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define REQUESTS 10
#define BYTES 1000
#define STEPS 5000
#define ROWS 300
#define US 2000
#define DELIVERIES 8000
#define COMMITS 2

static const uint64_t budget[PRICE_KINDS] = {
	[PRICE_REQUESTS] = REQUESTS,  [PRICE_BYTES_IN] = BYTES,  [PRICE_RECORDS] = REQUESTS,
	[PRICE_RECORD_BYTES] = BYTES, [PRICE_BYTES_OUT] = BYTES, [PRICE_STEPS] = STEPS,
	[PRICE_ROWS] = ROWS,          [PRICE_US] = US,           [PRICE_DELIVERIES] = DELIVERIES,
	[PRICE_COMMITS] = COMMITS,    [PRICE_LANDED] = 1};

static struct price new_price(void)
{
	struct price p;
	price_init(&p, budget);
	price_begin(&p);
	return p;
}

static void a_turn_ends_when_any_budget_is_spent(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++) {
		struct price p = new_price();
		price_add(&p, kind, budget[kind] - 1);
		assert_false(price_is_spent(&p));
		price_add(&p, kind, 1);
		assert_true(price_is_spent(&p));
	}
}

static void what_is_counted_elsewhere_adds_up_over_its_beginning_anew(void **state)
{
	(void)state;
	struct price p = new_price();
	price_see(&p, PRICE_RECORDS, 4);
	price_see(&p, PRICE_RECORDS, 6);
	assert_int_equal(p.spent[PRICE_RECORDS], 6);
	price_see(&p, PRICE_RECORDS, 0); /* they were committed */
	price_see(&p, PRICE_RECORDS, 3);
	assert_int_equal(p.spent[PRICE_RECORDS], 9);
	price_begin(&p);
	price_see(&p, PRICE_RECORDS, 3);
	assert_int_equal(p.spent[PRICE_RECORDS], 3);
}

/* About: what does not make a whole unit is lost. */
static void expect_cost(uint64_t cost, uint64_t expected)
{
	assert_in_range(cost, expected - PRICE_KINDS, expected);
}

static void work_costs_the_part_of_a_turn_that_it_has_used(void **state)
{
	(void)state;
	struct price p = new_price();
	assert_int_equal(price_charge(&p), 0);
	price_add(&p, PRICE_REQUESTS, 1);
	expect_cost(price_charge(&p), PRICE_TURN / REQUESTS);
	assert_int_equal(price_charge(&p), 0);
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++) {
		p = new_price();
		price_add(&p, kind, budget[kind] / 2);
		uint64_t part = kind == PRICE_US || kind == PRICE_LANDED ? 0 : PRICE_TURN / 2;
		if (part)
			expect_cost(price_charge(&p), part);
		else
			assert_int_equal(price_charge(&p), 0);
	}
	p = new_price();
	price_see(&p, PRICE_STEPS, STEPS / 10);
	price_see(&p, PRICE_BYTES_OUT, BYTES / 5);
	expect_cost(price_charge(&p), PRICE_TURN * 3 / 10);
	price_see(&p, PRICE_STEPS, STEPS / 2);
	expect_cost(price_charge(&p), PRICE_TURN * 4 / 10);
}

static void behind_a_commit_under_way_only_what_is_to_be_committed_is_full(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++) {
		struct price p = new_price();
		price_add(&p, kind, budget[kind]);
		bool committed = kind == PRICE_RECORDS || kind == PRICE_RECORD_BYTES ||
				 kind == PRICE_BYTES_OUT || kind == PRICE_DELIVERIES;
		assert_int_equal(price_commit_is_full(&p, 1), committed);
		p = new_price();
		price_add(&p, kind, budget[kind] / 2);
		assert_false(price_commit_is_full(&p, 1));
		assert_int_equal(price_commit_is_full(&p, 2), committed);
	}
}

static void a_frame_is_split_for_replies_at_once_and_for_records_when_there_are_many(void **state)
{
	(void)state;
	struct price p = new_price();
	price_add(&p, PRICE_REQUESTS, 10 * REQUESTS);
	price_add(&p, PRICE_BYTES_IN, 10 * BYTES);
	price_add(&p, PRICE_RECORDS, 2 * REQUESTS - 1);
	price_add(&p, PRICE_RECORD_BYTES, 2 * BYTES - 1);
	assert_false(price_splits(&p));
	price_add(&p, PRICE_BYTES_OUT, BYTES);
	assert_true(price_splits(&p));

	static const enum price_kind at_once[] = {PRICE_STEPS,  PRICE_ROWS,       PRICE_US,
						  PRICE_LANDED, PRICE_DELIVERIES, PRICE_COMMITS};
	for (size_t i = 0; i < sizeof at_once / sizeof *at_once; i++) {
		p = new_price();
		price_add(&p, at_once[i], budget[at_once[i]]);
		assert_true(price_splits(&p));
	}
	p = new_price();
	price_add(&p, PRICE_RECORDS, 2 * REQUESTS);
	assert_true(price_splits(&p));
	p = new_price();
	price_add(&p, PRICE_RECORD_BYTES, 2 * BYTES);
	assert_true(price_splits(&p));
}

static void a_share_of_a_budget_is_spent_sooner(void **state)
{
	(void)state;
	struct price p = new_price();
	price_add(&p, PRICE_STEPS, STEPS / 2);
	assert_false(price_is_spent(&p));
	price_share(&p, 2);
	assert_true(price_is_spent(&p));
	assert_true(price_splits(&p));
	price_share(&p, 1);
	assert_false(price_is_spent(&p));
	/* What waits for a commit may be of turns before. */
	price_begin(&p);
	price_share(&p, 2);
	price_see(&p, PRICE_BYTES_OUT, BYTES / 2);
	assert_false(price_is_spent(&p));
}

static void what_ended_turns_is_counted_once_a_turn(void **state)
{
	(void)state;
	struct price p = new_price();
	price_end(&p);
	price_add(&p, PRICE_BYTES_OUT, BYTES);
	price_end(&p);
	price_add(&p, PRICE_REQUESTS, REQUESTS);
	price_end(&p);
	assert_int_equal(p.ended[PRICE_BYTES_OUT], 1);
	assert_int_equal(p.ended[PRICE_REQUESTS], 0);
	price_begin(&p);
	assert_false(price_is_spent(&p));
	price_end(&p);
	assert_int_equal(p.ended[PRICE_BYTES_OUT], 1);
	price_add(&p, PRICE_REQUESTS, REQUESTS);
	price_end(&p);
	assert_int_equal(p.ended[PRICE_REQUESTS], 1);
}

static void holds(struct turn *t, size_t records, size_t bytes)
{
	t->len = records;
	t->bytes.len = bytes;
}

static void what_a_commit_carries_is_counted_by_whether_its_part_was_spent(void **state)
{
	(void)state;
	struct turn t = {0};
	holds(&t, 3, 300);
	turn_count(&t, false);
	holds(&t, 5, 450);
	turn_count(&t, true);
	turn_count(&t, true); /* nothing has come since */
	holds(&t, 9, 900);
	turn_count(&t, false);
	holds(&t, 10, 1000);
	turn_count(&t, true);
	assert_int_equal(t.beyond.records, 2 + 1);
	assert_int_equal(t.beyond.bytes, 150 + 100);
	turn_clear(&t); /* it was committed */
	holds(&t, 1, 10);
	turn_count(&t, true);
	assert_int_equal(t.beyond.records, 1);
	assert_int_equal(t.beyond.bytes, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_ends_when_any_budget_is_spent),
		cmocka_unit_test(what_is_counted_elsewhere_adds_up_over_its_beginning_anew),
		cmocka_unit_test(work_costs_the_part_of_a_turn_that_it_has_used),
		cmocka_unit_test(behind_a_commit_under_way_only_what_is_to_be_committed_is_full),
		cmocka_unit_test(
			a_frame_is_split_for_replies_at_once_and_for_records_when_there_are_many),
		cmocka_unit_test(a_share_of_a_budget_is_spent_sooner),
		cmocka_unit_test(what_ended_turns_is_counted_once_a_turn),
		cmocka_unit_test(what_a_commit_carries_is_counted_by_whether_its_part_was_spent),
	};
	return cmocka_run_group_tests_name("price", tests, NULL, NULL);
}
