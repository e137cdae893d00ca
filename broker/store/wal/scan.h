/* What the segments of a directory hold: where the log ends, and whether that is an end or
 * damage. Reads; the only change it makes is to remove files that were being made. Owns the
 * rule by which a torn tail is told from a damaged one:
 *
 * A log ends behind its last frame that continues the chain. What stands behind that was
 * never acknowledged, and is no part of it, unless one of these says that more was on disk:
 * a frame head behind it with a later `durable`, a later segment that does not go on from
 * there, or the tables behind the log, which have more. Then the log is damaged, and nothing
 * is cut off. */
#ifndef STORE_WAL_SCAN_H
#define STORE_WAL_SCAN_H

#include "store/wal/frame.h"
#include "store/wal/segment.h"

#define SCAN_SEGMENTS_MAX 65536

struct scan_segment {
	uint64_t number;
	bool begun;
	struct segment_head head; /* begun */
};

struct scan {
	struct scan_segment *segments; /* by number, without a gap; those that are begun first */
	size_t len, cap;
	size_t begun;
	uint64_t last;  /* index of the log's last frame, `applied` when it has none behind that */
	uint64_t chain; /* behind it */
};

/* A frame of the log, in order. An error ends the walk and is given back. */
typedef enum parlor_err scan_take(void *ctx, const struct wal_frame *);

/* Gives `take` every frame behind the index `applied`, which is on disk by then: what was in the
 * page cache only when a process was killed is flushed before it is believed. STORE_CORRUPT where
 * the log is damaged or of another journal, STORE_FULL, STORE. scan_fini in any case. */
enum parlor_err scan_walk(struct scan *, const struct segment_dir *, uint64_t journal_id,
			  uint64_t applied, scan_take *take, void *ctx,
			  struct why) PARLOR_MUST_CHECK;
void scan_fini(struct scan *);

#endif
