/* The records of one moment of a journal, copied so that they can be looked at together:
 * what a broker did in one turn has one time. Owns the copies; knows nothing of what the
 * records mean. */
#ifndef WHATIF_MOMENT_H
#define WHATIF_MOMENT_H

#include "store/store.h"

struct moment_entry {
	struct entry entry;
	struct record record;
	void *bytes; /* what both borrow from */
};
struct moment {
	uint64_t time_us;
	struct moment_entry *list;
	size_t len, cap;
};

/* Of a record that was read; the next one of another time begins another moment. */
void moment_add(struct moment *, const struct entry *);
void moment_clear(struct moment *);
void moment_fini(struct moment *);

#endif
