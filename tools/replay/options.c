#include "options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 32

/* All rows of a command: its own, those it shares, --help. */
struct rows {
	struct options_row all[ROWS_MAX];
	size_t len;
	bool help;
	char *mysql;
	const char *keys;
};

static void row_add(struct rows *r, const struct options_row *row)
{
	assert(r->len < ROWS_MAX);
	r->all[r->len++] = *row;
}

static void rows_add_shared(struct rows *r, unsigned shared, struct options_shared *s)
{
	const struct options_row rows[] = {
		{"broker", "ENDPOINT", "where the broker is (default tcp://127.0.0.1:5570)",
		 OPTIONS_TEXT, .into = &s->broker},
		{"tenant", "ID", "whose rooms (default \"default\")", OPTIONS_TEXT,
		 .into = &s->tenant},
		{"keys", "FILE",
		 "CURVE keys, of a broker that wants them; lines of:\n"
		 "server PUBLIC, public PUBLIC, secret SECRET",
		 OPTIONS_TEXT, .into = &r->keys},
		{"data", "DIR", "a broker's data directory", OPTIONS_TEXT, .into = &s->data},
		{"mysql", "URL",
		 "mysql://user:password@host:port/database; may stand in\n"
		 "the environment variable PARLOR_MYSQL instead",
		 OPTIONS_TEXT, .into = &r->mysql},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (shared & (1U << i))
			row_add(r, &rows[i]);
}

static void rows_make(struct rows *r, const struct options_command *command,
		      struct options_shared *shared)
{
	const struct options_row help = {"help", NULL, "this", OPTIONS_FLAG, .into = &r->help};

	for (const struct options_row *row = command->rows; row && row->name; row++)
		row_add(r, row);
	rows_add_shared(r, command->shared, shared);
	row_add(r, &help);
}

/* ---- help ------------------------------------------------------------------- */

#define COLUMN 28

static void print_row(const struct options_row *row)
{
	int used = printf("  --%s%s%s", row->name, row->value ? " " : "",
			  row->value ? row->value : "");

	for (const char *line = row->help; line;) {
		const char *end = strchr(line, '\n');
		int len = end ? (int)(end - line) : (int)strlen(line);

		if (used >= COLUMN) {
			putchar('\n');
			used = 0;
		}
		printf("%*s%.*s\n", COLUMN - used, "", len, line);
		used = 0;
		line = end ? end + 1 : NULL;
	}
}

static _Noreturn void print_help(const struct options_command *command, const struct rows *r)
{
	printf("usage: parlor-replay %s%s%s [options]\n\n%s\n\n", command->name,
	       command->operands[0] ? " " : "", command->operands, command->about);
	for (size_t i = 0; i < r->len; i++)
		print_row(&r->all[i]);
	exit(0);
}

_Noreturn void options_misuse(const struct options_command *command, const char *problem,
			      const char *what)
{
	fprintf(stderr, "parlor-replay %s: %s%s%s (see parlor-replay %s --help)\n", command->name,
		problem, what[0] ? ": " : "", what, command->name);
	exit(OPTIONS_EXIT_USAGE);
}

/* ---- values ------------------------------------------------------------------ */

static bool take_number(const struct options_row *row, const char *value)
{
	char *end;

	errno = 0;
	uint64_t n = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || n < row->min || n > row->max)
		return false;
	*(uint64_t *)row->into = n;
	return true;
}

static void take(const struct options_command *command, const struct options_row *row, char *value)
{
	char problem[160];
	const char *wants = NULL;

	switch (row->kind) {
	case OPTIONS_FLAG:
		*(bool *)row->into = true;
		break;
	case OPTIONS_TEXT:
		*(char **)row->into = value;
		break;
	case OPTIONS_NUMBER:
		if (take_number(row, value))
			break;
		snprintf(problem, sizeof problem,
			 "--%s must be a number from %" PRIu64 " to %" PRIu64, row->name, row->min,
			 row->max);
		options_misuse(command, problem, value);
	case OPTIONS_OTHER:
		wants = row->take(row->into, value);
		break;
	}
	if (!wants)
		return;
	snprintf(problem, sizeof problem, "--%s must be %s", row->name, wants);
	options_misuse(command, problem, value);
}

static const struct keys *read_keys(const char *path)
{
	static struct keys keys;
	char why[256];

	if (keys_read(&keys, path, why, sizeof why) != PARLOR_E_OK) {
		fprintf(stderr, "parlor-replay: %s\n", why);
		exit(OPTIONS_EXIT_USAGE);
	}
	return &keys;
}

/* A password is not left where ps shows it. */
static const char *take_mysql(char *given)
{
	static char url[2048 + 1];
	const char *from = given ? given : getenv("PARLOR_MYSQL");

	if (!from || !*from)
		return NULL;
	if (strlen(from) >= sizeof url) {
		fprintf(stderr, "parlor-replay: the database's URL is too long\n");
		exit(OPTIONS_EXIT_USAGE);
	}
	strcpy(url, from);
	if (given)
		memset(given, '*', strlen(given));
	return url;
}

static const char *const *operands(const struct options_command *command, int argc, char **argv)
{
	int n = argc - optind, most = *command->operands != 0, least = most;

	for (const char *c = command->operands; *c; c++) {
		most += *c == ' ';
		least += *c == ' ' && c[1] != '[';
	}
	if (n < least)
		options_misuse(command, "missing", command->operands);
	if (n > most)
		options_misuse(command, "too many words", argv[optind + most]);
	return (const char *const *)argv + optind;
}

const char *const *options_parse(const struct options_command *command,
				 struct options_shared *shared, int argc, char **argv)
{
	struct rows r = {.len = 0};
	struct option table[ROWS_MAX + 1] = {{0}};
	static char program[] = "parlor-replay";
	int which, got;

	*shared = (struct options_shared){0};
	rows_make(&r, command, shared);
	for (size_t i = 0; i < r.len; i++)
		table[i] = (struct option){
			r.all[i].name, r.all[i].value ? required_argument : no_argument, NULL, 0};
	argv[0] = program; /* getopt's messages begin with it */
	optind = 0;
	while ((got = getopt_long(argc, argv, "", table, &which)) == 0)
		take(command, &r.all[which], optarg);
	if (got != -1)
		options_misuse(command, "not understood", "");
	if (r.help)
		print_help(command, &r);
	if (r.keys)
		shared->keys = read_keys(r.keys);
	if (command->shared & OPTIONS_MYSQL)
		shared->mysql = take_mysql(r.mysql);
	const char *const *words = operands(command, argc, argv);
	if ((command->shared & OPTIONS_DATA_NEEDED) && !shared->data)
		options_misuse(command, "missing", "--data DIR");
	return words;
}
