/* The head of a data directory's snapshot: of which journal it is, and up to which
 * position, so that records which it has may be trimmed. The snapshot is a file of all
 * rows, beside the environment; parlor-replay writes it and reads the rows. Owns the
 * form of the head; never looks behind it.
 *
 *   "PARLSNAP" | u32 form | u32 0 | u64 journal id | u64 position | u64 digest
 *   | u64 rows | hash128 of the rows | hash64 of the head before it
 */
#ifndef STORE_SNAPSHOT_HEAD_H
#define STORE_SNAPSHOT_HEAD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdio.h>

#define SNAPSHOT_FILE "snapshot" /* in the data directory */
#define SNAPSHOT_HEAD_BYTES 72

struct snapshot_head {
	uint64_t journal_id;
	uint64_t position; /* the rows have every change up to it, and none behind it */
	uint64_t digest;   /* snapshot_digest of the record there */
	uint64_t rows;
	struct hash128 hash;
};

/* By it a journal shows that it is the same and no other that went on from a copy.
 * head: the entry's, record_encode. */
uint64_t snapshot_digest(struct span head);

void snapshot_head_encode(struct buf *, const struct snapshot_head *);
/* NOT_FOUND: there is none. STORE_CORRUPT: it is damaged. STORE: not readable. */
enum parlor_err snapshot_head_read(const char *dir, struct snapshot_head *) PARLOR_MUST_CHECK;
/* The same, and the file, which stands behind it; NULL when it cannot be opened. */
enum parlor_err snapshot_head_open(const char *dir, struct snapshot_head *,
				   FILE **) PARLOR_MUST_CHECK;

#endif
