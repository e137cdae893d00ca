/* Who waits for MySQL: woken in order of positions, forgotten with its session. */
#include "sync/archive.h"
#include "sync/waiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define COOKIE(session, request) ((struct sync_cookie){(session), (request)})

static void lists_of_one_index_are_taken_in_order_and_cancelled_together(void **state)
{
	(void)state;
	struct owners sessions = {0};
	struct waiter_list a, b;
	struct waiter w;
	waiter_list_init(&a, &sessions);
	waiter_list_init(&b, &sessions);
	waiter_add(&a, 5, topic_room(0), COOKIE(1, 50));
	waiter_add(&a, 3, topic_room(0), COOKIE(2, 30));
	waiter_add(&a, 4, topic_room(0), COOKIE(1, 40));
	waiter_add(&b, 1, topic_room(0), COOKIE(1, 10));
	waiter_add(&b, 2, topic_room(0), COOKIE(2, 20));
	assert_true(waiter_take(&a, 3, &w));
	assert_int_equal(w.cookie.request, 30);
	assert_false(waiter_take(&a, 3, &w));
	assert_int_equal(waiter_cancel(&sessions, 1), 3);
	assert_int_equal(waiter_cancel(&sessions, 1), 0);
	assert_false(waiter_take(&a, UINT64_MAX, &w));
	assert_true(waiter_take(&b, UINT64_MAX, &w));
	assert_int_equal(w.cookie.request, 20);
	waiter_add(&b, 9, topic_room(0), COOKIE(3, 90));
	waiter_list_fini(&a);
	waiter_list_fini(&b);
	assert_null(sessions.table);
}

/* Many wait for a database that is away, and many others leave. */
static void the_end_of_a_session_does_not_look_at_who_else_waits(void **state)
{
	(void)state;
	enum { MANY = 60000 };
	struct owners sessions = {0};
	struct waiter_list l;
	waiter_list_init(&l, &sessions);
	for (uint64_t i = 0; i < MANY; i++)
		waiter_add(&l, i, topic_room(0), COOKIE(1 + i % 66, i));
	clock_t from = clock();
	for (uint64_t i = 0; i < MANY; i++) {
		waiter_add(&l, MANY, topic_room(0), COOKIE(1000 + i, i));
		assert_int_equal(waiter_cancel(&sessions, 1000 + i), 1);
	}
	assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 2);
	for (uint64_t i = 1; i <= 66; i++)
		assert_in_range(waiter_cancel(&sessions, i), MANY / 66, MANY / 66 + 1);
	assert_null(l.head);
	assert_null(sessions.table);
}

static void a_sessions_queries_are_found_without_the_others(void **state)
{
	(void)state;
	struct archive archive;
	const struct sync_query asked = {.tenant = {"t", 1}, .room = {"r", 1}, .from = 1};
	archive_init(&archive, 3);
	struct archive_query *first = archive_add(&archive, &asked, COOKIE(1, 1), 1);
	struct archive_query *other = archive_add(&archive, &asked, COOKIE(2, 2), 1);
	struct archive_query *second = archive_add(&archive, &asked, COOKIE(1, 3), 1);
	assert_true(first && other && second);
	assert_null(archive_add(&archive, &asked, COOKIE(3, 4), 1));
	for (int i = 0; i < 2; i++) {
		struct archive_query *q = archive_of_session(&archive, 1);
		assert_true(q == first || q == second);
		archive_remove(&archive, q);
	}
	assert_null(archive_of_session(&archive, 1));
	assert_ptr_equal(archive_of_session(&archive, 2), other);
	archive_fini(&archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_one_index_are_taken_in_order_and_cancelled_together),
		cmocka_unit_test(the_end_of_a_session_does_not_look_at_who_else_waits),
		cmocka_unit_test(a_sessions_queries_are_found_without_the_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
