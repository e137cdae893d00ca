/* One file of the log: its name, its head, and how it is made, given another number
 * and removed. Owns the form of the head; knows no frames.
 *
 * DIR/<number, 16 hexadecimal digits> has a head of 4 KiB and frames behind it, and as
 * many bytes as all segments of the log from the first on: it is filled with zeros when it
 * is made, so that writing to it later changes no size and takes no block. It is begun with
 * the first write, which brings head and frame together. One whose head names another
 * number, or that has none, is not begun; what else stands in it is left from a former use.
 *
 * The head stands twice in its 4 KiB, at 0 and at 2,048, each with a checksum: one damaged
 * byte leaves one of them. */
#ifndef STORE_WAL_SEGMENT_H
#define STORE_WAL_SEGMENT_H

#include "store/fault.h"

#include "base/buf.h"

#define SEGMENT_HEAD 4096
#define SEGMENT_BYTES_MIN ((uint64_t)16 << 10)
#define SEGMENT_NAME 32 /* of a file, with its end */

struct segment_head {
	uint64_t journal_id;
	uint64_t number;
	uint64_t first; /* index of its first frame */
	uint64_t seed;  /* random, of each use */
	uint64_t chain; /* behind the last frame of the segment before */
};

/* A directory of segments. */
struct segment_dir {
	const char *path;
	int fd;
	uint64_t bytes; /* of each segment */
};

void segment_name(char name[SEGMENT_NAME], uint64_t number);
/* False for names of other files. `making`: it was being made and never was finished. */
bool segment_number(const char *name, uint64_t *number, bool *making);

/* All 4 KiB. */
void segment_head_put(struct buf *, const struct segment_head *);
/* False: not begun, or begun and damaged beyond both heads. */
bool segment_head_get(const uint8_t bytes[SEGMENT_HEAD], struct segment_head *);
/* What the chain of its frames begins with. */
uint64_t segment_chain(const struct segment_head *);

/* These return errno's number, 0 when it is done and on disk. */
int segment_make(const struct segment_dir *, uint64_t number);
int segment_rename(const struct segment_dir *, uint64_t from, uint64_t to);
int segment_remove(const struct segment_dir *, uint64_t number);
/* To read and write. */
int segment_open(const struct segment_dir *, uint64_t number, int *fd);
/* All of them, or an error. */
int segment_read(int fd, void *bytes, size_t n, uint64_t at);
int segment_write(int fd, const void *bytes, size_t n, uint64_t at);

#endif
