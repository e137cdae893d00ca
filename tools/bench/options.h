/* What the command line says: one struct for all scenarios, a number of 0
 * meaning the scenario's own default. Owns no text: they are argv's. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct options {
	uint64_t runs, seconds, warmup_ms;
	uint64_t in_flight, rate, senders, sessions, listeners;
	uint64_t rooms, agents, members, body;
	uint64_t messages, workers, bytes, past;
	uint64_t fsync_ms;
	const char *corpus; /* file */
	const char *dir;    /* where private directories are made */
	const char *set;    /* NAME=VALUE for parlord, comma between several */
	const char *perf;   /* file for perf record of the broker */
	const char *peers;  /* of compare, comma between several */
	const char *peers_root;
	const char *attack; /* of hostile, letters */
	bool json, callgrind, smoke, verbose;
	bool rate_half; /* compare: --rate half */
	bool help;
};

/* False, after a line on stderr, when something is not understood. Words that
 * are no options are left: *rest is the index of the first in argv. */
bool options_read(struct options *, int argc, char **argv, int *rest);
void options_help(FILE *);

/* The option, or the default when it was not given. */
uint64_t option_or(uint64_t given, uint64_t otherwise);

#endif
