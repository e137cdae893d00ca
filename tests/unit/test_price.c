/* What a turn may cost: when it ends, when a frame is split for it, and what is counted. */
#include "turn/price.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define REQUESTS 10
#define BYTES 1000
#define STEPS 5000

static struct price new_price(void)
{
	struct price p;
	price_init(&p, REQUESTS, BYTES, STEPS);
	price_begin(&p);
	return p;
}

static void a_turn_ends_when_any_budget_is_spent(void **state)
{
	static const uint64_t budget[PRICE_KINDS] = {
		[PRICE_REQUESTS] = REQUESTS,  [PRICE_BYTES_IN] = BYTES,  [PRICE_RECORDS] = REQUESTS,
		[PRICE_RECORD_BYTES] = BYTES, [PRICE_BYTES_OUT] = BYTES, [PRICE_STEPS] = STEPS};
	(void)state;
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++) {
		struct price p = new_price();
		price_add(&p, kind, budget[kind] - 1);
		assert_false(price_is_spent(&p));
		price_add(&p, kind, 1);
		assert_true(price_is_spent(&p));
		price_set(&p, kind, budget[kind] - 1);
		assert_false(price_is_spent(&p));
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

	p = new_price();
	price_add(&p, PRICE_STEPS, STEPS);
	assert_true(price_splits(&p));
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
	price_add(&p, PRICE_BYTES_OUT, BYTES / 2);
	assert_false(price_is_spent(&p));
	price_share(&p, 2);
	assert_true(price_is_spent(&p));
	assert_true(price_splits(&p));
	price_share(&p, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_ends_when_any_budget_is_spent),
		cmocka_unit_test(
			a_frame_is_split_for_replies_at_once_and_for_records_when_there_are_many),
		cmocka_unit_test(a_share_of_a_budget_is_spent_sooner),
		cmocka_unit_test(what_ended_turns_is_counted_once_a_turn),
	};
	return cmocka_run_group_tests_name("price", tests, NULL, NULL);
}
