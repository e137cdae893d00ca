/* Who waits for MySQL: in order of what they wait for, forgotten with who asked. */
#include "sync/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static struct pending_share share; /* of whoever asks */

static struct pending *add(struct pending_table *t, struct pending **queue, uint64_t at,
			   struct pending_list *list, enum pending_kind kind)
{
	const struct pending_asker asker = {.list = list, .share = &share, .request_id = at * 10};
	return pending_add(t, kind, sizeof(struct pending), queue, at, &asker);
}

static struct pending *add_at(struct pending_table *t, struct pending_heap *heap, uint64_t at,
			      struct pending_list *list, enum pending_kind kind)
{
	const struct pending_asker asker = {.list = list, .share = &share, .request_id = at * 10};
	return pending_add_in_order(t, kind, heap, at, &asker);
}

static size_t leave(struct pending_table *t, struct pending_list *list)
{
	size_t n = 0;
	for (; list->first; n++)
		pending_remove(t, list->first);
	assert_int_equal(list->len, 0);
	return n;
}

static void queues_of_one_table_are_in_order_and_emptied_by_who_asked(void **state)
{
	(void)state;
	struct pending_table t = {0};
	struct pending *a = NULL;
	struct pending_list one = {0}, two = {0};
	struct pending_heap b = {0};
	add(&t, &a, 1, &one, PENDING_ARCHIVE);
	add(&t, &a, 2, &two, PENDING_ARCHIVE);
	add_at(&t, &b, 5, &one, PENDING_STORED);
	add_at(&t, &b, 3, &two, PENDING_STORED);
	struct pending *first = add_at(&t, &b, 4, &one, PENDING_STORED);
	struct pending *same = add_at(&t, &b, 4, &two, PENDING_STORED);
	assert_int_equal(a->at, 1);
	assert_int_equal(a->next->at, 2);
	assert_int_equal(pending_first(&b)->at, 3);
	assert_int_equal(pending_first(&b)->asker.request_id, 30);
	pending_remove(&t, pending_first(&b));
	assert_ptr_equal(pending_first(&b), first);
	pending_remove(&t, first);
	assert_ptr_equal(pending_first(&b), same);
	assert_int_equal(leave(&t, &one), 2);
	assert_int_equal(a->at, 2);
	assert_int_equal(t.len[PENDING_STORED], 1);
	assert_int_equal(t.len[PENDING_ARCHIVE], 1);
	pending_clear(&t);
	assert_null(a);
	assert_null(pending_first(&b));
	assert_null(two.first);
	assert_int_equal(pending_shared(&share), 0);
}

/* Posts are repeated for whose position many wait, or nobody, and others leave. */
static void whoever_waits_for_an_old_position_finds_its_place_at_once(void **state)
{
	(void)state;
	enum { MANY = 60000 };
	struct pending_table t = {0};
	struct pending_heap heap = {0};
	struct pending_list list = {0}, others = {0};
	struct pending *p;
	uint64_t at = 0, number = 0;
	srand(20240229);
	clock_t from = clock();
	for (uint64_t i = 0; i < MANY; i++) {
		add_at(&t, &heap, MANY + i, &list, PENDING_STORED);
		add_at(&t, &heap, (uint64_t)rand() % MANY, &list, PENDING_STORED);
		add_at(&t, &heap, (uint64_t)rand() % MANY, &others, PENDING_STORED);
	}
	assert_int_equal(leave(&t, &others), MANY);
	for (size_t n = 0; n < 2 * MANY; n++) {
		p = pending_first(&heap);
		assert_true(p->at > at || (p->at == at && p->number > number));
		at = p->at;
		number = p->number;
		pending_remove(&t, p);
	}
	assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 2);
	assert_null(pending_first(&heap));
	assert_null(list.first);
}

static void a_number_finds_one_of_its_kind_until_it_is_gone(void **state)
{
	(void)state;
	struct pending_table t = {0};
	struct pending *queue = NULL;
	struct pending_list list = {0};
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

static void what_goes_on_without_who_asked_counts_and_is_in_no_list_of_theirs(void **state)
{
	(void)state;
	struct pending_table t = {0};
	struct pending *queue = NULL;
	struct pending_list list = {0};
	struct pending *p = add(&t, &queue, 1, &list, PENDING_RELEASE);
	assert_int_equal(list.len, 1);
	pending_orphan(p);
	assert_null(list.first);
	assert_int_equal(list.len, 0);
	assert_ptr_equal(queue, p);
	assert_int_equal(share.len[PENDING_RELEASE], 1);
	pending_remove(&t, p);
	assert_null(queue);
	assert_int_equal(pending_shared(&share), 0);
}

/* Many wait for a database that is away, and many others leave. */
static void the_end_of_a_session_does_not_look_at_who_else_waits(void **state)
{
	(void)state;
	enum { MANY = 60000, SESSIONS = 66 };
	struct pending_table t = {0};
	struct pending_heap heap = {0};
	struct pending_list sessions[SESSIONS] = {{0}}, other = {0};
	for (uint64_t i = 0; i < MANY; i++)
		add_at(&t, &heap, i, &sessions[i % SESSIONS], PENDING_STORED);
	clock_t from = clock();
	for (uint64_t i = 0; i < MANY; i++) {
		add_at(&t, &heap, MANY, &other, PENDING_STORED);
		assert_int_equal(leave(&t, &other), 1);
	}
	assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 2);
	for (size_t i = 0; i < SESSIONS; i++)
		assert_in_range(leave(&t, &sessions[i]), MANY / SESSIONS, MANY / SESSIONS + 1);
	assert_null(pending_first(&heap));
	assert_null(t.by_number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_of_one_table_are_in_order_and_emptied_by_who_asked),
		cmocka_unit_test(a_number_finds_one_of_its_kind_until_it_is_gone),
		cmocka_unit_test(what_goes_on_without_who_asked_counts_and_is_in_no_list_of_theirs),
		cmocka_unit_test(whoever_waits_for_an_old_position_finds_its_place_at_once),
		cmocka_unit_test(the_end_of_a_session_does_not_look_at_who_else_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
