/* The one way a benchmark ends badly: it says why and leaves, and the rig's
 * exit handler stops what was started. Also knows whether a signal asked to
 * stop. */
#ifndef BENCH_FAIL_H
#define BENCH_FAIL_H

#include <stdbool.h>

#define BENCH_EXIT_FAILED 1

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
#define check(condition, ...)              \
	do {                               \
		if (!(condition))          \
			fail(__VA_ARGS__); \
	} while (0)

/* SIGINT and SIGTERM are remembered from here on; whoever waits calls
 * fail_if_interrupted. */
void fail_catch_signals(void);
void fail_if_interrupted(void);

#endif
