#include "world.h"

#include "check.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- chance ------------------------------------------------------------------- */

/* splitmix64 */
uint64_t world_random(struct world *w)
{
	uint64_t z = w->random += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t world_below(struct world *w, uint64_t n)
{
	return n ? world_random(w) % n : 0;
}

bool world_chance(struct world *w, unsigned percent)
{
	return world_below(w, 100) < percent;
}

uint64_t world_one_of(struct world *w, const uint64_t *choices, size_t n)
{
	return choices[world_below(w, n)];
}

/* ---- telling ------------------------------------------------------------------- */

void world_say(struct world *w, const char *format, ...)
{
	char *line = w->transcript[w->said++ % TRANSCRIPT_LINES];
	int at = snprintf(line, TRANSCRIPT_WIDTH, "%4d @%llu ", w->op,
			  (unsigned long long)w->emitted);
	va_list args;
	va_start(args, format);
	vsnprintf(line + at, TRANSCRIPT_WIDTH - (size_t)at, format, args);
	va_end(args);
}

void world_fail(struct world *w, const char *file, int line, const char *format, ...)
{
	unsigned long from = w->said > TRANSCRIPT_LINES ? w->said - TRANSCRIPT_LINES : 0;
	for (unsigned long i = from; i < w->said; i++)
		fprintf(stderr, "%s\n", w->transcript[i % TRANSCRIPT_LINES]);
	fprintf(stderr, "%s:%d: ", file, line);
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nworld %llu failed at operation %d; again with: test_sim%s --seed %llu\n",
		(unsigned long long)w->seed, w->op, w->kind->option, (unsigned long long)w->seed);
	abort();
}

/* ---- the core and its disk -------------------------------------------------------- */

static void take_record(void *ctx, const struct record *r)
{
	struct world *w = ctx;
	WANT_SAME(w, r->position, w->emitted + 1);
	WANT(w, r->time_us >= w->emitted_us, "time goes back");
	w->emitted = r->position;
	w->emitted_us = r->time_us;
	w->kind->heard(w, r);
	record_encode(&w->pending, r);
	if (w->pending_len == w->pending_cap) {
		w->pending_cap = w->pending_cap ? 2 * w->pending_cap : 64;
		w->pending_ends =
			mem_resize(w->pending_ends, w->pending_cap, sizeof *w->pending_ends);
	}
	w->pending_ends[w->pending_len++] = w->pending.len;
}

static void new_core(struct world *w)
{
	w->core = core_new(&w->limits, w->disk.rows(w->disk.ctx),
			   (struct core_sink){.ctx = w, .record = take_record});
	w->emitted = w->disk.last(w->disk.ctx);
	w->emitted_us = w->durable_us;
	WANT_SAME(w, core_load(w->core), PARLOR_E_OK);
}

static void append_pending(struct world *w)
{
	uint64_t position = w->emitted - w->pending_len;
	size_t start = 0;
	for (size_t i = 0; i < w->pending_len; i++) {
		struct span head = {w->pending.data + start, w->pending_ends[i] - start};
		w->disk.append(w->disk.ctx, ++position, head);
		start = w->pending_ends[i];
	}
}

static void forget_pending(struct world *w)
{
	buf_clear(&w->pending);
	w->pending_len = 0;
}

static void forget_flown(struct world *w)
{
	size_t bytes = w->flown_len ? w->pending_ends[w->flown_len - 1] : 0;
	w->pending_len -= w->flown_len;
	for (size_t i = 0; i < w->pending_len; i++)
		w->pending_ends[i] = w->pending_ends[i + w->flown_len] - bytes;
	w->pending.len -= bytes;
	if (w->pending.len)
		memmove(w->pending.data, w->pending.data + bytes, w->pending.len);
}

static size_t write_back(struct world *w, size_t rows)
{
	uint64_t covered;
	size_t before = core_dirty(w->core);
	size_t written = core_write_back(w->core, rows, w->disk.put, w->disk.ctx, &covered);
	WANT_SAME(w, core_dirty(w->core), before - written);
	WANT(w, covered >= w->disk.covered(w->disk.ctx), "covered goes back to %llu",
	     (unsigned long long)covered);
	WANT(w, covered <= core_position(w->core), "covered what is not there");
	w->disk.covered_set(w->disk.ctx, covered);
	world_say(w, "-- write back %zu of %zu, covered %llu%s", written, before,
		  (unsigned long long)covered, core_writing(w->core) ? ", more to come" : "");
	return written;
}

/* Until it has landed, what is asked is answered beside it. */
static void launch(struct world *w)
{
	w->disk.begin(w->disk.ctx);
	append_pending(w);
	if (world_chance(w, w->write_back))
		write_back(w, 1 + world_below(w, 40));
	w->flying = true;
	w->flown_len = w->pending_len;
	w->flown_us = w->emitted_us;
	w->kind->launched(w);
	world_say(w, "-- launch");
}

static void land(struct world *w)
{
	w->disk.commit(w->disk.ctx);
	core_landed(w->core);
	w->flying = false;
	forget_flown(w);
	w->durable_us = w->flown_us;
	w->kind->landed(w);
	world_say(w, "-- commit");
}

/* The disk had no room: nothing has changed, and the next commit has it all. */
static void fail(struct world *w)
{
	size_t rows = core_dirty(w->core);
	w->disk.abort(w->disk.ctx);
	core_unlanded(w->core);
	w->flying = false;
	WANT(w, core_dirty(w->core) >= rows, "rows that failed are not dirty");
	world_say(w, "-- no commit, %zu rows dirty", core_dirty(w->core));
}

static void commit(struct world *w)
{
	if (w->flying)
		land(w);
	launch(w);
	land(w);
}

static void commit_some_time(struct world *w)
{
	if (!w->flying)
		launch(w);
	else if (world_chance(w, 20))
		fail(w);
	if (w->flying && world_chance(w, 60))
		land(w);
}

/* The records behind what is covered, as a starting broker applies them; rows
 * may be written and forgotten meanwhile. */
static void recover(struct world *w)
{
	uint64_t last = w->disk.last(w->disk.ctx);
	for (uint64_t at = w->disk.covered(w->disk.ctx) + 1; at <= last; at++) {
		struct record r;
		struct span head = w->disk.read(w->disk.ctx, at);
		WANT_SAME(w, record_decode(&r, head.data, head.len), PARLOR_E_OK);
		WANT_SAME(w, core_apply(w->core, &r), PARLOR_E_OK);
		if (world_chance(w, 3)) {
			w->disk.begin(w->disk.ctx);
			write_back(w, 1 + world_below(w, 40));
			w->disk.commit(w->disk.ctx);
			core_landed(w->core);
		}
		if (world_chance(w, 20))
			core_evict(w->core);
	}
	WANT_SAME(w, core_position(w->core), last);
}

static void crash(struct world *w)
{
	if (!w->flying && world_chance(w, 40))
		launch(w);
	if (w->flying && world_chance(w, 50))
		land(w);
	else if (w->flying) /* in the middle of a commit */
		w->disk.abort(w->disk.ctx);
	w->flying = false;
	core_free(w->core);
	forget_pending(w);
	w->disk.restart(w->disk.ctx);
	w->kind->restored(w);
	world_say(w, "-- crash");
	new_core(w);
	recover(w);
	world_say(w, "-- recovered from %llu", (unsigned long long)w->disk.covered(w->disk.ctx));
	w->kind->check_all(w);
	w->kind->boot(w);
}

/* ---- a life --------------------------------------------------------------------- */

void world_init(struct world *w, const struct world_kind *kind, uint64_t seed, struct disk disk)
{
	*w = (struct world){
		.kind = kind, .seed = seed, .random = seed, .disk = disk, .clock_us = 1000000};
	kind->begin(w);
	new_core(w);
}

void world_fini(struct world *w)
{
	core_free(w->core);
	w->disk.close(w->disk.ctx);
	w->kind->end(w);
	buf_fini(&w->pending);
	free(w->pending_ends);
}

void world_step(struct world *w)
{
	w->op++;
	w->kind->step(w);
	WANT_SAME(w, core_position(w->core), w->emitted);
	if (world_chance(w, w->evict))
		core_evict(w->core);
	if (world_chance(w, w->commit))
		commit_some_time(w);
	if (world_chance(w, w->crash))
		crash(w);
	if (world_chance(w, w->evict)) {
		core_evict(w->core);
		check_tables(w);
	}
}

/* ---- the end ---------------------------------------------------------------------- */

static void write_all(struct world *w)
{
	size_t calls = 0, rows = core_dirty(w->core), written = 0;
	do {
		w->disk.begin(w->disk.ctx);
		written += write_back(w, 1 + world_below(w, 60));
		w->disk.commit(w->disk.ctx);
		core_landed(w->core);
		WANT(w, ++calls <= rows + 2, "write-back does not come to an end");
	} while (core_dirty(w->core) || core_writing(w->core));
	WANT_SAME(w, written, rows);
	WANT_SAME(w, w->disk.covered(w->disk.ctx), core_position(w->core));
	check_tables(w);
}

/* The journal once more, from nothing, with another order of writing back. */
static void execute_again(struct world *w, struct hash128 *hash)
{
	struct disk first = w->disk;
	struct core *core = w->core;
	uint64_t last = first.last(first.ctx);
	w->disk = disk_in_memory();
	w->core = core_new(&w->limits, w->disk.rows(w->disk.ctx),
			   (struct core_sink){.ctx = w, .record = take_record});
	WANT_SAME(w, core_load(w->core), PARLOR_E_OK);
	for (uint64_t at = 1; at <= last; at++) {
		struct record r;
		struct span head = first.read(first.ctx, at);
		WANT_SAME(w, record_decode(&r, head.data, head.len), PARLOR_E_OK);
		WANT_SAME(w, core_apply(w->core, &r), PARLOR_E_OK);
		if (w->kind->journal)
			w->kind->journal(w, &r);
		w->disk.begin(w->disk.ctx);
		w->disk.append(w->disk.ctx, at, head);
		if (world_chance(w, 10))
			write_back(w, 1 + world_below(w, 40));
		w->disk.commit(w->disk.ctx);
		core_landed(w->core);
		if (world_chance(w, 10))
			core_evict(w->core);
	}
	if (w->kind->journal)
		w->kind->journal(w, NULL);
	write_all(w);
	w->kind->check_all(w);
	w->kind->check_rows(w);
	*hash = w->disk.hash(w->disk.ctx);
	core_free(w->core);
	w->disk.close(w->disk.ctx);
	w->disk = first;
	w->core = core;
}

void world_end(struct world *w)
{
	commit(w);
	w->kind->check_all(w);
	write_all(w);
	w->kind->check_rows(w);
	struct hash128 is = w->disk.hash(w->disk.ctx), again;
	execute_again(w, &again);
	WANT(w, is.low == again.low && is.high == again.high,
	     "the journal executed again gives another state");
}
