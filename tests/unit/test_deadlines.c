/* What is due, and when: the heap beside a plain array, rows that come and go, and a
 * kind of row of this test's own, whose deadlines become records. */
#include "../sim/disk.h"
#include "core/decide.h"
#include "core/tables.h"
#include "core/tenant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- a kind of row -------------------------------------------------------------------- */

struct alarm {
	struct row base;
	uint64_t at;    /* 0: off */
	uint64_t every; /* 0: once */
};

static uint64_t rung[10000];
static size_t rung_len;

static void put_alarm(struct buf *b, const struct row *row)
{
	const struct alarm *a = (const struct alarm *)row;
	buf_put_varint(b, a->at);
	buf_put_varint(b, a->every);
}

static bool get_alarm(struct row *row, struct span value)
{
	struct reader in;
	struct alarm *a = (struct alarm *)row;
	reader_init(&in, value.data, value.len);
	a->at = reader_varint(&in);
	a->every = reader_varint(&in);
	return !in.bad;
}

static uint64_t alarm_due(const struct row *row)
{
	return ((const struct alarm *)row)->at;
}

static void drop_alarm(void *owner, struct row *row)
{
	(void)owner;
	(void)row;
}

/* The owner is the engine. */
static enum parlor_err ring(void *engine, struct row *row)
{
	struct alarm *a = (struct alarm *)row;
	rung[rung_len++] = row->at.number;
	a->at = a->every ? a->at + a->every : 0;
	row_touch(engine, row);
	return PARLOR_E_OK;
}

#define ALARM(NO, TABLE, EXPIRE)                                                  \
	{                                                                         \
		.name = "alarm", .no = (NO), .table = (TABLE), .sub = ROW_SELF,   \
		.size = sizeof(struct alarm), .put = put_alarm, .get = get_alarm, \
		.drop = drop_alarm, .due_us = alarm_due, .expire = (EXPIRE),      \
	}
static const struct row_kind early_kind = ALARM(0, ROW_MEMBERS, ring);
static const struct row_kind late_kind = ALARM(1, ROW_ROOMS, ring);

/* ---- an engine ---------------------------------------------------------------------------- */

static const struct row_kind *const heads[ROW_TABLES] = {
	[ROW_MEMBERS] = &early_kind, [ROW_ROOMS] = &late_kind};

struct house {
	struct disk disk;
	struct engine engine;
};

static int set_up(void **state)
{
	struct house *h = mem_new(sizeof *h);
	h->disk = disk_in_memory();
	row_engine_init(&h->engine, h->disk.rows(h->disk.ctx), heads, &h->engine, 0);
	rung_len = 0;
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct house *h = *state;
	row_engine_fini(&h->engine);
	h->disk.close(h->disk.ctx);
	free(h);
	return 0;
}

static void write_back_and_evict(struct house *h)
{
	h->disk.begin(h->disk.ctx);
	(void)row_engine_write_back(&h->engine, 10, h->disk.put, h->disk.ctx);
	h->disk.commit(h->disk.ctx);
	row_engine_landed(&h->engine);
	for (int i = 0; i < 3; i++)
		row_engine_evict(&h->engine, 0);
}

static struct alarm *alarm_add(struct engine *e, const struct row_kind *kind, uint64_t no,
			       uint64_t at)
{
	struct alarm *a = (struct alarm *)row_add(e, kind, no, 0, NULL);
	a->at = at;
	row_touch(e, &a->base);
	return a;
}

static bool expire(struct engine *e, uint64_t now, size_t max)
{
	bool more;
	assert_int_equal(row_engine_expire(e, now, max, UINT64_MAX, &more), PARLOR_E_OK);
	return more;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void the_earliest_is_first_whatever_happened_before(void **state)
{
	enum { ROWS = 200 };
	struct engine *e = &((struct house *)*state)->engine;
	struct alarm *all[ROWS];
	srand(20261130);
	for (uint64_t i = 0; i < ROWS; i++)
		all[i] = alarm_add(e, &late_kind, i + 1, 0);
	for (int step = 0; step < 20000; step++) {
		struct alarm *a = all[rand() % ROWS];
		a->at = rand() % 4 ? 1 + (uint64_t)rand() % 1000 : 0;
		row_touch(e, &a->base);
		uint64_t earliest = UINT64_MAX;
		for (int i = 0; i < ROWS && step % 10 == 0; i++)
			if (all[i]->at && all[i]->at < earliest)
				earliest = all[i]->at;
		assert_true(step % 10 || row_engine_due(e) == earliest);
	}
	uint64_t before = 0;
	for (; row_engine_due(e) != UINT64_MAX; before = row_engine_due(e)) {
		assert_true(row_engine_due(e) >= before);
		(void)expire(e, row_engine_due(e), 1);
	}
	for (int i = 0; i < ROWS; i++)
		assert_int_equal(all[i]->at, 0);
}

static void what_is_due_at_one_time_has_an_order_of_its_own(void **state)
{
	static const uint64_t expected[] = {3, 9, 1, 5, 7};
	struct engine *e = &((struct house *)*state)->engine;
	(void)alarm_add(e, &late_kind, 7, 100);
	(void)alarm_add(e, &early_kind, 9, 100);
	(void)alarm_add(e, &late_kind, 1, 100);
	(void)alarm_add(e, &late_kind, 5, 100);
	(void)alarm_add(e, &early_kind, 3, 100);
	(void)alarm_add(e, &late_kind, 8, 101);
	assert_false(expire(e, 99, 100));
	assert_int_equal(rung_len, 0);
	assert_false(expire(e, 100, 100));
	assert_int_equal(rung_len, 5);
	assert_memory_equal(rung, expected, sizeof expected);
	assert_int_equal(row_engine_due(e), 101);
}

static void so_much_is_due_at_once_and_the_rest_later(void **state)
{
	struct engine *e = &((struct house *)*state)->engine;
	bool more;
	for (uint64_t i = 1; i <= 1000; i++)
		(void)alarm_add(e, &late_kind, i, 10);
	assert_true(expire(e, 10, 300));
	assert_int_equal(rung_len, 300);
	assert_int_equal(row_engine_expire(e, 10, 1000, 100, &more), PARLOR_E_OK);
	assert_true(more);
	assert_int_equal(rung_len, 400);
	assert_false(expire(e, 10, 600));
	assert_int_equal(rung_len, 1000);
	assert_int_equal(rung[999], 1000);
}

static void a_row_stays_in_memory_until_it_is_due(void **state)
{
	struct house *h = *state;
	struct engine *e = &h->engine;
	struct row_key key;
	struct row *row;
	bool read;
	struct alarm *a = alarm_add(e, &late_kind, 1, 10);
	write_back_and_evict(h);
	assert_int_equal(row_engine_due(e), 10);
	a->at = 0;
	row_touch(e, &a->base);
	write_back_and_evict(h);
	assert_null(row_find(e, &late_kind, 1, 0));

	/* As after a start: what is read is known to be due. */
	struct alarm other = {.at = 77};
	struct buf value = {0};
	put_alarm(&value, &other.base);
	row_key_one(&key, ROW_ROOMS, 1, ROW_SELF);
	h->disk.begin(h->disk.ctx);
	h->disk.put(h->disk.ctx, &key, (struct span){value.data, value.len});
	h->disk.commit(h->disk.ctx);
	buf_fini(&value);
	assert_int_equal(row_load(e, &late_kind, 1, 0, NULL, &row, &read), PARLOR_E_OK);
	assert_int_equal(row_engine_due(e), 77);
	row_remove(e, row);
	assert_int_equal(row_engine_due(e), UINT64_MAX);
	row_revive(e, row);
	assert_int_equal(row_engine_due(e), 77);
}

/* ---- in the core ---------------------------------------------------------------------------- */

/* Each time that it rings a tenant is introduced, named for the alarm. */
static enum parlor_err introduce(void *owner, struct row *row)
{
	struct core *c = owner;
	struct alarm *a = (struct alarm *)row;
	char id[32];
	uint32_t no;
	int len = snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)row->at.number,
			   (unsigned long long)a->at);
	struct core_call call = {.tenant = {id, (size_t)len}};
	a->at = a->every ? a->at + a->every : 0;
	row_touch(&c->engine, row);
	return core_tenant_intern(c, &call, &no);
}
static const struct row_kind tenant_alarm_kind =
	ALARM(ENGINE_KINDS_MAX - 1, ROW_MEMBERS, introduce);

struct told {
	size_t len;
	uint64_t time_us;
	char last[32];
};

static void tell(void *ctx, const struct record *r)
{
	struct told *told = ctx;
	assert_int_equal(r->kind, RECORD_TENANT);
	told->len++;
	told->time_us = r->time_us;
	(void)snprintf(told->last, sizeof told->last, "%.*s", (int)r->tenant_id.len,
		       (const char *)r->tenant_id.data);
}

static void what_is_due_becomes_records_at_the_time_of_the_tick(void **state)
{
	const struct disk *disk = &((struct house *)*state)->disk;
	struct told told = {0};
	bool more;
	struct core *c = core_new(&core_limits_default, disk->rows(disk->ctx),
				  (struct core_sink){&told, tell});
	assert_int_equal(core_due(c), UINT64_MAX);
	struct alarm *a = alarm_add(&c->engine, &tenant_alarm_kind, 5, 1000);
	a->every = 500;
	assert_int_equal(core_due(c), 1000);
	struct core_call call = {.now_us = 999};
	assert_int_equal(core_tick(c, &call, &more), PARLOR_E_OK);
	assert_false(more);
	assert_int_equal(told.len, 0);

	call.now_us = 1600;
	assert_int_equal(core_tick(c, &call, &more), PARLOR_E_OK);
	assert_int_equal(told.len, 2);
	assert_int_equal(told.time_us, 1600);
	assert_string_equal(told.last, "5-1500");
	assert_int_equal(core_due(c), 2000);

	/* The clock went back: nothing is due twice. */
	call.now_us = 1200;
	assert_int_equal(core_tick(c, &call, &more), PARLOR_E_OK);
	assert_int_equal(told.len, 2);
	core_free(c);
}

static void a_tick_takes_no_longer_than_a_turn_may(void **state)
{
	const struct disk *disk = &((struct house *)*state)->disk;
	struct told told = {0};
	size_t before = 0;
	bool more = true;
	struct core *c = core_new(&core_limits_default, disk->rows(disk->ctx),
				  (struct core_sink){&told, tell});
	for (uint64_t i = 1; i <= 5000; i++)
		(void)alarm_add(&c->engine, &tenant_alarm_kind, i, 10);
	struct core_call call = {.now_us = 10};
	for (int ticks = 0; ticks < 3; ticks++, before = told.len) {
		assert_true(more);
		assert_int_equal(core_tick(c, &call, &more), PARLOR_E_OK);
		assert_in_range(told.len - before, 1, 2000);
	}
	assert_false(more);
	assert_int_equal(told.len, 5000);
	assert_int_equal(core_due(c), UINT64_MAX);
	core_free(c);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(the_earliest_is_first_whatever_happened_before),
		STORY(what_is_due_at_one_time_has_an_order_of_its_own),
		STORY(so_much_is_due_at_once_and_the_rest_later),
		STORY(a_row_stays_in_memory_until_it_is_due),
		STORY(what_is_due_becomes_records_at_the_time_of_the_tick),
		STORY(a_tick_takes_no_longer_than_a_turn_may),
	};
	return cmocka_run_group_tests_name("deadlines", tests, NULL, NULL);
}
