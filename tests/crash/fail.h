/* For the test itself going wrong, which must never look like a good disk. */
#ifndef CRASH_FAIL_H
#define CRASH_FAIL_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAIL_STATUS 2

#define fail(...)                             \
	do {                                  \
		fputs("power_cut: ", stderr); \
		fprintf(stderr, __VA_ARGS__); \
		fputc('\n', stderr);          \
		exit(FAIL_STATUS);            \
	} while (0)

#define fail_errno(what) fail("%s: %s", (what), strerror(errno))

#endif
