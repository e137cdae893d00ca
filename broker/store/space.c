#include "store/space.h"

#include "store/fault.h"
#include "store/readers.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define MIB ((uint64_t)1 << 20)
#define MAP_INIT_DEFAULT (256 * MIB)
#define MAP_MAX_DEFAULT (1024 * 1024 * MIB)
#define HEADROOM_DEFAULT (64 * MIB)
#define STEP_MAX (64 * MIB)
#define STEP_MIN (MIB / 4)
#define RETRY_US 200000
#define SAY_MS 10000
#define UNIT 4096
/* Pages of a commit beside the bytes that were asked for: roots, free list. */
#define COMMIT_SLACK (MIB / 8)
/* Free pages count where so many lie together: LMDB needs a contiguous run for
 * a value larger than a page. */
#define RUN_PAGES 20
/* Left to others on a file system that cannot reserve blocks. */
#define STATVFS_MARGIN (16 * MIB)
#define STATVFS_STEP (4 * MIB)
/* Free pages are counted up to so many: 256 MiB of them. */
#define PAGES_MAX ((size_t)1 << 16)
/* Freed by the last commit, it is worth a commit to have it. */
#define STUCK_BYTES (16 * UNIT)
#define FREE_DBI 0
/* Bytes that a row written anywhere may cost: its page is copied, and may have
 * to be split. */
#define ROW_BYTES (2 * UNIT)
/* Fewer are not worth a commit, unless there are no more. */
#define ROWS_MIN 64

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t round_up(uint64_t n)
{
	return (n + UNIT - 1) / UNIT * UNIT;
}

/* Behind the last page in use. */
static uint64_t tail_of(const struct space *s)
{
	uint64_t end = min64(s->map, s->blocks);

	return end > s->used ? end - s->used : 0;
}

struct space_limits space_limits_from(uint64_t map_init, uint64_t map_max, uint64_t headroom)
{
	struct space_limits l = {.map_init = round_up(map_init ? map_init : MAP_INIT_DEFAULT),
				 .map_max = map_max ? map_max / UNIT * UNIT : MAP_MAX_DEFAULT,
				 .headroom = headroom ? headroom : HEADROOM_DEFAULT};

	l.map_init = min64(l.map_init, l.map_max);
	l.headroom = min64(l.headroom, l.map_max / 4);
	return l;
}

int space_set_map(const struct space_limits *l, MDB_env *mdb, uint64_t file_bytes)
{
	uint64_t size = max64(l->map_init, round_up(file_bytes + l->headroom));

	return mdb_env_set_mapsize(mdb, min64(size, l->map_max));
}

static void measure(struct space *s)
{
	MDB_envinfo info;

	mdb_env_info(s->mdb, &info);
	s->map = info.me_mapsize;
	s->used = (info.me_last_pgno + 1) * s->page;
}

void space_init(struct space *s, MDB_env *mdb, int fd, const struct space_limits *l)
{
	MDB_stat stat;

	mdb_env_stat(mdb, &stat);
	*s = (struct space){.mdb = mdb, .fd = fd, .limits = *l, .page = stat.ms_psize};
	s->step = min64(STEP_MAX, max64(STEP_MIN, l->map_init / 4));
	measure(s);
}

void space_start(struct space *s)
{
	s->taken = s->asked;
	s->asked = 0;
}

void space_settle(struct space *s, uint64_t written)
{
	uint64_t before = s->used;

	measure(s);
	/* What was written came out of what was free; the rest still stands. Pages
	 * that a commit copies are replaced by those it leaves. */
	uint64_t spent = max64(2 * max64(s->taken, written), s->used - before);
	s->credit -= min64(s->credit, spent);
	s->counted = false;
	s->taken = 0;
}

/* ---- the map ---------------------------------------------------------------- */

static bool map_is_short(const struct space *s, uint64_t end)
{
	return end > s->map / 4 * 3 && s->map < s->limits.map_max;
}

/* set_mapsize gives up the old map before it asks for the new one. */
static bool map_possible(const struct space *s, uint64_t size)
{
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, s->fd, 0);

	if (at == MAP_FAILED)
		return false;
	munmap(at, size);
	return true;
}

int space_grow(struct space *s)
{
	uint64_t end = max64(s->used + s->limits.headroom + 2 * s->owed + COMMIT_SLACK, s->wanted);

	if (!map_is_short(s, end))
		return 0;
	uint64_t size = s->map;
	while (size < s->limits.map_max && end > size / 4 * 3)
		size = size > s->limits.map_max / 2 ? s->limits.map_max : size * 2;
	if (!map_possible(s, size)) {
		log_warn("store: no address space for a map of %llu bytes: %s",
			 (unsigned long long)size, strerror(errno));
		return 0;
	}
	int rc = mdb_env_set_mapsize(s->mdb, size);
	s->lost = rc != 0;
	if (s->lost)
		return rc;
	measure(s);
	s->wanted = 0;
	return 0;
}

/* ---- the disk ---------------------------------------------------------------- */

/* A file system that cannot reserve is asked how much it has. */
static int look_for_blocks(struct space *s, uint64_t end)
{
	struct statvfs fs;
	struct stat file;

	if (fstatvfs(s->fd, &fs) != 0 || fstat(s->fd, &file) != 0)
		return errno;
	uint64_t have = (uint64_t)fs.f_bavail * fs.f_frsize;
	uint64_t size = (uint64_t)file.st_size;
	end = min64(end + STATVFS_STEP, s->limits.map_max);
	if (end > size && have < end - size + STATVFS_MARGIN)
		return ENOSPC;
	s->blocks = end;
	return 0;
}

static int reserve_to(struct space *s, uint64_t end)
{
	int rc;

	do
		rc = fallocate(s->fd, 0, (off_t)s->blocks, (off_t)(end - s->blocks)) ? errno : 0;
	while (rc == EINTR);
	if (rc == 0)
		s->blocks = end;
	return rc;
}

static int need_blocks(struct space *s, uint64_t end)
{
	if (end <= s->blocks)
		return 0;
	if (s->no_prealloc)
		return look_for_blocks(s, end);

	int rc = reserve_to(s, max64(end, min64(round_up(end + s->step), s->limits.map_max)));
	if (fault_err(rc) == PARLOR_E_STORE_FULL)
		rc = reserve_to(s, end);
	if (rc == EOPNOTSUPP || rc == ENOSYS) {
		s->no_prealloc = true;
		return look_for_blocks(s, end);
	}
	return rc;
}

/* ---- free pages ---------------------------------------------------------------- */

/* A number of the free list; nothing there is aligned. */
static size_t number_at(const void *list, size_t i)
{
	size_t number;

	memcpy(&number, (const uint8_t *)list + i * sizeof number, sizeof number);
	return number;
}

/* Page numbers, as many as are worth knowing of. */
struct pages {
	size_t *numbers;
	size_t len;
};

/* A record of the free list: a count, then page numbers. */
static void add_record(struct pages *p, const MDB_val *record)
{
	size_t n = record->mv_size < sizeof(size_t) ? 0 : number_at(record->mv_data, 0);

	for (size_t i = 1; i <= n && p->len < PAGES_MAX; i++)
		p->numbers[p->len++] = number_at(record->mv_data, i);
}

static int by_number(const void *left, const void *right)
{
	size_t a = *(const size_t *)left, b = *(const size_t *)right;

	return a < b ? -1 : a > b;
}

/* How many of them lie in runs; sorts them. */
static size_t pages_in_runs(struct pages *p)
{
	size_t sum = 0, run = 0;

	qsort(p->numbers, p->len, sizeof p->numbers[0], by_number);
	for (size_t i = 0; i < p->len; i++) {
		run++;
		if (i + 1 < p->len && p->numbers[i] + 1 == p->numbers[i + 1])
			continue;
		if (run >= RUN_PAGES)
			sum += run;
		run = 0;
	}
	return sum;
}

/* One line for each reader: process, thread, transaction or a dash. */
static int take_older(const char *line, void *oldest)
{
	size_t id;

	if (sscanf(line, "%*d %*x %zu", &id) == 1 && id < *(size_t *)oldest)
		*(size_t *)oldest = id;
	return 0;
}

/* The pages that the next commit may use: no reader may still look at them, and
 * LMDB does not touch what the newest transaction gave free. */
static int list_free(struct space *s, struct pages *pages)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, value;

	int rc = mdb_txn_begin(s->mdb, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_open(txn, FREE_DBI, &cursor);
	if (rc != 0)
		goto out;
	size_t newest = mdb_txn_id(txn), oldest = newest;
	mdb_reader_list(s->mdb, take_older, &oldest);
	s->freed = 0;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		size_t id = number_at(key.mv_data, 0);
		if (id < oldest)
			add_record(pages, &value);
		else if (id == newest)
			s->freed = number_at(value.mv_data, 0) * s->page;
	}
	mdb_cursor_close(cursor);
out:
	mdb_txn_abort(txn);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int count_free(struct space *s)
{
	struct pages pages = {.numbers = mem_new(PAGES_MAX * sizeof(size_t))};

	int rc = list_free(s, &pages);
	if (rc == 0) {
		s->credit = tail_of(s) + pages.len * s->page;
		s->runs = pages_in_runs(&pages) * s->page;
		s->counted = true;
	}
	free(pages.numbers);
	return rc;
}

/* ---- asking ------------------------------------------------------------------------ */

static uint64_t need_of(const struct space *s, uint64_t bytes)
{
	/* A value that does not fit a page half fills one at worst. */
	return s->limits.headroom + 2 * (s->taken + s->asked + s->owed + bytes) + COMMIT_SLACK;
}

/* Whether free pages inside the file will do. Of them, some must lie together:
 * for a value larger than a page, and for the list of the pages that a large
 * delete gives free. Commits break runs up, so a count holds until the next. */
static bool fits_inside(const struct space *s, uint64_t bytes)
{
	uint64_t kept = s->limits.headroom / 4;
	uint64_t tail = tail_of(s);

	if (need_of(s, bytes) > s->credit)
		return false;
	if (bytes <= s->page / 2)
		return tail >= kept || (s->counted && tail + s->runs >= kept);
	uint64_t spare = tail > 2 * kept ? tail - 2 * kept : 0;
	return s->counted && 2 * (s->taken + s->asked + bytes) <= s->runs + spare;
}

static bool fits(const struct space *s, uint64_t bytes)
{
	return need_of(s, bytes) <= tail_of(s) || fits_inside(s, bytes);
}

static int make_space(struct space *s, uint64_t bytes, bool idle, uint64_t now_us)
{
	uint64_t end = round_up(s->used + need_of(s, bytes));
	int rc = 0;

	/* A reader whose process was killed keeps pages from being used again. */
	(void)readers_drop_ended(s->mdb);
	s->wanted = end;
	if (idle && (rc = space_grow(s)) != 0)
		return rc;
	if (now_us >= s->disk_us) {
		s->lack = need_blocks(s, min64(end, s->limits.map_max));
		if (s->lack != 0)
			s->disk_us = now_us + RETRY_US;
	}
	if (s->lack != 0 && fault_err(s->lack) != PARLOR_E_STORE_FULL)
		return s->lack;
	return fits(s, bytes) ? 0 : count_free(s);
}

static enum parlor_err refuse(struct space *s, uint64_t now_us)
{
	s->refusals++;
	s->full = true;
	s->retry_us = now_us + RETRY_US;
	return PARLOR_E_STORE_FULL;
}

enum parlor_err space_reserve(struct space *s, uint64_t bytes, bool idle)
{
	if (s->lost)
		return PARLOR_E_STORE;
	if (bytes > s->limits.map_max) {
		s->refusals++;
		return PARLOR_E_STORE_FULL;
	}
	if (!fits(s, bytes)) {
		uint64_t now_us = clock_mono_us();

		if (s->full && now_us < s->retry_us) {
			s->refusals++;
			return PARLOR_E_STORE_FULL;
		}
		int rc = make_space(s, bytes, idle, now_us);
		if (rc != 0) {
			log_error("store: no space can be reserved: %s", mdb_strerror(rc));
			return PARLOR_E_STORE;
		}
		if (!fits(s, bytes)) {
			s->stuck = s->freed >= STUCK_BYTES;
			log_each(LOG_WARN, SAY_MS,
				 "store: no space: %s; writing is refused until there is",
				 mdb_strerror(s->lack ? s->lack : MDB_MAP_FULL));
			return refuse(s, now_us);
		}
		if (s->full)
			log_each(LOG_INFO, SAY_MS, "store: there is space again");
		s->full = false;
	}
	s->asked += bytes;
	return PARLOR_E_OK;
}

static size_t rows_that_fit(const struct space *s, size_t rows)
{
	uint64_t have = max64(tail_of(s), s->credit), half = s->limits.headroom / 2;
	uint64_t need = half / 2 + 2 * (s->taken + s->asked) + COMMIT_SLACK;
	uint64_t spare = have > need ? have - need : 0;
	size_t most = (size_t)(min64(spare, half) / ROW_BYTES);

	if (rows <= most)
		return rows;
	return most >= ROWS_MIN || spare >= half ? most : 0;
}

size_t space_rows(struct space *s, size_t rows, bool idle)
{
	uint64_t now_us;
	size_t fit = rows_that_fit(s, rows);

	if (fit || !rows || s->lost || (now_us = clock_mono_us()) < s->rows_us)
		return fit;
	s->rows_us = now_us + RETRY_US;
	int rc = make_space(s, 0, idle, now_us);
	if (rc != 0)
		log_error("store: no space can be had: %s", mdb_strerror(rc));
	fit = rc == 0 ? rows_that_fit(s, rows) : 0;
	s->stuck = !fit && s->freed >= STUCK_BYTES;
	return fit;
}
