/* How far long work has come, printed on stderr now and then: on one line of a
 * terminal, line by line elsewhere. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is at its beginning. */
struct progress {
	uint64_t start_us, printed_us;
	uint64_t start, printed; /* how far it was then */
	bool any;
};

/* total 0: unknown. what: the things that are counted. */
void progress_tell(struct progress *, uint64_t done, uint64_t total, const char *what);
/* Leaves a clean line. */
void progress_end(struct progress *);

#endif
