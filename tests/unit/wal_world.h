/* A log of a test's own in a directory of its own, and short words for what is done to it.
 * Frame n has the payload that payload_of(n) says, so that what is given back can be told. */
#ifndef WAL_WORLD_H
#define WAL_WORLD_H

#include "store/wal/wal.h"

#define WAL_WORLD_SEGMENT ((uint64_t)16 << 10)
#define WAL_WORLD_PATH 128
#define JOURNAL_ID 4711

struct wal_world {
	char top[64], dir[80];
	struct wal_options options; /* small segments; may be changed before opening */
	struct wal *wal;
	uint64_t first, last; /* of the frames that the last opening gave; first 0: none */
	uint64_t batches;     /* of them */
	uint64_t payload;     /* bytes of each payload, 0: of many lengths */
	char why[256];
};

/* For cmocka: a fresh directory, not yet opened; closes and removes it. */
int set_up_wal(void **state);
int tear_down_wal(void **state);

/* Wants the frames behind `applied`, in order, each with its payload. */
enum parlor_err try_open_wal(struct wal_world *);
void open_wal(struct wal_world *); /* and waits for a segment */
void close_wal(struct wal_world *);

/* A frame and its flush. */
void write_frame(struct wal_world *);
void write_frames(struct wal_world *, size_t n);

/* The file of a segment, whole. */
void segment_path(const struct wal_world *, uint64_t number, char path[WAL_WORLD_PATH]);
bool segment_there(const struct wal_world *, uint64_t number);
void read_segment(const struct wal_world *, uint64_t number, uint8_t *bytes);
void write_segment(const struct wal_world *, uint64_t number, const uint8_t *bytes);

#endif
