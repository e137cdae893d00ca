/* A broker under callgrind, and the instructions it took from its start to its
 * end. Owns the file that callgrind writes; starts nothing. */
#ifndef BENCH_CALLGRIND_H
#define BENCH_CALLGRIND_H

#include "options.h"
#include "rig.h"

#include <stdbool.h>

struct callgrind {
	char file[RIG_PATH_MAX];
	char out[RIG_PATH_MAX + 32];
	bool keep;             /* --perf says where */
	const char *before[4]; /* words before parlord */
};

void callgrind_init(struct callgrind *, const struct options *);
/* Of the run that has ended. */
double callgrind_total(struct callgrind *);

#endif
