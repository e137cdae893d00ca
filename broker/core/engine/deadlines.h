/* When something is due about a row: a heap of resident rows, the earliest first. A
 * time is derived from its row, and never stored. Owns the order; reads no clock, and
 * knows nothing of what happens then. */
#ifndef ENGINE_DEADLINES_H
#define ENGINE_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

struct row;

/* Zeroed is empty. As many as there are rows in memory. */
struct deadlines {
	struct deadline {
		uint64_t due_us;
		struct row *row;
	} * heap;
	size_t len, cap;
};

void deadlines_fini(struct deadlines *);
/* due_us: 0 for never. */
void deadlines_set(struct deadlines *, struct row *, uint64_t due_us);
/* Of several that are due at one time the lower kind, then the lower numbers: a journal
 * tells the same whatever order they were made in. NULL: none. */
struct row *deadlines_first(const struct deadlines *, uint64_t *due_us);

#endif
