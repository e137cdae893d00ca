/* Work of the broker's own that found no space on disk, and is tried again. Owns
 * when: soon at first, then less often; and what is said of it. Does none of it. */
#ifndef TURN_LATE_H
#define TURN_LATE_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: nothing is late. */
struct late {
	bool is;
	uint64_t next_us;
	uint64_t wait_us;
	uint64_t times; /* it was put off */
};

/* It found no space. Logged when it was not late before. */
void late_begin(struct late *, const char *what, uint64_t now_us);
/* It is done. Logged when it was late. */
void late_end(struct late *, const char *what);
/* It may be tried. */
bool late_due(const struct late *, uint64_t now_us);

#endif
