#include "report.h"

#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void row_set(struct row *r, const char *name, double value)
{
	size_t i = 0;
	while (i < r->n && strcmp(r->figures[i].name, name) != 0)
		i++;
	check(i < REPORT_FIGURES_MAX, "more figures in a row than %d", REPORT_FIGURES_MAX);
	if (i == r->n)
		r->n++;
	snprintf(r->figures[i].name, sizeof r->figures[i].name, "%s", name);
	r->figures[i].value = value;
}

double row_get(const struct row *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->figures[i].name, name) == 0)
			return r->figures[i].value;
	return 0;
}

void row_times(struct row *r, const char *prefix, const struct histogram *h)
{
	static const struct {
		const char *name;
		double percent;
	} points[] = {{"min_us", 0},  {"p50_us", 50},    {"p90_us", 90},
		      {"p99_us", 99}, {"p999_us", 99.9}, {"max_us", 100}};
	for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
		char name[REPORT_NAME_MAX];
		snprintf(name, sizeof name, "%s%s", prefix, points[i].name);
		row_set(r, name, (double)histogram_percentile(h, points[i].percent) / 1000.0);
	}
}

void report_begin(struct report *r, bool json, const char *scenario, const char *system,
		  const char *variant)
{
	r->json = json;
	r->scenario = scenario;
	r->system = system;
	r->variant = variant;
	r->runs = 0;
}

static void print_json(const struct report *r, const struct row *row, size_t run)
{
	printf("{\"scenario\": \"%s\", \"system\": \"%s\"", r->scenario, r->system);
	if (*r->variant)
		printf(", \"variant\": \"%s\"", r->variant);
	if (run)
		printf(", \"run\": %zu", run);
	else
		printf(", \"run\": \"median\", \"runs\": %zu", r->runs);
	for (size_t i = 0; i < row->n; i++)
		printf(", \"%s\": %.10g", row->figures[i].name, row->figures[i].value);
	printf("}\n");
	fflush(stdout);
}

void report_run(struct report *r, const struct row *row)
{
	check(r->runs < REPORT_RUNS_MAX, "more runs than %d", REPORT_RUNS_MAX);
	r->rows[r->runs++] = *row;
	if (r->json)
		print_json(r, row, r->runs);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Returns how many runs have the figure, their values sorted. */
static size_t values_of(const struct report *r, const char *name, double out[REPORT_RUNS_MAX])
{
	size_t n = 0;
	for (size_t run = 0; run < r->runs; run++)
		for (size_t i = 0; i < r->rows[run].n; i++)
			if (strcmp(r->rows[run].figures[i].name, name) == 0)
				out[n++] = r->rows[run].figures[i].value;
	qsort(out, n, sizeof *out, by_value);
	return n;
}

static double middle(const double *sorted, size_t n)
{
	return n == 0 ? 0 : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double report_median(const struct report *r, const char *name)
{
	double values[REPORT_RUNS_MAX];
	return middle(values, values_of(r, name, values));
}

static void print_number(double value)
{
	if (value >= 100 || value == (double)(long long)value)
		printf(" %12.0f", value);
	else
		printf(" %12.3f", value);
}

static void print_table(const struct report *r)
{
	printf("\n%s%s%s on %s, %zu run%s\n", r->scenario, *r->variant ? " " : "", r->variant,
	       r->system, r->runs, r->runs == 1 ? "" : "s");
	printf("  %-24s %12s %12s %12s\n", "", "median", "least", "most");
	const struct row *first = &r->rows[0];
	for (size_t i = 0; i < first->n; i++) {
		double values[REPORT_RUNS_MAX];
		size_t n = values_of(r, first->figures[i].name, values);
		printf("  %-24s", first->figures[i].name);
		print_number(middle(values, n));
		print_number(values[0]);
		print_number(values[n - 1]);
		printf("\n");
	}
	fflush(stdout);
}

/* The rates' spread stands in the line of medians: (most - least) / median. */
static void print_median(const struct report *r)
{
	static struct row medians;
	static const char *const rates[] = {"acks_per_s", "deliveries_per_s", "p50_us", "p99_us"};
	medians.n = 0;
	for (size_t i = 0; i < r->rows[0].n; i++)
		row_set(&medians, r->rows[0].figures[i].name,
			report_median(r, r->rows[0].figures[i].name));
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		char name[REPORT_NAME_MAX];
		double values[REPORT_RUNS_MAX];
		size_t n = values_of(r, rates[i], values);
		double median = middle(values, n);
		if (median <= 0)
			continue;
		snprintf(name, sizeof name, "%s_spread", rates[i]);
		row_set(&medians, name, (values[n - 1] - values[0]) / median);
	}
	print_json(r, &medians, 0);
}

void report_end(struct report *r)
{
	if (!r->runs)
		return;
	if (r->json)
		print_median(r);
	else
		print_table(r);
}
