#include "store/wal/wal.h"

#include "store/wal/maker.h"

#include "base/die.h"
#include "base/dir.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_MODE 0700

/* A segment in use: it is needed as long as a frame in it is. */
struct used {
	uint64_t number, first;
};

struct wal {
	char *path;
	struct segment_dir dir;
	struct maker maker;
	uint64_t journal_id, seed, chain;
	uint64_t last, durable;
	uint64_t claimed; /* highest `durable` that stands in the log */
	int fd;           /* of the segment that is written to, -1: none yet */
	uint64_t at;      /* where the next write goes in it */
	struct buf pending;
	struct used *used; /* oldest first */
	size_t used_len, used_cap;
	enum parlor_err failed;
	struct wal_counts counts;
};

/* ---- opening ----------------------------------------------------------------------------- */

static enum parlor_err open_dir(struct wal *w, struct why why)
{
	int rc = mkdir(w->path, DIR_MODE) == 0 ? dir_sync_parent(w->path)
		 : errno == EEXIST             ? 0
					       : errno;

	if (rc == 0) {
		w->dir.fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = w->dir.fd < 0 ? errno : 0;
	}
	return rc == 0 ? PARLOR_E_OK : why_set(why, fault_err(rc), "%s: %s", w->path, strerror(rc));
}

static void note_used(struct wal *w, uint64_t number, uint64_t first)
{
	MEM_GROW(w->used, w->used_len, w->used_cap, 16);
	w->used[w->used_len++] = (struct used){.number = number, .first = first};
}

static enum parlor_err open_segments(struct wal *w, const struct wal_options *o, scan_take *take,
				     void *ctx, struct why why)
{
	struct scan scan;
	enum parlor_err err = scan_walk(&scan, &w->dir, o->journal_id, o->applied, take, ctx, why);
	const uint64_t first = scan.len ? scan.segments[0].number : 1;

	if (!err)
		err = maker_open(&w->maker, &w->dir, o->ahead ? o->ahead : WAL_AHEAD, first,
				 first + scan.begun - 1, first + scan.len - 1);
	for (size_t i = 0; !err && i < scan.begun; i++)
		note_used(w, scan.segments[i].number, scan.segments[i].head.first);
	w->last = w->durable = w->claimed = scan.last;
	w->chain = scan.chain;
	scan_fini(&scan);
	return err;
}

enum parlor_err wal_open(struct wal **out, const struct wal_options *o, scan_take *take, void *ctx,
			 char *why_text, size_t why_size)
{
	const struct why why = {why_text, why_size};
	struct wal *w = mem_new(sizeof *w);

	*out = NULL;
	w->path = mem_text(o->dir, strlen(o->dir));
	w->dir = (struct segment_dir){.path = w->path,
				      .fd = -1,
				      .bytes = o->segment_bytes ? o->segment_bytes
								: WAL_SEGMENT_BYTES};
	w->fd = -1;
	w->journal_id = o->journal_id;
	assert(w->dir.bytes >= SEGMENT_BYTES_MIN && w->dir.bytes <= WAL_SEGMENT_BYTES_MAX &&
	       w->dir.bytes % SEGMENT_HEAD == 0 && o->ahead <= WAL_AHEAD_MAX);
	enum parlor_err err = open_dir(w, why);
	if (!err)
		err = open_segments(w, o, take, ctx, why);
	if (err) {
		wal_close(w);
		return err;
	}
	wal_retire(w, o->applied);
	*out = w;
	return PARLOR_E_OK;
}

void wal_close(struct wal *w)
{
	if (!w)
		return;
	maker_close(&w->maker);
	if (w->fd >= 0)
		(void)close(w->fd);
	if (w->dir.fd >= 0)
		(void)close(w->dir.fd);
	buf_fini(&w->pending);
	free(w->used);
	free(w->path);
	free(w);
}

/* ---- writing ------------------------------------------------------------------------------- */

static uint64_t space_of_segment(const struct wal *w)
{
	return w->dir.bytes - SEGMENT_HEAD;
}

static uint64_t space_left(const struct wal *w)
{
	return w->fd < 0 || w->failed ? 0 : w->dir.bytes - w->at - w->pending.len;
}

size_t wal_payload_max(const struct wal *w)
{
	return (size_t)space_of_segment(w) - WAL_FRAME_HEAD - WAL_FRAME_ALIGN;
}

/* A frame that does not fit in what is left of a segment begins the next one: as much as the
 * largest may be lost at each end. */
enum parlor_err wal_reserve(const struct wal *w, size_t bytes, size_t n)
{
	const uint64_t wanted = bytes + n * (WAL_FRAME_HEAD + WAL_FRAME_ALIGN);

	assert(wanted <= space_of_segment(w));
	return wanted <= space_left(w) || maker_ahead(&w->maker) > 0 ? PARLOR_E_OK
								     : PARLOR_E_STORE_FULL;
}

static enum parlor_err fail(struct wal *w, const char *what, int rc)
{
	log_error("log: %s/%016" PRIx64 ": %s: %s", w->path, w->maker.used, what, strerror(rc));
	w->failed = PARLOR_E_STORE;
	return w->failed;
}

static enum parlor_err write_pending(struct wal *w)
{
	if (!w->pending.len || w->failed)
		return w->failed;
	int rc = segment_write(w->fd, w->pending.data, w->pending.len, w->at);
	if (rc != 0)
		return fail(w, "cannot be written", rc);
	die_at("wal_written");
	w->at += w->pending.len;
	w->counts.written_bytes += w->pending.len;
	buf_clear(&w->pending);
	return PARLOR_E_OK;
}

enum parlor_err wal_flush(struct wal *w)
{
	enum parlor_err err = write_pending(w);

	if (err || w->durable == w->last)
		return err;
	if (fdatasync(w->fd) != 0)
		return fail(w, "cannot be flushed", errno);
	die_at("wal_flushed");
	w->counts.flushes++;
	w->durable = w->last;
	return PARLOR_E_OK;
}

/* The next segment is begun with the frame that comes: its head is written with it. */
static void begin_segment(struct wal *w)
{
	struct segment_head head = {
		.journal_id = w->journal_id, .first = w->last + 1, .chain = w->chain};

	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
	head.number = maker_use(&w->maker);
	if (random_bytes(&head.seed, sizeof head.seed))
		(void)fail(w, "no random number", EIO);
	int rc = segment_open(&w->dir, head.number, &w->fd);
	if (rc != 0)
		(void)fail(w, "cannot be opened", rc);
	note_used(w, head.number, head.first);
	w->at = 0;
	segment_head_put(&w->pending, &head);
	w->seed = head.seed;
	w->chain = segment_chain(&head);
}

uint64_t wal_append(struct wal *w, enum wal_frame_type type, uint64_t term, struct span payload)
{
	if (w->failed)
		return ++w->last;
	if (wal_frame_size(payload.len) > space_left(w)) {
		(void)!wal_flush(w); /* its failure sticks */
		begin_segment(w);
	}
	assert(wal_frame_size(payload.len) <= space_left(w));
	const struct wal_frame f = {.index = w->last + 1,
				    .term = term,
				    .durable = w->durable,
				    .type = type,
				    .payload = payload};
	wal_frame_put(&w->pending, &f, w->seed, &w->chain);
	w->claimed = w->durable;
	w->counts.frames++;
	return ++w->last;
}

enum parlor_err wal_idle(struct wal *w, uint64_t term)
{
	if (w->pending.len || w->claimed == w->durable || wal_frame_size(0) > space_left(w))
		return w->failed;
	(void)wal_append(w, WAL_FRAME_BARRIER, term, (struct span){0});
	return write_pending(w);
}

uint64_t wal_last(const struct wal *w)
{
	return w->last;
}

uint64_t wal_durable(const struct wal *w)
{
	return w->durable;
}

/* ---- segments ------------------------------------------------------------------------------ */

/* A segment goes when the next one begins behind all that it is needed for. The one in use
 * stays. */
void wal_retire(struct wal *w, uint64_t index)
{
	size_t gone = 0;

	assert(index <= w->durable);
	while (gone + 1 < w->used_len && w->used[gone + 1].first <= index + 1)
		gone++;
	if (gone == 0)
		return;
	w->used_len -= gone;
	memmove(w->used, w->used + gone, w->used_len * sizeof *w->used);
	maker_free(&w->maker, w->used[0].number);
}

void wal_work(struct wal *w, uint64_t now_us)
{
	maker_work(&w->maker, now_us);
}

int wal_fd(const struct wal *w)
{
	return maker_fd(&w->maker);
}

enum parlor_err wal_wait(struct wal *w)
{
	int rc = maker_wait(&w->maker, 1);

	return rc == 0 ? PARLOR_E_OK : fault_err(rc);
}

void wal_counts(const struct wal *w, struct wal_counts *out)
{
	const struct maker *m = &w->maker;

	*out = w->counts;
	out->segments = m->made + 1 - m->first;
	out->ahead = maker_ahead(m);
	out->bytes = out->segments * w->dir.bytes;
	out->made = m->counts.made;
	out->recycled = m->counts.renamed;
	out->removed = m->counts.removed;
	out->failed = m->counts.failed;
}
