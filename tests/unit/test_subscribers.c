/* Who listens to a room: references, limits, and a long random life beside a
 * plain matrix. */
#include "fanout/subscribers.h"

#include "base/mem.h"
#include "fanout/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SESSIONS 12
#define ROOMS 15

static void test_members_of_a_session_share_an_entry(void **state)
{
	(void)state;
	struct subscribers *a = subscribers_new(100);
	struct session gateway = {0};
	uint64_t since;
	size_t n;
	assert_int_equal(subscribers_add(a, 7, &gateway, 50), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, 7, &gateway, 20), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, 7, &gateway, 80), PARLOR_E_OK);
	const struct subscribers_entry *entries = subscribers_of(a, 7, &n);
	assert_int_equal(n, 1);
	assert_ptr_equal(entries[0].session, &gateway);
	assert_int_equal(entries[0].refs, 3);

	assert_true(subscribers_drop(a, 7, &gateway));
	assert_true(subscribers_drop(a, 7, &gateway));
	assert_true(subscribers_since(a, 7, &gateway, &since));
	assert_int_equal(since, 20);
	assert_true(subscribers_drop(a, 7, &gateway));
	assert_false(subscribers_since(a, 7, &gateway, &since));
	assert_false(subscribers_drop(a, 7, &gateway));
	assert_null(subscribers_of(a, 7, &n));
	assert_int_equal(n, 0);

	/* Who comes back begins anew. */
	assert_int_equal(subscribers_add(a, 7, &gateway, 90), PARLOR_E_OK);
	assert_true(subscribers_since(a, 7, &gateway, &since));
	assert_int_equal(since, 90);
	subscribers_drop_session(a, &gateway);
	assert_int_equal(subscribers_entries(a), 0);
	assert_int_equal(subscribers_room_count(a), 0);
	subscribers_free(a);
}

static void test_a_full_subscribers_refuses_new_entries_only(void **state)
{
	(void)state;
	struct subscribers *a = subscribers_new(2);
	struct session first = {0};
	struct session second = {0};
	size_t n;
	assert_int_equal(subscribers_add(a, 1, &first, 1), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, 2, &first, 1), PARLOR_E_OK);
	assert_int_equal(subscribers_add(a, 1, &second, 1), PARLOR_E_TOO_MANY);
	assert_int_equal(subscribers_add(a, 3, &second, 1), PARLOR_E_TOO_MANY);
	assert_int_equal(subscribers_add(a, 1, &first, 1), PARLOR_E_OK);
	(void)subscribers_of(a, 1, &n);
	assert_int_equal(n, 1);
	assert_int_equal(subscribers_room_count(a), 2);
	assert_int_equal(subscribers_entries(a), 2);
	assert_int_equal(second.rooms.len, 0);

	subscribers_drop_room(a, 2);
	assert_int_equal(subscribers_add(a, 1, &second, 1), PARLOR_E_OK);
	subscribers_drop_session(a, &first);
	subscribers_drop_session(a, &second);
	subscribers_free(a);
}

struct cell {
	uint32_t refs;
	uint64_t since;
};

static void check(const struct subscribers *a, struct session *sessions,
		  struct cell cells[SESSIONS][ROOMS])
{
	uint64_t entries = 0;
	for (uint64_t room = 0; room < ROOMS; room++) {
		size_t n;
		const struct subscribers_entry *at = subscribers_of(a, room, &n);
		size_t expected = 0;
		for (int s = 0; s < SESSIONS; s++)
			expected += cells[s][room].refs > 0;
		assert_int_equal(n, expected);
		entries += n;
		for (size_t i = 0; i < n; i++) {
			const struct cell *cell = &cells[at[i].session - sessions][room];
			assert_int_equal(at[i].refs, cell->refs);
			assert_int_equal(at[i].since, cell->since);
		}
	}
	assert_int_equal(subscribers_entries(a), entries);
	for (int s = 0; s < SESSIONS; s++)
		for (uint64_t room = 0; room < ROOMS; room++) {
			uint64_t since;
			bool there = subscribers_since(a, room, &sessions[s], &since);
			assert_int_equal(there, cells[s][room].refs > 0);
			assert_true(!there || since == cells[s][room].since);
		}
}

static void random_step(struct subscribers *a, struct session *sessions,
			struct cell cells[SESSIONS][ROOMS])
{
	int s = rand() % SESSIONS;
	uint64_t room = (uint64_t)rand() % ROOMS;
	struct cell *cell = &cells[s][room];
	int what = rand() % 100;
	if (what < 55) {
		uint64_t since = (uint64_t)rand() % 1000;
		assert_int_equal(subscribers_add(a, room, &sessions[s], since), PARLOR_E_OK);
		if (!cell->refs || since < cell->since)
			cell->since = since;
		cell->refs++;
	} else if (what < 97) {
		assert_int_equal(subscribers_drop(a, room, &sessions[s]), cell->refs > 0);
		cell->refs -= cell->refs > 0;
	} else if (what < 99) {
		subscribers_drop_session(a, &sessions[s]);
		memset(cells[s], 0, sizeof cells[s]);
	} else {
		subscribers_drop_room(a, room);
		for (int i = 0; i < SESSIONS; i++)
			cells[i][room].refs = 0;
	}
}

static void test_a_random_life_equals_the_matrix(void **state)
{
	(void)state;
	struct subscribers *a = subscribers_new(SESSIONS * ROOMS);
	struct session *sessions = mem_new(SESSIONS * sizeof *sessions);
	struct cell cells[SESSIONS][ROOMS] = {0};
	srand(20240229);
	for (int i = 0; i < 20000; i++) {
		random_step(a, sessions, cells);
		if (i % 50 == 0)
			check(a, sessions, cells);
	}
	check(a, sessions, cells);
	for (int s = 0; s < SESSIONS; s++)
		subscribers_drop_session(a, &sessions[s]);
	assert_int_equal(subscribers_entries(a), 0);
	subscribers_free(a);
	free(sessions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_of_a_session_share_an_entry),
		cmocka_unit_test(test_a_full_subscribers_refuses_new_entries_only),
		cmocka_unit_test(test_a_random_life_equals_the_matrix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
