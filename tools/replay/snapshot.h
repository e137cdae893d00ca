/* The snapshot of a data directory: a file of all rows as of one position,
 * beside the environment, from which the journal can be executed again once its
 * head was trimmed. Owns the rows in it and that the file is whole: it is written
 * beside the one before, synced, and takes its name at once; head and rows carry
 * hashes. Never looks into a row, never touches the environment.
 *
 *   head: store/snapshot_head.h
 *   row:  u8 table | u8 bytes of key | u32 bytes of value | key | value
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "core/row.h"
#include "store/snapshot_head.h"

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

/* Errors as of snapshot_head_read. Close it also after a failure. */
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
