/* Many at once: all agents back after a start, and queues that are long. Time is the tests'
 * own. */
#include "desk_world.h"

#include "core/desk/config_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AGENTS 40
#define SERVED 100
#define WAIT 60

static const char *name(char letter, int n)
{
	static char names[8][8];
	static int at;
	char *is = names[at++ % 8];
	(void)snprintf(is, sizeof names[0], "%c%d", letter, n);
	return is;
}

static void everybody_back_after_a_start_has_what_it_had(void **state)
{
	struct world *w = *state;
	const char *had[SERVED + WAIT];
	int got[AGENTS] = {0};
	desk_begin(w, (struct row_team){.gap_ms = 2000});
	for (int n = 0; n < AGENTS; n++) {
		agent_add(w, name('a', n), 3);
		online(w, name('a', n));
	}
	for (int n = 0; n < SERVED; n++) {
		opened(w, name('c', n), name('v', n));
		if (n % AGENTS == AGENTS - 1)
			pass_ms(w, 2000);
	}
	for (int n = SERVED; n < SERVED + WAIT; n++)
		opened(w, name('c', n), name('v', n));
	for (int n = 0; n < SERVED; n++)
		had[n] = strdup(agent_of(w, name('c', n)));
	restart_after_ms(w, 5000);
	/* One after another, within five seconds. */
	for (int n = 0; n < AGENTS; n++) {
		online(w, name('a', n));
		pass_ms(w, 100);
	}
	for (int n = 0; n < SERVED; n++) {
		assert_has(w, name('c', n), ACTIVE, had[n]);
		free((void *)(uintptr_t)had[n]);
	}
	for (int n = SERVED; n < SERVED + WAIT; n++)
		if (state_of(w, name('c', n)) == ACTIVE)
			got[atoi(agent_of(w, name('c', n)) + 1)]++;
	for (int n = 0; n < AGENTS; n++)
		assert_in_range(got[n], 0, 2); /* of five seconds, one in two */
}

static size_t compared;
static rank_before_fn *before_all, *before_free;

static bool counted_all(const struct rank_node *a, const struct rank_node *b)
{
	compared++;
	return before_all(a, b);
}

static bool counted_free(const struct rank_node *a, const struct rank_node *b)
{
	compared++;
	return before_free(a, b);
}

static void count_place(void *told, uint64_t visitor, const struct conversation_view *v,
			const struct place_view *place)
{
	(void)visitor;
	(void)v;
	(void)place;
	++*(size_t *)told;
}

/* So many comparisons take an end with the next one served, one who comes, and a place. */
static size_t cost(struct world *w, int from, int to)
{
	for (int n = from; n < to; n++)
		opened(w, name('w', n), name('v', n));
	compared = 0;
	opened(w, name('y', to), name('y', to));
	assert_int_equal(place_of(w, name('y', to)), to);
	const char *first = name('w', from ? 1 : 0);
	assert_has(w, first, ACTIVE, "lin");
	assert_int_equal(closed(w, first, ""), PARLOR_E_OK);
	assert_has(w, name('w', from ? 2 : 1), ACTIVE, "lin");
	return compared;
}

static void a_long_queue_costs_little_more(void **state)
{
	struct world *w = *state;
	size_t told = 0;
	uint64_t team;
	desk_begin(w, ((struct row_team){0}));
	agent_add(w, "lin", 1);
	assert_int_equal(core_desk_team(w->core, &w->call, text("shop"), text("*"), &team),
			 PARLOR_E_OK);
	struct team *t = team_find_no(w->core, team);
	before_all = t->all.before;
	before_free = t->free[0].before;
	t->all.before = counted_all;
	for (int level = 0; level < DESK_LEVELS; level++)
		t->free[level].before = counted_free;
	online(w, "lin");
	size_t few = cost(w, 0, 100), many = cost(w, 100, 1000);
	assert_in_range(few, 1, 100);
	assert_true(many < 2 * few);
	/* And who stands behind the first fifty is not told each time. */
	core_desk_places(w->core, 1000000, count_place, &told);
	told = 0;
	assert_int_equal(closed(w, name('w', 2), ""), PARLOR_E_OK);
	core_desk_places(w->core, 9000000, count_place, &told);
	assert_int_equal(told, PLACES_TOLD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(everybody_back_after_a_start_has_what_it_had),
		STORY(a_long_queue_costs_little_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
