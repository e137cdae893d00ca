/* The records of a desk executed again, all of them or those behind the rows: the same rows
 * come of it, whatever the clocks showed and whenever rows were written. */
#include "core/kinds.h"
#include "desk_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Applies the records behind what the rows cover, up to that one, and writes all rows. */
static void execute(const struct world *w, struct disk *disk, uint64_t last)
{
	struct core *core = core_new(&w->limits, disk->rows(disk->ctx), (struct core_sink){0});
	uint64_t covered = disk->covered(disk->ctx);
	assert_int_equal(core_load(core), PARLOR_E_OK);
	disk->begin(disk->ctx);
	for (uint64_t at = covered + 1; at <= last; at++) {
		struct record r;
		struct span head = w->disk.read(w->disk.ctx, at);
		assert_int_equal(record_decode(&r, head.data, head.len), PARLOR_E_OK);
		assert_int_equal(core_apply(core, &r), PARLOR_E_OK);
		disk->append(disk->ctx, at, head);
	}
	(void)core_write_back(core, SIZE_MAX, disk->put, disk->ctx, &covered);
	disk->covered_set(disk->ctx, covered);
	disk->commit(disk->ctx);
	core_landed(core);
	core_free(core);
}

/* The rows that come of the records alone, by way of those as of the record cut. */
static struct hash128 executed_again(const struct world *w, uint64_t cut)
{
	struct disk disk = disk_in_memory();
	execute(w, &disk, cut);
	execute(w, &disk, w->disk.last(w->disk.ctx));
	struct hash128 hash = disk.hash(disk.ctx);
	disk.close(disk.ctx);
	return hash;
}

static void assert_follows_from_records(struct world *w)
{
	write_all(w);
	struct hash128 now = w->disk.hash(w->disk.ctx);
	for (uint64_t cut = 0; cut <= w->disk.last(w->disk.ctx); cut++) {
		struct hash128 again = executed_again(w, cut);
		assert_int_equal(now.low, again.low);
		assert_int_equal(now.high, again.high);
	}
}

static void rows_follow_from_records_alone(void **state)
{
	struct world *w = *state;
	desk_begin(w, ((struct row_team){0}));
	agent_add(w, "lin", 2);
	online(w, "lin");
	opened(w, "c1", "v1");
	pass_ms(w, 3000);
	says(w, "c1", "v1");
	pass_ms(w, 3000);
	says(w, "c1", "lin");
	opened(w, "c2", "v2");
	pass_ms(w, 3000);
	assert_int_equal(closed(w, "c1", "lin"), PARLOR_E_OK);
	pass_ms(w, 3000);
	assert_int_equal(returned(w, "c2", "lin"), PARLOR_E_OK);
	assert_follows_from_records(w);
}

static void records_behind_the_rows_have_the_time_they_had(void **state)
{
	struct world *w = *state;
	desk_begin(w, ((struct row_team){0}));
	agent_add(w, "lin", 2);
	online(w, "lin");
	opened(w, "c1", "v1");
	write_all(w);
	pass_ms(w, 3000);
	says(w, "c1", "v1");
	/* Held up for an hour, of which the desk knows nothing: the counters of the state are
	 * stored with what is known then, and the row of the conversation is not. */
	w->call.now_us += UINT64_C(3600000000);
	says(w, "c1", "v1");
	commit(w, 1);
	restart_after_ms(w, 1000);
	assert_follows_from_records(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(rows_follow_from_records_alone),
		STORY(records_behind_the_rows_have_the_time_they_had),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
