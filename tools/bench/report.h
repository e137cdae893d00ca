/* What was measured, told: one line of JSON a run and one for the medians, or
 * a table. A row is a list of named figures, so that scenarios and peers say
 * what they have. Owns the rows of a case; measures nothing. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "histogram.h"

#include <stdbool.h>
#include <stddef.h>

#define REPORT_FIGURES_MAX 64
#define REPORT_NAME_MAX 40
#define REPORT_RUNS_MAX 64

struct row {
	size_t n;
	struct {
		char name[REPORT_NAME_MAX];
		double value;
	} figures[REPORT_FIGURES_MAX];
};

void row_set(struct row *, const char *name, double value);
double row_get(const struct row *, const char *name); /* 0 when not set */
/* Times in ns as min_us, p50_us, p90_us, p99_us, p999_us, max_us; with a
 * prefix ("delivery_") in front of each. */
void row_times(struct row *, const char *prefix, const struct histogram *);

/* A case: one scenario, one system, one set of parameters, several runs. */
struct report {
	bool json;
	const char *scenario, *system;
	const char *variant; /* what of the scenario, or "" */
	size_t runs;
	struct row rows[REPORT_RUNS_MAX];
};

/* The texts stay the caller's until report_end. */
void report_begin(struct report *, bool json, const char *scenario, const char *system,
		  const char *variant);
void report_run(struct report *, const struct row *);
/* Medians of every figure that all runs have. The rows stay readable. */
void report_end(struct report *);
double report_median(const struct report *, const char *name);

#endif
