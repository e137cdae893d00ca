/* The log that power_shim.c writes and tests/crash reads: what processes did to
 * the files of one directory, in order. Owns the form of an entry.
 *
 * An entry is written when the system call it tells of has returned, and before
 * its caller goes on: whatever a caller relies on is in the log. Places in the
 * log are byte offsets, so that its length at some moment names that moment. */
#ifndef LIB_POWER_LOG_H
#define LIB_POWER_LOG_H

#include <stdint.h>

enum power_op {
	POWER_CREATE = 1, /* a file in the directory, or the directory itself; a name follows */
	POWER_RENAME = 2, /* the new name follows */
	POWER_REMOVE = 3, /* the name follows */
	POWER_WRITE = 4,  /* bytes follow */
	POWER_GROW = 5,   /* the file has at least `offset` bytes */
	POWER_CUT = 6,    /* the file has exactly `offset` bytes */
	POWER_SYNC = 7,   /* what the log held of the file up to `offset` is on disk */
};

/* Names stand for their inode, so that a process that comes later goes on with
 * the same files. */
struct power_entry {
	uint32_t op;
	uint32_t durable; /* WRITE: is on disk itself (O_DSYNC), and nothing else with it */
	uint64_t file;    /* inode; of the directory where its names change */
	uint64_t subject; /* CREATE, RENAME: inode of what has the name */
	uint64_t offset;
	uint64_t len; /* bytes that follow */
};

#endif
