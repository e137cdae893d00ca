/* The bytes of a frame of the log: what one turn decided, behind a head. Owns the
 * form of a frame and the chain of checksums; never touches a file.
 *
 *      0  u32  sum        low half of the chain's value behind this frame
 *      4  u32  head_sum   of the bytes 8 - 40, seeded by the segment's seed
 *      8  u32  len        of the payload
 *     12  u8   type, three bytes of 0
 *     16  u64  index      1 more than the frame before
 *     24  u64  term
 *     32  u64  durable    highest index known to be on disk when this was written
 *     40  payload, and bytes of 0 up to a multiple of 8
 *
 * All numbers are little-endian. The chain's value is the XXH3 of the bytes from 4 on,
 * seeded by the value behind the frame before: a frame is valid only behind the very
 * one it was written behind, so that bytes of a segment's former use never are. The
 * head's own sum makes a head known behind bytes that are not, where `durable` tells
 * a damaged log from one whose last write was torn. */
#ifndef STORE_WAL_FRAME_H
#define STORE_WAL_FRAME_H

#include "base/buf.h"

#define WAL_FRAME_HEAD 40
#define WAL_FRAME_ALIGN 8

enum wal_frame_type {
	WAL_FRAME_BATCH = 1, /* what a turn changes */
	WAL_FRAME_BARRIER    /* changes nothing: says what is durable */
};

struct wal_frame {
	uint64_t index, term, durable;
	enum wal_frame_type type;
	struct span payload; /* decoded: borrowed from the bytes */
};

/* Bytes of a frame with a payload so long. */
size_t wal_frame_size(size_t payload);

/* Appends it, and moves the chain's value behind it. */
void wal_frame_put(struct buf *, const struct wal_frame *, uint64_t seed, uint64_t *chain);

/* The frame at those bytes, of which there are n. Its size, and the chain is moved
 * behind it; 0 when none is there that continues the chain. */
size_t wal_frame_get(const uint8_t *bytes, size_t n, uint64_t *chain, struct wal_frame *);

/* Whether a head stands there that was written in this use of the segment, wherever it stands
 * in the chain. The payload is not looked at, and not given. */
bool wal_frame_head_get(const uint8_t *bytes, size_t n, uint64_t seed, struct wal_frame *);

#endif
