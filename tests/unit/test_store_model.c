/* The store against a plain model: whatever is done in whatever order, both hold
 * the same. */
#include "store_world.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODEL_KEYS 40
#define MODEL_ENTRIES 600

struct model {
	int rows[ROW_TABLES][MODEL_KEYS]; /* 0: none, else which value */
	int events[MODEL_ENTRIES + 1];    /* by position: which value */
	uint64_t first, last, covered;
	bool trimmed;
};

struct run {
	struct world *w;
	uint64_t random;
	struct model now;     /* as committed */
	struct model pending; /* in the write transaction */
	struct model seen;    /* by the turn */
	bool writing, in_turn;
};

static unsigned below(struct run *r, unsigned n)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return (unsigned)(r->random >> 33) % n;
}

/* A value is its number, repeated to a length that hangs on the number. */
static struct span value_of(int number)
{
	static char text[8][4096];
	static int turn_of;
	char *to = text[turn_of++ % 8];
	size_t len = (size_t)number * 37 % 3000;

	memset(to, number % 251, len + 1);
	return (struct span){to, len};
}

static struct row_key model_key(unsigned table, unsigned i)
{
	char name[16];

	snprintf(name, sizeof name, "k%0*u", (int)(1 + i % 7), i);
	return key_of((enum row_table)table, name);
}

static void check_row(struct run *r, unsigned table, unsigned i)
{
	struct core_rows rows = store_rows(r->w->store);
	struct row_key key = model_key(table, i);
	int number = r->seen.rows[table][i];
	struct span value;
	enum parlor_err err = rows.get(rows.ctx, &key, &value);

	assert_int_equal(err, number ? PARLOR_E_OK : PARLOR_E_NOT_FOUND);
	if (number)
		assert_true(span_equal(value, value_of(number)));
}

static void check_all(struct run *r)
{
	struct store_walk walk;
	struct entry entry;
	uint64_t at = r->seen.first;

	for (unsigned table = 0; table < ROW_TABLES; table++)
		for (unsigned i = 0; i < MODEL_KEYS; i++)
			check_row(r, table, i);
	assert_int_equal(store_walk_open(r->w->store, 1, &walk), PARLOR_E_OK);
	while (store_walk_next(r->w->store, &walk, &entry) == PARLOR_E_OK) {
		assert_int_equal(entry.position, at);
		assert_true(span_equal(entry.event, value_of(r->seen.events[at])));
		at++;
	}
	assert_int_equal(at, r->seen.last + 1);
	store_walk_close(r->w->store, &walk);
}

static void write_something(struct run *r)
{
	struct model *m = &r->pending;
	unsigned what = below(r, 10);
	int number = 1 + (int)below(r, 100000);

	if (what < 5) {
		unsigned table = below(r, ROW_TABLES), i = below(r, MODEL_KEYS);
		struct row_key key = model_key(table, i);
		bool gone = what == 0;
		store_put(r->w->store, &key, gone ? (struct span){NULL, 0} : value_of(number));
		m->rows[table][i] = gone ? 0 : number;
	} else if (what < 8 && m->last < MODEL_ENTRIES) {
		struct entry entry = {.position = ++m->last, .event = value_of(number)};
		store_append(r->w->store, &entry);
		m->events[m->last] = number;
	} else if (what == 8 && m->last > 0) {
		uint64_t at = 1 + below(r, (unsigned)m->last);
		store_replace_event(r->w->store, at, value_of(number));
		m->events[at] = number;
	} else if (!m->trimmed) {
		uint64_t first = m->first + below(r, 4), max = below(r, 4);
		m->trimmed = true;
		if (below(r, 2)) {
			m->covered += below(r, (unsigned)(m->last - m->covered) + 1);
			store_set_covered(r->w->store, m->covered);
		}
		store_trim(r->w->store, first, max);
		while (m->first < first && m->first <= m->covered && max-- > 0)
			m->first++;
	}
}

static void end_write(struct run *r)
{
	switch (below(r, 5)) {
	case 0:
		store_abort(r->w->store);
		break;
	case 1:
	case 2:
		store_commit_start(r->w->store);
		assert_int_equal(store_commit_end(r->w->store), PARLOR_E_OK);
		r->now = r->pending;
		break;
	default:
		commit(r->w);
		r->now = r->pending;
	}
	r->writing = false;
	assert_int_equal(store_first(r->w->store), (r->in_turn ? r->seen : r->now).first);
	assert_int_equal(store_last(r->w->store), r->now.last);
	assert_int_equal(store_covered(r->w->store), r->now.covered);
}

static void step(struct run *r)
{
	unsigned what = below(r, 100);

	if (what < 70 && r->writing) {
		write_something(r);
	} else if (what < 80) {
		if (r->writing) {
			end_write(r);
		} else {
			begin(r->w);
			r->pending = r->now;
			r->pending.trimmed = false;
			r->writing = true;
		}
	} else if (what < 90) {
		if (r->in_turn) {
			check_all(r);
			store_read_end(r->w->store);
		} else {
			turn(r->w);
			r->seen = r->now;
		}
		r->in_turn = !r->in_turn;
	} else if (what < 92 && !r->in_turn) {
		reopen(r->w);
		r->writing = false;
	}
}

static void anything_agrees_with_a_plain_model(void **state)
{
	const char *given = getenv("PARLOR_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : clock_wall_us();
	struct run *r = calloc(1, sizeof *r);

	print_message("PARLOR_TEST_SEED=%llu\n", (unsigned long long)seed);
	r->w = *state;
	r->random = seed * 2 + 1;
	r->now.first = 1;
	open_world(r->w);
	for (int i = 0; i < 12000; i++)
		step(r);
	if (r->in_turn)
		store_read_end(r->w->store);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(anything_agrees_with_a_plain_model, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
