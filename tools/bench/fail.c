#include "fail.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t interrupted;

void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fflush(stdout);
	fputs("parlor-bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(BENCH_EXIT_FAILED);
}

static void remember(int number)
{
	interrupted = number;
}

void fail_catch_signals(void)
{
	struct sigaction action = {.sa_handler = remember};
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void fail_if_interrupted(void)
{
	if (interrupted)
		fail("interrupted by signal %d", (int)interrupted);
}
