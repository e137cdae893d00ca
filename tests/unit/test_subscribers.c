/* Who listens to a topic, of whatever kind: references, limits, and a long random
 * life beside a plain matrix. And where sessions listened before. */
#include "fanout/subscribers.h"

#include "base/mem.h"
#include "fanout/intervals.h"
#include "fanout/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SESSIONS 12
#define TOPICS 15

static struct session_tenant acme, other_tenant;

/* Of a kind that the broker does not have. */
#define KIND_OF_THIS_TEST ((enum topic_kind)77)

/* The same numbers in topics of three kinds. */
static struct topic topic_at(uint64_t i)
{
	static const enum topic_kind kinds[] = {TOPIC_ROOM, KIND_OF_THIS_TEST, TOPIC_MEMBER};
	return (struct topic){kinds[i % 3], i / 3};
}

static void test_members_of_a_session_share_an_entry(void **state)
{
	(void)state;
	struct subscribers *a = subscribers_new(100, 100);
	struct session gateway = {.tenant = &acme};
	uint64_t since;
	size_t n;
	assert_int_equal(subscribers_add(a, topic_room(7), &gateway, 50), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, topic_room(7), &gateway, 20), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, topic_room(7), &gateway, 80), PARLOR_E_OK);
	const struct subscribers_entry *entries = subscribers_of(a, topic_room(7), &n);
	assert_int_equal(n, 1);
	assert_ptr_equal(entries[0].session, &gateway);
	assert_int_equal(entries[0].refs, 3);

	assert_true(subscribers_drop(a, topic_room(7), &gateway));
	assert_true(subscribers_drop(a, topic_room(7), &gateway));
	assert_true(subscribers_since(a, topic_room(7), &gateway, &since));
	assert_int_equal(since, 20);
	assert_true(subscribers_drop(a, topic_room(7), &gateway));
	assert_false(subscribers_since(a, topic_room(7), &gateway, &since));
	assert_false(subscribers_drop(a, topic_room(7), &gateway));
	assert_null(subscribers_of(a, topic_room(7), &n));
	assert_int_equal(n, 0);

	/* Who comes back begins anew. */
	assert_int_equal(subscribers_add(a, topic_room(7), &gateway, 90), PARLOR_E_OK);
	assert_true(subscribers_since(a, topic_room(7), &gateway, &since));
	assert_int_equal(since, 90);
	subscribers_drop_session(a, &gateway, UINT32_MAX);
	assert_int_equal(subscribers_entries(a), 0);
	subscribers_free(a);
}

static void test_a_full_subscribers_refuses_new_entries_only(void **state)
{
	(void)state;
	struct subscribers *a = subscribers_new(2, 3);
	struct session first = {.tenant = &acme};
	struct session second = {.tenant = &acme};
	size_t n;
	assert_int_equal(subscribers_add(a, topic_room(1), &first, 1), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, topic_room(2), &first, 1), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, topic_room(1), &second, 1), PARLOR_E_TOO_MANY);
	assert_int_equal(subscribers_add(a, topic_room(3), &second, 1), PARLOR_E_TOO_MANY);
	assert_int_equal(subscribers_add(a, topic_room(1), &first, 1), PARLOR_E_OK);
	(void)subscribers_of(a, topic_room(1), &n);
	assert_int_equal(n, 1);
	assert_null(subscribers_of(a, topic_room(3), &n));
	assert_int_equal(subscribers_entries(a), 2);
	assert_int_equal(second.topics.len, 0);

	subscribers_drop_topic(a, topic_room(2));
	assert_int_equal(subscribers_add(a, topic_room(1), &second, 1), PARLOR_E_OK);
	subscribers_drop_session(a, &first, UINT32_MAX);
	subscribers_drop_session(a, &second, UINT32_MAX);
	subscribers_free(a);
}

static void test_a_tenant_has_its_share_of_the_entries(void **state)
{
	struct subscribers *a = subscribers_new(5, 3);
	struct session mine = {.tenant = &acme}, too = mine, theirs = {.tenant = &other_tenant};
	(void)state;
	assert_int_equal(subscribers_add(a, topic_room(1), &mine, 1), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, topic_room(2), &mine, 1), PARLOR_E_OK);
	assert_int_equal(subscribers_left(a, &too), 1);
	assert_int_equal(subscribers_shares_full(a), 0);
	assert_int_equal(subscribers_add(a, topic_room(1), &too, 1), PARLOR_E_OK);
	assert_int_equal(subscribers_shares_full(a), 1);
	assert_int_equal(subscribers_left(a, &mine), 0);
	assert_int_equal(subscribers_add(a, topic_room(3), &mine, 1), PARLOR_E_TOO_MANY);
	assert_int_equal(subscribers_left(a, &theirs), 2);
	assert_int_equal(subscribers_add(a, topic_room(1), &theirs, 1), PARLOR_E_OK);
	assert_false(subscribers_over_limit(a, &mine));
	subscribers_put(a, topic_room(3), &mine, 1);
	assert_true(subscribers_over_limit(a, &mine));
	assert_false(subscribers_over_limit(a, &theirs));

	assert_true(subscribers_drop(a, topic_room(3), &mine));
	subscribers_drop_topic(a, topic_room(1));
	assert_int_equal(acme.entries, 1);
	subscribers_drop_session(a, &mine, UINT32_MAX);
	assert_int_equal(acme.entries, 0);
	assert_int_equal(other_tenant.entries, 0);
	subscribers_free(a);
}

struct cell {
	uint32_t refs;
	uint64_t since;
};

static void check(struct subscribers *a, struct session *sessions,
		  struct cell cells[SESSIONS][TOPICS])
{
	uint64_t entries = 0;
	for (uint64_t topic = 0; topic < TOPICS; topic++) {
		size_t n;
		const struct subscribers_entry *at = subscribers_of(a, topic_at(topic), &n);
		size_t expected = 0;
		for (int s = 0; s < SESSIONS; s++)
			expected += cells[s][topic].refs > 0;
		assert_int_equal(n, expected);
		entries += n;
		for (size_t i = 0; i < n; i++) {
			const struct cell *cell = &cells[at[i].session - sessions][topic];
			assert_int_equal(at[i].refs, cell->refs);
			assert_int_equal(at[i].since, cell->since);
		}
	}
	assert_int_equal(subscribers_entries(a), entries);
	assert_int_equal(acme.entries + other_tenant.entries, entries);
	for (int s = 0; s < SESSIONS; s++)
		for (uint64_t topic = 0; topic < TOPICS; topic++) {
			uint64_t since;
			bool there = subscribers_since(a, topic_at(topic), &sessions[s], &since);
			assert_int_equal(there, cells[s][topic].refs > 0);
			assert_true(!there || since == cells[s][topic].since);
		}
}

static void random_step(struct subscribers *a, struct session *sessions,
			struct cell cells[SESSIONS][TOPICS])
{
	int s = rand() % SESSIONS;
	uint64_t topic = (uint64_t)rand() % TOPICS;
	struct cell *cell = &cells[s][topic];
	int what = rand() % 100;
	if (what < 55) {
		uint64_t since = (uint64_t)rand() % 1000;
		assert_int_equal(subscribers_add(a, topic_at(topic), &sessions[s], since),
				 PARLOR_E_OK);
		if (!cell->refs || since < cell->since)
			cell->since = since;
		cell->refs++;
	} else if (what < 97) {
		assert_int_equal(subscribers_drop(a, topic_at(topic), &sessions[s]),
				 cell->refs > 0);
		cell->refs -= cell->refs > 0;
	} else if (what < 99) {
		subscribers_drop_session(a, &sessions[s], UINT32_MAX);
		memset(cells[s], 0, sizeof cells[s]);
	} else {
		subscribers_drop_topic(a, topic_at(topic));
		for (int i = 0; i < SESSIONS; i++)
			cells[i][topic].refs = 0;
	}
}

static void test_a_random_life_equals_the_matrix(void **state)
{
	(void)state;
	struct subscribers *a = subscribers_new(SESSIONS * TOPICS, SESSIONS * TOPICS);
	struct session *sessions = mem_new(SESSIONS * sizeof *sessions);
	for (int i = 0; i < SESSIONS; i++)
		sessions[i].tenant = i % 3 ? &acme : &other_tenant;
	struct cell cells[SESSIONS][TOPICS] = {0};
	srand(20240229);
	for (int i = 0; i < 20000; i++) {
		random_step(a, sessions, cells);
		if (i % 50 == 0)
			check(a, sessions, cells);
	}
	check(a, sessions, cells);
	for (int s = 0; s < SESSIONS; s++)
		subscribers_drop_session(a, &sessions[s], UINT32_MAX);
	assert_int_equal(subscribers_entries(a), 0);
	assert_int_equal(acme.entries + other_tenant.entries, 0);
	subscribers_free(a);
	free(sessions);
}

/* More than stand side by side in memory; twice, for it comes and goes. */
static void test_thousands_of_topics_of_a_session_come_and_go_in_any_order(void **state)
{
	enum { MANY = 5000, STEP = 1237 };
	struct subscribers *a = subscribers_new(2 * MANY, 2 * MANY);
	struct session_tenant tenant = {0};
	struct session sessions[2] = {{.tenant = &tenant}, {.tenant = &tenant}};
	(void)state;
	for (uint64_t round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < MANY; i++)
			for (int s = 0; s < 2; s++)
				subscribers_put(a, topic_room(i), &sessions[s], i + round);
		for (uint64_t n = 0; n < MANY; n++) {
			uint64_t i = n * STEP % MANY, next = (n + 1) * STEP % MANY, since;
			assert_true(subscribers_drop(a, topic_room(i), &sessions[0]));
			assert_false(subscribers_drop(a, topic_room(i), &sessions[0]));
			assert_int_equal(sessions[0].topics.len, MANY - 1 - n);
			assert_true(subscribers_since(a, topic_room(i), &sessions[1], &since));
			assert_int_equal(since, i + round);
			assert_int_equal(
				subscribers_since(a, topic_room(next), &sessions[0], &since),
				n + 1 < MANY);
		}
		for (uint32_t left = MANY; left > 0; left -= MANY / 4) {
			assert_int_equal(sessions[1].topics.len, left);
			subscribers_drop_session(a, &sessions[1], MANY / 4);
		}
		assert_int_equal(subscribers_entries(a), 0);
		assert_int_equal(tenant.entries, 0);
	}
	subscribers_free(a);
}

static void drop(struct intervals *all, struct session *s)
{
	intervals_drop_session(all, s);
	intervals_drop_more(all, SIZE_MAX);
	assert_false(intervals_dropping(all));
}

static void test_an_interval_is_found_by_its_topic(void **state)
{
	(void)state;
	struct intervals *all = intervals_new(3, 5, 5);
	struct session one = {.tenant = &acme}, two = {.tenant = &acme};
	struct topic room = topic_room(5), other = {KIND_OF_THIS_TEST, 5};
	assert_null(intervals_of(all, room));
	assert_int_equal(intervals_add(all, room, &one, 10, 20), PARLOR_E_OK);
	assert_int_equal(intervals_add(all, room, &two, 40, 50), PARLOR_E_OK);
	assert_int_equal(intervals_add(all, other, &one, 1, UINT64_MAX), PARLOR_E_OK);

	const struct interval *i = intervals_of(all, other);
	assert_ptr_equal(i->session, &one);
	assert_true(i->from == 1 && i->to == UINT64_MAX && !i->next);
	size_t n = 0;
	for (i = intervals_of(all, room); i; i = i->next, n++)
		assert_true(i->session == &one ? i->from == 10 : i->from == 40);
	assert_int_equal(n, 2);

	drop(all, &one);
	assert_null(intervals_of(all, other));
	assert_ptr_equal(intervals_of(all, room)->session, &two);
	drop(all, &one);
	drop(all, &two);
	assert_null(intervals_of(all, room));
	intervals_free(all);
}

static void test_intervals_are_bounded_of_each_session_and_of_all(void **state)
{
	(void)state;
	struct intervals *all = intervals_new(3, 5, 5);
	struct session one = {.tenant = &acme}, two = {.tenant = &acme};
	for (int i = 0; i < 3; i++) {
		assert_int_equal(intervals_add(all, topic_room(1), &one, 1, 2), PARLOR_E_OK);
		enum parlor_err err = intervals_add(all, topic_at((uint64_t)i), &two, 1, 2);
		assert_int_equal(err, i < 2 ? PARLOR_E_OK : PARLOR_E_TOO_MANY);
	}
	assert_int_equal(intervals_add(all, topic_room(9), &one, 1, 2), PARLOR_E_TOO_MANY);
	drop(all, &one);
	assert_int_equal(intervals_add(all, topic_room(9), &two, 1, 2), PARLOR_E_OK);
	drop(all, &two);
	intervals_free(all);
}

static void test_a_tenant_has_its_share_of_the_intervals(void **state)
{
	struct intervals *all = intervals_new(3, 4, 5);
	struct session mine = {.tenant = &acme}, too = mine, theirs = {.tenant = &other_tenant};
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(intervals_add(all, topic_room(1), &mine, 1, 2), PARLOR_E_OK);
		assert_int_equal(intervals_shares_full(all), 0);
		assert_int_equal(intervals_add(all, topic_room(1), &too, 1, 2), PARLOR_E_OK);
	}
	assert_int_equal(intervals_shares_full(all), 1);
	assert_int_equal(intervals_add(all, topic_room(1), &mine, 1, 2), PARLOR_E_TOO_MANY);
	assert_int_equal(intervals_add(all, topic_room(1), &theirs, 1, 2), PARLOR_E_OK);
	drop(all, &too);
	assert_int_equal(intervals_add(all, topic_room(1), &mine, 1, 2), PARLOR_E_OK);
	drop(all, &mine);
	drop(all, &theirs);
	assert_int_equal(acme.intervals + other_tenant.intervals, 0);
	intervals_free(all);
}

static void test_intervals_of_sessions_are_dropped_by_pieces(void **state)
{
	struct intervals *all = intervals_new(100, 200, 200);
	struct session one = {.tenant = &acme}, two = one, none = one;
	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(intervals_add(all, topic_room(i), &one, 1, 2), PARLOR_E_OK);
		assert_int_equal(intervals_add(all, topic_room(i), &two, 1, 2), PARLOR_E_OK);
	}
	intervals_drop_session(all, &none);
	assert_false(intervals_dropping(all));
	intervals_drop_session(all, &one);
	assert_int_equal(one.intervals.len, 100);
	intervals_drop_session(all, &two);
	intervals_drop_session(all, &one);
	for (uint64_t left = 200; left; left -= 40) {
		assert_true(intervals_dropping(all));
		assert_int_equal(one.intervals.len + two.intervals.len, left);
		assert_int_equal(acme.intervals, left);
		intervals_drop_more(all, 40);
	}
	assert_false(intervals_dropping(all));
	assert_null(intervals_of(all, topic_room(0)));
	/* As any other from now on. */
	assert_int_equal(intervals_add(all, topic_room(1), &one, 1, 2), PARLOR_E_OK);
	drop(all, &one);
	intervals_free(all);
}

/* It caught up, fell behind in the same turn, and one of its members left a room. */
static void test_a_session_that_catches_up_again_keeps_what_it_gets_then(void **state)
{
	struct intervals *all = intervals_new(100, 200, 200);
	struct session one = {.tenant = &acme};
	(void)state;
	assert_int_equal(intervals_add(all, topic_room(1), &one, 1, 2), PARLOR_E_OK);
	intervals_drop_session(all, &one);
	assert_int_equal(intervals_add(all, topic_room(2), &one, 3, 4), PARLOR_E_OK);
	intervals_drop_more(all, 100);
	assert_false(intervals_dropping(all));
	assert_non_null(intervals_of(all, topic_room(2)));
	drop(all, &one);
	assert_null(intervals_of(all, topic_room(1)));
	assert_null(intervals_of(all, topic_room(2)));
	intervals_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_of_a_session_share_an_entry),
		cmocka_unit_test(test_a_full_subscribers_refuses_new_entries_only),
		cmocka_unit_test(test_a_tenant_has_its_share_of_the_entries),
		cmocka_unit_test(test_a_tenant_has_its_share_of_the_intervals),
		cmocka_unit_test(test_a_random_life_equals_the_matrix),
		cmocka_unit_test(test_thousands_of_topics_of_a_session_come_and_go_in_any_order),
		cmocka_unit_test(test_an_interval_is_found_by_its_topic),
		cmocka_unit_test(test_intervals_are_bounded_of_each_session_and_of_all),
		cmocka_unit_test(test_intervals_of_sessions_are_dropped_by_pieces),
		cmocka_unit_test(test_a_session_that_catches_up_again_keeps_what_it_gets_then),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
