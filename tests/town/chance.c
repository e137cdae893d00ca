#include "chance.h"

#include "backoff.h"
#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct chance *current;
static void aborted(int);

void chance_begin(struct chance *c, uint64_t seed)
{
	bool loud = c->loud;
	*c = (struct chance){.seed = seed, .random = seed, .now_us = 1000000, .loud = loud};
	current = c;
	signal(SIGABRT, aborted);
}

/* splitmix64 */
uint64_t chance_random(struct chance *c)
{
	uint64_t z = c->random += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t chance_below(struct chance *c, uint64_t n)
{
	return n ? chance_random(c) % n : 0;
}

bool chance_of(struct chance *c, unsigned per_mille)
{
	return per_mille && chance_below(c, 1000) < per_mille;
}

static void say_va(struct chance *c, const char *format, va_list args)
{
	char *line = c->transcript[c->said++ % SAID_LINES];
	int at = snprintf(line, SAID_WIDTH, "%4d %8.3f s  ", c->step,
			  (double)(c->now_us - 1000000) / 1e6);
	vsnprintf(line + at, SAID_WIDTH - (size_t)at, format, args);
	if (c->loud)
		puts(line);
}

void say(struct chance *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say_va(c, format, args);
	va_end(args);
}

static void tell(const struct chance *c)
{
	unsigned long first = c->said > SAID_LINES ? c->said - SAID_LINES : 0;
	for (unsigned long i = first; i < c->said; i++)
		fprintf(stderr, "%s\n", c->transcript[i % SAID_LINES]);
	fprintf(stderr, "the town of seed %llu failed at step %d\n", (unsigned long long)c->seed,
		c->step);
}

/* The code under test asserts what it relies on: then, too, the seed is told. */
static void aborted(int number)
{
	tell(current);
	signal(number, SIG_DFL);
	raise(number);
}

void fail(struct chance *c, const char *file, int line, const char *format, ...)
{
	va_list args;
	signal(SIGABRT, SIG_DFL);
	tell(c);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

/* ---- what the code under test asks the machine for ------------------------------ */

uint64_t clock_mono_us(void)
{
	return current->now_us;
}

uint64_t clock_wall_us(void)
{
	return current->now_us;
}

void log_line(struct log_cause *cause, enum log_level level, const char *format, ...)
{
	va_list args;
	(void)cause;
	(void)level;
	va_start(args, format);
	say_va(current, format, args);
	va_end(args);
}

void log_tick(void)
{
}

void log_counts(struct log_counts *counts)
{
	*counts = (struct log_counts){0};
}

uint64_t backoff_us(unsigned attempts)
{
	uint64_t full = (uint64_t)10000 << (attempts < 8 ? attempts : 8);
	return full / 2 + chance_below(current, full / 2);
}
