/* Workers and readers are told apart by their keys, whatever id they come by. */
#include "feed/feed.h"
#include "sync/worker_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct peer mine = {.routing = {0, 7}, .key = "a"};
static const struct peer other = {.routing = {0, 7}, .key = "b"};
static const struct peer keyless = {.routing = {0, 7}};

static void a_worker_is_its_keys_alone(void **state)
{
	struct worker_pool pool;
	(void)state;
	worker_pool_init(&pool, 2);
	struct worker *worker = worker_pool_add(&pool, &mine, "w", 0);
	assert_ptr_equal(worker_pool_find(&pool, &mine), worker);
	assert_null(worker_pool_find(&pool, &other));
	assert_null(worker_pool_find(&pool, &keyless));
	worker_pool_fini(&pool);
}

static void a_readers_question_is_replaced_by_its_key_alone(void **state)
{
	Parlor__JournalRead read = PARLOR__JOURNAL_READ__INIT;
	struct feed feed;
	(void)state;
	feed_init(&feed, 3);
	assert_true(feed_request(&feed, &mine, &read, 0));
	assert_true(feed_request(&feed, &mine, &read, 0));
	assert_int_equal(feed.len, 1);
	assert_true(feed_request(&feed, &other, &read, 0));
	assert_true(feed_request(&feed, &keyless, &read, 0));
	assert_int_equal(feed.len, 3);
	feed_fini(&feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_is_its_keys_alone),
		cmocka_unit_test(a_readers_question_is_replaced_by_its_key_alone),
	};
	return cmocka_run_group_tests_name("peer key", tests, NULL, NULL);
}
