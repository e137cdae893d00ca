#include "args.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 96
#define SECONDS_MAX 1000000.0

static int takes(const struct args_option *option)
{
	if (!option->value)
		return no_argument;
	return *option->value == '[' ? optional_argument : required_argument;
}

static size_t add_options(struct option *all, size_t n, const struct args_option *options)
{
	for (; options && options->name; options++) {
		size_t known = 0;

		while (known < n && strcmp(all[known].name, options->name) != 0)
			known++;
		if (known < n)
			continue;
		assert(n < OPTIONS_MAX);
		all[n++] = (struct option){options->name, takes(options), NULL, 0};
	}
	return n;
}

bool args_parse(struct args *a, int argc, char **argv, const struct args_option *options,
		const struct args_option *more, bool first_operand_ends)
{
	struct option all[OPTIONS_MAX + 1] = {{0}};
	static char program[] = "parlor";
	int which, got;

	add_options(all, add_options(all, 0, options), more);
	a->given_len = 0;
	argv[0] = program; /* getopt's messages begin with it */
	optind = 0;
	while ((got = getopt_long(argc, argv, first_operand_ends ? "+" : "", all, &which)) == 0) {
		if (a->given_len == ARGS_GIVEN_MAX) {
			fprintf(stderr, "parlor: too many options\n");
			return false;
		}
		a->given[a->given_len].name = all[which].name;
		a->given[a->given_len++].value = optarg;
	}
	a->operands = (const char *const *)argv + optind;
	a->operands_len = (size_t)(argc - optind);
	return got == -1;
}

const char *args_value(const struct args *a, const char *name)
{
	for (size_t i = a->given_len; i-- > 0;)
		if (strcmp(a->given[i].name, name) == 0)
			return a->given[i].value;
	return NULL;
}

bool args_has(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->given_len; i++)
		if (strcmp(a->given[i].name, name) == 0)
			return true;
	return false;
}

const char *args_next(const struct args *a, const char *name, size_t *at)
{
	while (*at < a->given_len) {
		size_t i = (*at)++;

		if (strcmp(a->given[i].name, name) == 0)
			return a->given[i].value;
	}
	return NULL;
}

bool args_number(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *value >= min && *value <= max)
		return true;
	fprintf(stderr, "parlor: %s must be a number from %" PRIu64 " to %" PRIu64 "\n", what, min,
		max);
	return false;
}

bool args_option_number(const struct args *a, const char *name, uint64_t min, uint64_t max,
			uint64_t *value)
{
	const char *text = args_value(a, name);
	char what[64];

	snprintf(what, sizeof what, "--%s", name);
	return !text || args_number(text, what, min, max, value);
}

bool args_seconds(const char *text, const char *what, int *ms)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0 || seconds > SECONDS_MAX) {
		fprintf(stderr, "parlor: %s must be a number of seconds\n", what);
		return false;
	}
	*ms = (int)(seconds * 1000 + 0.5);
	return true;
}
