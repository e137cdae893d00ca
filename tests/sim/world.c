#include "world.h"

#include "check.h"
#include "moves.h"

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

/* ---- telling ------------------------------------------------------------------- */

void world_say(struct world *w, const char *format, ...)
{
	char *line = w->transcript[w->said++ % TRANSCRIPT_LINES];
	int at = snprintf(line, TRANSCRIPT_WIDTH, "%4d @%llu ", w->op,
			  (unsigned long long)w->now.position);
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
	fprintf(stderr, "\nworld %llu failed at operation %d; again with: test_sim --seed %llu\n",
		(unsigned long long)w->seed, w->op, (unsigned long long)w->seed);
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
	w->last_kind = r->kind;
	w->last_unread = r->kind == RECORD_READ ? r->read.unread : 0;
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
	w->emitted = w->durable.position;
	w->emitted_us = w->durable.record_us;
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
	oracle_copy(&w->flown, &w->now);
	world_say(w, "-- launch");
}

static void land(struct world *w)
{
	w->disk.commit(w->disk.ctx);
	core_landed(w->core);
	w->flying = false;
	forget_flown(w);
	oracle_copy(&w->durable, &w->flown);
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
	oracle_copy(&w->now, &w->durable);
	oracle_restart(&w->now);
	world_say(w, "-- crash");
	new_core(w);
	recover(w);
	world_say(w, "-- recovered from %llu", (unsigned long long)w->disk.covered(w->disk.ctx));
	check_tables(w);
	check_all(w);
	if (world_chance(w, 75))
		moves_boot(w);
}

/* ---- a life --------------------------------------------------------------------- */

static uint64_t one_of(struct world *w, const uint64_t *choices, size_t n)
{
	return choices[world_below(w, n)];
}
#define ONE_OF(w, ...)                               \
	one_of((w), (const uint64_t[]){__VA_ARGS__}, \
	       sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

void world_init(struct world *w, uint64_t seed, struct disk disk)
{
	*w = (struct world){.seed = seed, .random = seed, .disk = disk, .clock_us = 1000000};
	w->limits = (struct core_limits){
		.name_bytes = 8,
		.avatar_bytes = 9,
		.body_bytes = 12,
		.client_id_bytes = 6,
		.room_members = (uint32_t)ONE_OF(w, 3, 5, 8, 20),
		.request_members = O_SPECS,
		.mentions = O_MENTIONS,
		.page = (uint32_t)ONE_OF(w, 1, 3, 50),
		.members = ONE_OF(w, 8, 16, O_MEMBERS),
		.rooms = ONE_OF(w, 6, 12, O_ROOMS),
		.tenants = (uint32_t)ONE_OF(w, 1, 2, O_TENANTS),
		.keys_recent_blocks = (uint32_t)ONE_OF(w, 0, 0, 1, 30),
		.own_row_every = (uint32_t)ONE_OF(w, 1, 2, 5),
		.keys_in_range = (uint32_t)ONE_OF(w, 1, 1, 2, 64),
		.inbox_rooms = (uint32_t)ONE_OF(w, 0, 1, 1, 2),
		.resident_bytes = ONE_OF(w, 0, 4000, 10000, 1 << 20),
	};
	w->limits.tenant_members = w->limits.members - w->limits.members / 4;
	w->limits.tenant_rooms = w->limits.rooms - w->limits.rooms / 4;
	w->commit = (unsigned)ONE_OF(w, 15, 50, 100);
	w->write_back = (unsigned)ONE_OF(w, 0, 10, 40, 90);
	w->evict = (unsigned)ONE_OF(w, 10, 50, 90);
	w->crash = (unsigned)ONE_OF(w, 0, 1, 4);
	oracle_init(&w->now, &w->limits);
	oracle_init(&w->durable, &w->limits);
	oracle_init(&w->flown, &w->limits);
	new_core(w);
}

void world_fini(struct world *w)
{
	core_free(w->core);
	w->disk.close(w->disk.ctx);
	oracle_fini(&w->now);
	oracle_fini(&w->durable);
	oracle_fini(&w->flown);
	buf_fini(&w->pending);
	free(w->pending_ends);
}

#define CHECK_ALL_EVERY 50

void world_step(struct world *w)
{
	w->op++;
	moves_one(w);
	WANT_SAME(w, core_position(w->core), w->now.position);
	WANT_SAME(w, w->emitted, w->now.position);
	if (w->touched >= 0)
		check_room(w, w->touched);
	check_repeat(w);
	check_tables(w);
	if (w->op % CHECK_ALL_EVERY == 0)
		check_all(w);
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
		w->disk.begin(w->disk.ctx);
		w->disk.append(w->disk.ctx, at, head);
		if (world_chance(w, 10))
			write_back(w, 1 + world_below(w, 40));
		w->disk.commit(w->disk.ctx);
		core_landed(w->core);
		if (world_chance(w, 10))
			core_evict(w->core);
	}
	write_all(w);
	check_all(w);
	check_rows(w);
	*hash = w->disk.hash(w->disk.ctx);
	core_free(w->core);
	w->disk.close(w->disk.ctx);
	w->disk = first;
	w->core = core;
}

void world_end(struct world *w)
{
	commit(w);
	check_all(w);
	write_all(w);
	check_rows(w);
	struct hash128 is = w->disk.hash(w->disk.ctx), again;
	execute_again(w, &again);
	WANT(w, is.low == again.low && is.high == again.high,
	     "the journal executed again gives another state");
}
