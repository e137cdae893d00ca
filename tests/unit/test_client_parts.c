/* The parts of the client that need no broker: waiting times, the queue of
 * unanswered requests, attached members. */
#include "client/attached.h"
#include "client/backoff.h"
#include "client/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void waits_double_up_to_the_maximum_with_jitter(void **state)
{
	struct backoff b;
	(void)state;

	backoff_init(&b, 50, 300);
	assert_int_equal(backoff_next(&b, 25), 50);
	assert_int_equal(backoff_next(&b, 0), 50);
	assert_int_equal(backoff_next(&b, 100), 200);
	for (uint64_t random = 0; random < 1000; random++)
		assert_in_range(backoff_next(&b, random * 7919), 150, 300);
	backoff_reset(&b);
	assert_in_range(backoff_next(&b, UINT64_MAX), 25, 50);
	backoff_init(&b, 1, UINT32_MAX);
	for (int i = 0; i < 40; i++)
		assert_true(backoff_next(&b, 0) > 0);
}

static void add(struct pending *p, uint64_t id)
{
	pending_add(p, id, (struct span){"x", 1});
}

static void drop(struct pending *p, uint64_t id)
{
	struct pending_request *r = pending_take(p, id);

	assert_non_null(r);
	assert_int_equal(r->id, id);
	free(r);
}

static void unanswered_requests_keep_their_order(void **state)
{
	struct pending p = {0};
	(void)state;

	assert_null(pending_take(&p, 1));
	for (uint64_t id = 1; id <= 5; id++)
		add(&p, id);
	assert_int_equal(p.unsent->id, 1);
	pending_sent(&p, p.unsent->next->next);
	assert_int_equal(p.unsent->id, 3);
	drop(&p, 3); /* the first of the waiting ones */
	assert_int_equal(p.unsent->id, 4);
	pending_sent(&p, NULL);
	add(&p, 6);
	assert_int_equal(p.unsent->id, 6);
	drop(&p, 1);
	assert_int_equal(p.count, 4);
	pending_rewind(&p);
	assert_int_equal(p.unsent->id, 2);
	assert_int_equal(p.unsent->next->id, 4);
	assert_int_equal(p.unsent->next->next->id, 5);
	pending_fini(&p);
	assert_int_equal(p.count, 0);
}

static void attached_members_stay_in_order_once(void **state)
{
	struct attached r = {0};
	char **ids;
	size_t n;
	(void)state;

	attached_add(&r, "amy");
	attached_add(&r, "ben");
	attached_add(&r, "amy");
	attached_add(&r, "cat");
	attached_remove(&r, "ben");
	attached_remove(&r, "nobody");
	attached_set_presence(&r, "nobody", PARLOR__PRESENCE__PRESENCE_BUSY);
	ids = attached_ids(&r, &n);
	assert_int_equal(n, 2);
	assert_string_equal(ids[0], "amy");
	assert_string_equal(ids[1], "cat");
	free(ids);
	attached_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_the_maximum_with_jitter),
		cmocka_unit_test(unanswered_requests_keep_their_order),
		cmocka_unit_test(attached_members_stay_in_order_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
