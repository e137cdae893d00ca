/* The snapshot of a data directory: a file of all rows as of one position,
 * beside the environment, from which the journal can be executed again once its
 * head was trimmed. Owns the file's form and that it is whole: it is written
 * beside the one before, synced, and takes its name at once; head and rows carry
 * hashes. Never looks into a row, never touches the environment.
 *
 *   head: "PARLSNAP" | u32 form | u32 0 | u64 journal id | u64 position | u64 digest
 *         | u64 rows | hash128 of the rows | hash64 of the head before it
 *   row:  u8 table | u8 bytes of key | u32 bytes of value | key | value
 */
#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H

#include "core/row.h"

#include "base/err.h"

#include "base/hash.h"

#include <stdio.h>

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

/* NOT_FOUND: there is none. STORE_CORRUPT: it is damaged. STORE: not readable. */
enum parlor_err snapshot_read_head(const char *dir, struct snapshot_head *) PARLOR_MUST_CHECK;

/* Being read, or being written. Zeroed is neither. */
struct snapshot {
	FILE *file;
	const char *dir; /* borrowed */
	struct snapshot_head head;
	struct hash_stream *hash;
	uint64_t left; /* rows to be read */
	struct buf row;
	enum parlor_err err; /* the first failure of writing */
};

/* Errors as above. Close it also after a failure. */
enum parlor_err snapshot_open(struct snapshot *, const char *dir) PARLOR_MUST_CHECK;
/* In the order they were put. NOT_FOUND behind the last, when all of them were as
 * written: what was read before counts only then. They borrow until the next. */
enum parlor_err snapshot_next(struct snapshot *, enum row_table *, struct span *key,
			      struct span *value) PARLOR_MUST_CHECK;
/* The next is the first again. */
enum parlor_err snapshot_rewind(struct snapshot *) PARLOR_MUST_CHECK;
void snapshot_close(struct snapshot *);

/* Of journal id, position and digest of the head. STORE_LOCKED: another process
 * writes one. */
enum parlor_err snapshot_create(struct snapshot *, const char *dir,
				const struct snapshot_head *) PARLOR_MUST_CHECK;
/* A failure is told by commit. */
void snapshot_put(struct snapshot *, enum row_table, struct span key, struct span value);
/* On disk and in the place of the one before, or nothing has changed: STORE_FULL,
 * STORE. Without a commit, closing gives it up. */
enum parlor_err snapshot_commit(struct snapshot *) PARLOR_MUST_CHECK;

/* One that was just opened, whole, as the snapshot of another directory. */
enum parlor_err snapshot_copy(struct snapshot *, const char *to_dir) PARLOR_MUST_CHECK;

#endif
