/* Rows that belong together leave in one commit, whatever became of the commit before:
 * a kind of row of this test's own, and a disk on which there is nothing yet. */
#include "../sim/disk.h"
#include "core/engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct half {
	struct row base;
};

static void put_half(struct buf *b, const struct row *row)
{
	buf_put_varint(b, row->at.tail);
}

static bool get_half(struct row *row, struct span value)
{
	(void)row;
	(void)value;
	return true;
}

static void drop_half(void *owner, struct row *row)
{
	(void)owner;
	(void)row;
}

#define KIND(NO, TABLE, PAIRED)                                                                   \
	{                                                                                         \
		.name = "half", .no = (NO), .table = (TABLE), .sub = 1, .paired = (PAIRED),       \
		.size = sizeof(struct half), .put = put_half, .get = get_half, .drop = drop_half, \
	}
static const struct row_kind member_kind = KIND(0, ROW_MEMBERS, false);
static const struct row_kind room_kind = KIND(1, ROW_ROOMS, false);
static const struct row_kind half_kind = KIND(2, ROW_ROOMS, true);

/* Which rows a commit was given, by the second number of their keys. */
struct given {
	size_t len;
	uint64_t tails[16];
};

static void keep(void *ctx, const struct row_key *key, struct span value)
{
	struct given *g = ctx;
	(void)value;
	assert_true(g->len < sizeof g->tails / sizeof g->tails[0]);
	g->tails[g->len++] = row_key_tail(key->bytes, key->len);
}

static struct given write_rows(struct engine *e, size_t max)
{
	struct given g = {0};
	(void)row_engine_write_back(e, max, keep, &g);
	return g;
}

static bool has(const struct given *g, uint64_t tail)
{
	for (size_t i = 0; i < g->len; i++)
		if (g->tails[i] == tail)
			return true;
	return false;
}

/* ---- tests ------------------------------------------------------------------------------ */

static const struct row_kind *const heads[ROW_TABLES] = {
	[ROW_MEMBERS] = &member_kind, [ROW_ROOMS] = &room_kind};

enum { FIRST = 1, SECOND, THIRD };

/* A row is halved, and while the commit with both is under way its upper half too: when
 * that commit fails none of the three may be written without the others. */
static void halves_of_a_half_stay_together_when_a_commit_fails(void **state)
{
	struct disk disk = disk_in_memory();
	struct engine e;
	(void)state;
	row_engine_init(&e, disk.rows(disk.ctx), heads, &e, 0);
	struct row *room = row_add(&e, &room_kind, 7, 0, NULL);
	struct row *first = row_add(&e, &half_kind, 7, FIRST, room);
	struct row *second = row_add(&e, &half_kind, 7, SECOND, room);
	row_touch(&e, first);
	row_touch_with(&e, second, first);
	struct given g = write_rows(&e, 1);
	assert_true(has(&g, FIRST) && has(&g, SECOND));

	struct row *third = row_add(&e, &half_kind, 7, THIRD, room);
	row_touch_with(&e, third, second);
	row_engine_unlanded(&e);
	size_t written = 0;
	for (int commits = 0; commits < 3 && !written; commits++) {
		g = write_rows(&e, 1);
		written = g.len;
		row_engine_landed(&e);
	}
	assert_int_equal(written, 3);
	assert_int_equal(e.dirty_rows, 0);
	row_engine_fini(&e);
	disk.close(disk.ctx);
}

/* A name for each of many: what has not landed is memory, too. */
static void what_waits_for_a_commit_takes_of_the_budget(void **state)
{
	enum { NAMES = 5000 };
	struct disk disk = disk_in_memory();
	struct engine e;
	struct row_key key;
	(void)state;
	row_engine_init(&e, disk.rows(disk.ctx), heads, &e, NAMES * sizeof(struct first_row));
	(void)row_add(&e, &room_kind, 7, 0, NULL);
	row_engine_evict(&e, 0);
	row_engine_evict(&e, 0);
	assert_non_null(row_find(&e, &room_kind, 7, 0));
	row_key_one(&key, ROW_NAMES, 1, 'R');
	for (int i = 0; i < NAMES; i++)
		(void)first_row_add(&e, &key, (struct span){"1", 1}, 0);
	assert_true(row_engine_bytes(&e) - e.bytes >= NAMES * sizeof(struct first_row));
	row_engine_evict(&e, 0);
	row_engine_evict(&e, 0);
	assert_null(row_find(&e, &room_kind, 7, 0));

	disk.begin(disk.ctx);
	assert_int_equal(row_engine_write_back(&e, NAMES, disk.put, disk.ctx), NAMES);
	disk.commit(disk.ctx);
	row_engine_landed(&e);
	assert_true(row_engine_bytes(&e) < NAMES * sizeof(struct first_row) / 4);
	row_engine_fini(&e);
	disk.close(disk.ctx);
}

/* Seven come, five are given, and of the commits every third fails. */
static void names_land_in_the_order_they_came(void **state)
{
	enum { TIMES = 2000, COME = 7, GIVEN = 5 };
	struct disk disk = disk_in_memory();
	struct engine e;
	struct row_key key;
	uint64_t landed = 0, added = 0;
	(void)state;
	row_engine_init(&e, disk.rows(disk.ctx), heads, &e, 0);
	for (int i = 0; i < TIMES; i++) {
		for (int come = 0; come < COME; come++) {
			row_key_pair(&key, ROW_ROOMS, 1, 1, ++added);
			uint64_t no = first_row_add(&e, &key, (struct span){"1", 1}, 0);
			assert_int_equal(no, added);
		}
		struct given g = write_rows(&e, GIVEN);
		assert_int_equal(g.len, GIVEN);
		for (size_t n = 0; n < g.len; n++)
			assert_int_equal(g.tails[n], landed + n + 1);
		if (i % 3 == 0) {
			row_engine_unlanded(&e);
		} else {
			row_engine_landed(&e);
			landed += GIVEN;
		}
		assert_null(first_rows_at(&e.first, landed));
		const struct first_row *next = first_rows_at(&e.first, landed + 1);
		assert_int_equal(row_key_tail(next->key.bytes, next->key.len), landed + 1);
		assert_int_equal(e.dirty_rows, added - landed);
	}
	row_engine_fini(&e);
	disk.close(disk.ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(halves_of_a_half_stay_together_when_a_commit_fails),
		cmocka_unit_test(names_land_in_the_order_they_came),
		cmocka_unit_test(what_waits_for_a_commit_takes_of_the_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
