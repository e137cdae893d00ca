#include "store/wal/scan.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
	struct scan *scan;
	const struct segment_dir *dir;
	uint64_t journal_id, applied;
	scan_take *take;
	void *ctx;
	struct why why;
	uint8_t *bytes; /* of the segment that is walked */
};

static enum parlor_err failed(const struct walk *w, const char *what, uint64_t number, int rc)
{
	return why_set(w->why, fault_err(rc), "%s/%016" PRIx64 ": %s: %s", w->dir->path, number,
		       what, strerror(rc));
}

static enum parlor_err damaged(const struct walk *w, uint64_t number, const char *what)
{
	return why_set(w->why, PARLOR_E_STORE_CORRUPT,
		       "%s/%016" PRIx64 ": damaged behind entry %" PRIu64 " of the log: %s",
		       w->dir->path, number, w->scan->last, what);
}

/* ---- which there are ---------------------------------------------------------------- */

static enum parlor_err note_file(struct walk *w, const char *name)
{
	struct scan *s = w->scan;
	uint64_t number;
	bool making;

	if (!segment_number(name, &number, &making))
		return PARLOR_E_OK;
	if (making)
		return unlinkat(w->dir->fd, name, 0) == 0
			       ? PARLOR_E_OK
			       : failed(w, "cannot be removed", number, errno);
	if (s->len == SCAN_SEGMENTS_MAX)
		return why_set(w->why, PARLOR_E_STORE_CORRUPT, "%s: more than %d segments",
			       w->dir->path, SCAN_SEGMENTS_MAX);
	MEM_GROW(s->segments, s->len, s->cap, 16);
	s->segments[s->len++] = (struct scan_segment){.number = number};
	return PARLOR_E_OK;
}

static int by_number(const void *a, const void *b)
{
	const struct scan_segment *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static enum parlor_err list_files(struct walk *w)
{
	enum parlor_err err = PARLOR_E_OK;
	DIR *dir = opendir(w->dir->path);

	if (!dir)
		return why_set(w->why, PARLOR_E_STORE, "%s: %s", w->dir->path, strerror(errno));
	errno = 0;
	for (struct dirent *e; !err && (e = readdir(dir));)
		err = note_file(w, e->d_name);
	if (!err && errno)
		err = why_set(w->why, PARLOR_E_STORE, "%s: %s", w->dir->path, strerror(errno));
	(void)closedir(dir);
	if (!err && w->scan->len)
		qsort(w->scan->segments, w->scan->len, sizeof *w->scan->segments, by_number);
	return err;
}

static enum parlor_err read_head(struct walk *w, struct scan_segment *s)
{
	uint8_t bytes[SEGMENT_HEAD];
	int fd;
	struct stat file = {0};
	int rc = segment_open(w->dir, s->number, &fd);

	if (rc != 0)
		return failed(w, "cannot be opened", s->number, rc);
	if (fstat(fd, &file) != 0)
		rc = errno;
	if (rc == 0 && (uint64_t)file.st_size == w->dir->bytes)
		rc = segment_read(fd, bytes, sizeof bytes, 0);
	(void)close(fd);
	if (rc != 0)
		return failed(w, "cannot be read", s->number, rc);
	if ((uint64_t)file.st_size != w->dir->bytes)
		return why_set(w->why, PARLOR_E_STORE_CORRUPT,
			       "%s/%016" PRIx64 ": of %lld bytes, not of %" PRIu64, w->dir->path,
			       s->number, (long long)file.st_size, w->dir->bytes);
	s->begun = segment_head_get(bytes, &s->head) && s->head.number == s->number;
	if (s->begun && s->head.journal_id != w->journal_id)
		return why_set(w->why, PARLOR_E_STORE_CORRUPT,
			       "%s/%016" PRIx64 ": of another journal", w->dir->path, s->number);
	return PARLOR_E_OK;
}

/* Those in use stand before those made ahead, and none is missing. */
static enum parlor_err look_at_heads(struct walk *w)
{
	struct scan *s = w->scan;

	for (size_t i = 0; i < s->len; i++) {
		struct scan_segment *segment = &s->segments[i];
		if (i > 0 && segment->number != s->segments[i - 1].number + 1)
			return damaged(w, s->segments[i - 1].number + 1, "it is missing");
		enum parlor_err err = read_head(w, segment);
		if (err)
			return err;
		if (segment->begun && s->begun != i)
			return damaged(w, s->segments[s->begun].number, "its head is not there");
		s->begun += segment->begun;
	}
	return PARLOR_E_OK;
}

/* ---- what they hold -------------------------------------------------------------------- */

/* The last of those that hold the first frame to be given, or the first one. */
static size_t first_to_walk(const struct walk *w)
{
	size_t at = 0;

	while (at + 1 < w->scan->begun && w->scan->segments[at + 1].head.first <= w->applied + 1)
		at++;
	return at;
}

static enum parlor_err load(struct walk *w, uint64_t number)
{
	int fd;
	int rc = segment_open(w->dir, number, &fd);

	if (rc != 0)
		return failed(w, "cannot be opened", number, rc);
	if (fdatasync(fd) != 0)
		rc = errno;
	if (rc == 0)
		rc = segment_read(fd, w->bytes, w->dir->bytes, 0);
	(void)close(fd);
	return rc == 0 ? PARLOR_E_OK : failed(w, "cannot be read", number, rc);
}

static enum parlor_err walk_frames(struct walk *w, const struct segment_head *head, size_t *end)
{
	struct scan *s = w->scan;
	struct wal_frame f;
	size_t at = SEGMENT_HEAD;

	s->chain = segment_chain(head);
	for (;;) {
		uint64_t chain = s->chain;
		const size_t size = wal_frame_get(w->bytes + at, w->dir->bytes - at, &chain, &f);
		if (!size || f.index != s->last + 1)
			break;
		at += size;
		s->last = f.index;
		s->chain = chain;
		enum parlor_err err = f.index > w->applied ? w->take(w->ctx, &f) : PARLOR_E_OK;
		if (err)
			return err;
	}
	*end = at;
	return PARLOR_E_OK;
}

/* Whether a head behind the end says that more than that was on disk. */
static bool more_was_durable(const struct walk *w, const struct segment_head *head, size_t end)
{
	struct wal_frame f;

	for (size_t at = end; at + WAL_FRAME_HEAD <= w->dir->bytes; at += WAL_FRAME_ALIGN)
		if (wal_frame_head_get(w->bytes + at, w->dir->bytes - at, head->seed, &f) &&
		    f.durable > w->scan->last)
			return true;
	return false;
}

static enum parlor_err walk_segment(struct walk *w, size_t i)
{
	const struct scan_segment *s = &w->scan->segments[i];
	size_t end = 0;
	enum parlor_err err = load(w, s->number);

	if (!err)
		err = walk_frames(w, &s->head, &end);
	if (!err && more_was_durable(w, &s->head, end))
		err = damaged(w, s->number, "what follows says that more was on disk");
	if (err || i + 1 == w->scan->begun)
		return err;
	const struct scan_segment *next = s + 1;
	if (next->head.first != w->scan->last + 1 || next->head.chain != w->scan->chain)
		return damaged(w, s->number, "the next one does not go on from there");
	return PARLOR_E_OK;
}

static enum parlor_err walk_segments(struct walk *w)
{
	struct scan *s = w->scan;
	const size_t from = first_to_walk(w);
	enum parlor_err err = PARLOR_E_OK;

	s->last = s->segments[from].head.first - 1;
	if (s->last > w->applied)
		return damaged(w, s->segments[from].number, "what comes before it is missing");
	w->bytes = mem_map(w->dir->bytes, false);
	for (size_t i = from; i < s->begun && !err; i++)
		err = walk_segment(w, i);
	mem_unmap(w->bytes, w->dir->bytes);
	if (!err && s->last < w->applied)
		err = damaged(w, s->segments[s->begun - 1].number, "more of it was applied before");
	return err;
}

enum parlor_err scan_walk(struct scan *s, const struct segment_dir *dir, uint64_t journal_id,
			  uint64_t applied, scan_take *take, void *ctx, struct why why)
{
	struct walk w = {.scan = s,
			 .dir = dir,
			 .journal_id = journal_id,
			 .applied = applied,
			 .take = take,
			 .ctx = ctx,
			 .why = why};

	*s = (struct scan){.last = applied};
	enum parlor_err err = list_files(&w);
	if (!err)
		err = look_at_heads(&w);
	if (!err && s->begun)
		err = walk_segments(&w);
	return err;
}

void scan_fini(struct scan *s)
{
	free(s->segments);
	*s = (struct scan){0};
}
