/* Who waits for MySQL: in order of what they wait for, forgotten with who asked. */
#include "sync/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static struct pending *add(struct pending_table *t, struct pending **queue, uint64_t at,
			   struct pending **list, enum pending_kind kind)
{
	const struct pending_asker asker = {.list = list, .request_id = at * 10};
	return pending_add(t, kind, sizeof(struct pending), queue, at, &asker);
}

static size_t leave(struct pending_table *t, struct pending **list)
{
	size_t n = 0;
	for (; *list; n++)
		pending_remove(t, *list);
	return n;
}

static void queues_of_one_table_are_in_order_and_emptied_by_who_asked(void **state)
{
	(void)state;
	struct pending_table t = {0};
	struct pending *a = NULL, *b = NULL, *one = NULL, *two = NULL;
	add(&t, &a, 5, &one, PENDING_STORED);
	add(&t, &a, 3, &two, PENDING_STORED);
	add(&t, &a, 4, &one, PENDING_STORED);
	struct pending *same = add(&t, &a, 4, &two, PENDING_STORED);
	add(&t, &b, 1, &one, PENDING_ALL);
	add(&t, &b, 2, &two, PENDING_ALL);
	assert_int_equal(a->at, 3);
	assert_ptr_equal(a->next->next, same);
	assert_int_equal(a->prev->at, 5);
	assert_int_equal(a->asker.request_id, 30);
	pending_remove(&t, a);
	pending_remove(&t, same);
	assert_int_equal(leave(&t, &one), 3);
	assert_null(a);
	assert_int_equal(b->at, 2);
	assert_null(b->next);
	assert_int_equal(t.len[PENDING_STORED], 0);
	assert_int_equal(t.len[PENDING_ALL], 1);
	pending_clear(&t);
	assert_null(b);
	assert_null(two);
}

static void a_number_finds_one_of_its_kind_until_it_is_gone(void **state)
{
	(void)state;
	struct pending_table t = {0};
	struct pending *queue = NULL, *list = NULL;
	uint64_t page = add(&t, &queue, 1, &list, PENDING_ARCHIVE)->number;
	uint64_t post = add(&t, &queue, 1, &list, PENDING_STORED)->number;
	assert_int_equal(pending_find(&t, PENDING_ARCHIVE, page)->number, page);
	assert_null(pending_find(&t, PENDING_ARCHIVE, post));
	assert_null(pending_find(&t, PENDING_ARCHIVE, post + 1));
	leave(&t, &list);
	assert_true(add(&t, &queue, 1, &list, PENDING_ARCHIVE)->number > post);
	assert_null(pending_find(&t, PENDING_ARCHIVE, page));
	pending_clear(&t);
}

static void what_goes_on_without_who_asked_is_in_no_list_of_theirs(void **state)
{
	(void)state;
	struct pending_table t = {0};
	struct pending *queue = NULL, *list = NULL;
	struct pending *p = add(&t, &queue, 1, &list, PENDING_RELEASE);
	pending_orphan(p);
	assert_null(list);
	assert_ptr_equal(queue, p);
	pending_remove(&t, p);
	assert_null(queue);
}

/* Many wait for a database that is away, and many others leave. */
static void the_end_of_a_session_does_not_look_at_who_else_waits(void **state)
{
	(void)state;
	enum { MANY = 60000, SESSIONS = 66 };
	struct pending_table t = {0};
	struct pending *queue = NULL, *sessions[SESSIONS] = {NULL}, *other = NULL;
	for (uint64_t i = 0; i < MANY; i++)
		add(&t, &queue, i, &sessions[i % SESSIONS], PENDING_STORED);
	clock_t from = clock();
	for (uint64_t i = 0; i < MANY; i++) {
		add(&t, &queue, MANY, &other, PENDING_STORED);
		assert_int_equal(leave(&t, &other), 1);
	}
	assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 2);
	for (size_t i = 0; i < SESSIONS; i++)
		assert_in_range(leave(&t, &sessions[i]), MANY / SESSIONS, MANY / SESSIONS + 1);
	assert_null(queue);
	assert_null(t.by_number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_of_one_table_are_in_order_and_emptied_by_who_asked),
		cmocka_unit_test(a_number_finds_one_of_its_kind_until_it_is_gone),
		cmocka_unit_test(what_goes_on_without_who_asked_is_in_no_list_of_theirs),
		cmocka_unit_test(the_end_of_a_session_does_not_look_at_who_else_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
