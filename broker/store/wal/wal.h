/* The write-ahead log: what each turn decided, in order, on disk with one write and one flush.
 * Owns the frames, the segments they stand in and what of it is durable. Knows nothing of what a
 * frame says, and never waits but for the flush itself: segments are made and recycled beside it.
 *
 * Writing: wal_append as often as wanted, then wal_flush; what stood before the flush is durable
 * when it returns PARLOR_E_OK. The first failure sticks: what the disk holds is known only when
 * the log is opened anew. All calls come from one thread.
 *
 * Cost of a flush: one pwrite over bytes that the file has, and one fdatasync; another write and
 * flush where a turn's frames stand in two segments. A log that was opened goes on in a new
 * segment. */
#ifndef STORE_WAL_WAL_H
#define STORE_WAL_WAL_H

#include "store/wal/frame.h"
#include "store/wal/scan.h"

#define WAL_SEGMENT_BYTES ((uint64_t)64 << 20)
#define WAL_SEGMENT_BYTES_MAX ((uint64_t)1 << 30)
#define WAL_AHEAD 2
#define WAL_AHEAD_MAX 64

struct wal;

/* A number of 0 means its default. */
struct wal_options {
	const char *dir;        /* made when missing; what it stands in is there */
	uint64_t segment_bytes; /* of each, the same for the life of a directory */
	uint32_t ahead;         /* segments that are ready before they are needed */
	uint64_t journal_id;
	uint64_t applied; /* index up to which frames are not needed any more */
};

/* Gives `take` every frame behind `applied`, in order, on disk by then. why: of at least 256
 * bytes, one line for a person. STORE_CORRUPT where the log is damaged, or take's error. */
enum parlor_err wal_open(struct wal **, const struct wal_options *, scan_take *take, void *ctx,
			 char *why, size_t why_size) PARLOR_MUST_CHECK;
/* What was appended and not flushed is gone. */
void wal_close(struct wal *);

/* Before something is decided: whether frames with so many bytes of payload in all, n of them,
 * surely find a place. They fit in one segment: wal_payload_max for one of them. STORE_FULL
 * (retryable) until another segment could be made. */
enum parlor_err wal_reserve(const struct wal *, size_t bytes, size_t n) PARLOR_MUST_CHECK;
size_t wal_payload_max(const struct wal *);

/* Its index. There is room for it: wal_reserve was asked. The bytes are copied. */
uint64_t wal_append(struct wal *, enum wal_frame_type, uint64_t term, struct span payload);
enum parlor_err wal_flush(struct wal *) PARLOR_MUST_CHECK;
/* When nothing more is to be written for now: a frame that says that the last one is durable, by
 * a write without a flush. Until it stands there, damage to that last frame could not be told from
 * a torn write. Nothing is done where it is said already. */
enum parlor_err wal_idle(struct wal *, uint64_t term) PARLOR_MUST_CHECK;

uint64_t wal_last(const struct wal *);    /* index of the last frame appended */
uint64_t wal_durable(const struct wal *); /* of the last one that is on disk */

/* Frames up to that one are not needed any more. */
void wal_retire(struct wal *, uint64_t index);
/* Now and then, and when the descriptor is readable: sees to the segments ahead. */
void wal_work(struct wal *, uint64_t now_us);
int wal_fd(const struct wal *);
/* Waits until a segment is ahead: STORE_FULL, STORE. */
enum parlor_err wal_wait(struct wal *) PARLOR_MUST_CHECK;

struct wal_counts {
	uint64_t segments, ahead, bytes; /* now, on disk */
	uint64_t frames, flushes, written_bytes;
	uint64_t made, recycled, removed, failed; /* segments, since it was opened */
};
void wal_counts(const struct wal *, struct wal_counts *);

#endif
