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
	bool keep; /* --perf says where */
	char only[64];
	const char *before[5]; /* words before parlord */
};

/* only: the function, or pattern of functions, in which instructions count; NULL: all. */
void callgrind_init(struct callgrind *, const struct options *, const char *only);
/* Of the run that has ended. */
double callgrind_total(struct callgrind *);

#endif
