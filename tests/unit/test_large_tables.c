/* Tables that may come to a million do not go through all they hold at once: they take no
 * large piece of memory once they have begun. */
#include "core/room_order.h"
#include "fanout/intervals.h"
#include "fanout/session.h"
#include "fanout/subscribers.h"
#include "turn/presence.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 75000
/* Of buckets: of a million entries what takes longer to go through than a turn may. */
#define LARGE ((size_t)128 << 10)

void *__real_mem_new(size_t size);
void *__wrap_mem_new(size_t size);
void *__real_mem_resize(void *old, size_t count, size_t size);
void *__wrap_mem_resize(void *old, size_t count, size_t size);

static size_t large;

void *__wrap_mem_new(size_t size)
{
	large += size >= LARGE;
	return __real_mem_new(size);
}

void *__wrap_mem_resize(void *old, size_t count, size_t size)
{
	large += count * size >= LARGE;
	return __real_mem_resize(old, count, size);
}

static void topics_that_are_listened_to(void **state)
{
	struct subscribers *all = subscribers_new(MANY, MANY);
	struct session_tenant tenant = {0};
	struct session s = {.number = 1, .tenant = &tenant};
	(void)state;
	for (uint64_t i = 0; i < MANY; i++) {
		if (i == 1)
			large = 0;
		assert_int_equal(subscribers_add(all, topic_room(i), &s, 0), PARLOR_E_OK);
	}
	assert_int_equal(large, 0);
	subscribers_drop_session(all, &s, UINT32_MAX);
	subscribers_free(all);
}

static void topics_that_were_listened_to(void **state)
{
	struct intervals *all = intervals_new(MANY, MANY, MANY);
	struct session_tenant tenant = {0};
	struct session s = {.number = 1, .tenant = &tenant};
	(void)state;
	for (uint64_t i = 0; i < MANY; i++) {
		if (i == 1)
			large = 0;
		assert_int_equal(intervals_add(all, topic_room(i), &s, 1, 2), PARLOR_E_OK);
	}
	assert_int_equal(large, 0);
	intervals_drop_session(all, &s);
	intervals_drop_more(all, MANY);
	intervals_free(all);
}

static void members_whose_presence_is_still_to_be_recorded(void **state)
{
	/* Without room on disk all of them are. */
	struct commit c = {.boot_late.is = true};
	(void)state;
	for (uint64_t i = 1; i <= MANY; i++) {
		if (i == 2)
			large = 0;
		assert_int_equal(presence_changed(&c, i, true), PARLOR_E_OK);
	}
	assert_int_equal(presence_owed(&c), MANY);
	assert_int_equal(large, 0);
	presence_fini(&c);
}

/* They are freed by pieces, too. */
static void rooms_of_an_inbox(void **state)
{
	enum { PIECE = 1000 };
	struct room_order rooms = {0};
	(void)state;
	large = 0;
	for (uint64_t i = 0; i < MANY; i++)
		room_order_set(&rooms, i * 7919 % MANY, 2 * i, 1);
	assert_int_equal(large, 0);
	assert_int_equal(rooms.len, MANY);
	assert_int_equal(room_order_below(&rooms, MANY)->by_active.key, MANY - 2 + MANY % 2);
	for (size_t left = MANY; left; left -= PIECE) {
		assert_int_equal(rooms.len, left);
		assert_int_equal(room_order_free_some(&rooms, PIECE), PIECE);
	}
	assert_int_equal(room_order_free_some(&rooms, PIECE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_that_are_listened_to),
		cmocka_unit_test(topics_that_were_listened_to),
		cmocka_unit_test(rooms_of_an_inbox),
		cmocka_unit_test(members_whose_presence_is_still_to_be_recorded),
	};
	return cmocka_run_group_tests_name("large tables", tests, NULL, NULL);
}
