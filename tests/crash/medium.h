/* What a disk holds: the content that is safe there, and what was written since
 * the last sync and may or may not be. Fed with the log of power_shim.c; gives
 * the directories that a power cut could leave at that moment. Knows nothing of
 * what the files mean. */
#ifndef CRASH_MEDIUM_H
#define CRASH_MEDIUM_H

#include "power_log.h"

#include <stdbool.h>
#include <stddef.h>

#define MEDIUM_FILES 8
#define MEDIUM_NAME 64

struct medium_file {
	uint64_t inode;
	uint8_t *bytes;
	size_t len, cap;
	size_t used; /* nothing but zeros behind it */
};

struct medium_name {
	char text[MEDIUM_NAME];
	uint64_t inode;
};

/* An entry of the log that is not on disk for certain. */
struct medium_write {
	struct power_entry entry;
	const uint8_t *bytes; /* borrowed from the log */
	uint64_t end;         /* of the entry, in the log */
	bool sure;            /* is on disk, over others that may be */
};

struct medium {
	struct medium_file files[MEDIUM_FILES];
	struct medium_name names[MEDIUM_FILES]; /* "": the directory itself */
	size_t files_len, names_len;
	struct medium_write *writes;
	size_t writes_len, writes_cap;
};

/* What becomes of one write. TORN: of its parts, those that chance keeps. */
enum fate { FATE_GONE, FATE_KEPT, FATE_FRONT, FATE_TORN };
struct fates {
	enum fate *of; /* of each of medium.writes */
	size_t grain;  /* bytes that the disk writes as one, for FRONT and TORN */
	bool grown;    /* a file is as long as if all had been kept */
	uint64_t chance;
};

void medium_fini(struct medium *);
/* The next entry; `end` is where it ends in the log. */
void medium_take(struct medium *, const struct power_entry *, const uint8_t *bytes, uint64_t end);
/* Writes the directory, which must be empty or not be there. False when it was
 * not on the disk. Sure writes are kept whatever their fate. */
bool medium_build(const struct medium *, const struct fates *, const char *dir);

#endif
