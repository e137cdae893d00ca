/* The journal as it was at the end, undisturbed, and the state that executing
 * its beginning from nothing gives: what every image is held against. */
#ifndef CRASH_REFERENCE_H
#define CRASH_REFERENCE_H

#include "../sim/disk.h"

struct reference {
	struct disk disk; /* in memory: rows as of the core's position */
	struct core *core;
	struct buf heads;
	size_t *ends; /* of the head of each position, in heads */
	uint64_t last;
	struct hash128 *hashes; /* as of each position, where known */
	bool *known;
};

/* The whole journal of a data directory. */
void reference_read(struct reference *, const char *dir);
void reference_fini(struct reference *);

struct span reference_head(const struct reference *, uint64_t position);
/* Of the complete state as of a position. Quick when positions ascend. */
struct hash128 reference_hash(struct reference *, uint64_t position);

#endif
