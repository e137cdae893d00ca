/* parlor: the command line for people and scripts. */
#include "base/keys.h"
#include "ctl.h"
#include "fields.h"

#include <parlor/version.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct args_option global_options[] = {
	{"broker", "ENDPOINT",
	 "where the broker listens; or PARLOR_BROKER;\n"
	 "tcp://127.0.0.1:5570 if neither is given"},
	{"tenant", "ID", "whose rooms; or PARLOR_TENANT; \"default\" if neither is given"},
	{"json", NULL, "results as lines of JSON"},
	{"timeout", "SECONDS", "how long to wait for the broker, 10 if not given"},
	{"keys", "FILE",
	 "CURVE keys, of a broker that wants them; lines of:\n"
	 "server PUBLIC, public PUBLIC, secret SECRET"},
	{"help", NULL, "this help; behind a command, its own"},
	{"version", NULL, "the program's version"},
	{NULL, NULL, NULL},
};

/* ---- help ---- */

static void print_options(const struct args_option *options)
{
	for (; options && options->name; options++) {
		char left[64];
		const char *help = options->help, *end;
		const char *value = options->value ? options->value : "";

		snprintf(left, sizeof left, "--%s%s%s", options->name,
			 *value && *value != '[' ? " " : "", value);
		printf("  %-24s", left);
		if (strlen(left) > 23)
			printf("\n  %-24s", "");
		for (; (end = strchr(help, '\n')); help = end + 1)
			printf(" %.*s\n  %-24s", (int)(end - help), help, "");
		printf(" %s\n", help);
	}
}

static void print_command(const struct command *c)
{
	printf("  %s%s%s\n        %s\n", c->name, *c->operands ? " " : "", c->operands, c->help);
}

static void print_help(void)
{
	printf("usage: parlor [OPTION]... COMMAND ...\n\ncommands:\n");
	for (size_t n = 0; nouns[n]; n++) {
		if (nouns[n]->help)
			printf("  %s ...\n        %s\n", nouns[n]->name, nouns[n]->help);
		if (nouns[n]->name)
			continue;
		for (const struct command *c = nouns[n]->commands; c && c->name; c++)
			print_command(c);
	}
	printf("\noptions, before or behind the command:\n");
	print_options(global_options);
	printf("\nexit code: 0 done, 1 refused by the broker, 2 usage, 3 not reachable or no "
	       "answer in time\n");
}

static void print_command_help(const struct command *c, const struct args_option *options)
{
	printf("usage: parlor %s%s%s%s\n\n%s\n", c->name, options->name ? " [OPTION]..." : "",
	       *c->operands ? " " : "", c->operands, c->help);
	if (options->name) {
		printf("\noptions:\n");
		print_options(options);
	}
	printf("\nThe options of all commands: parlor --help\n");
}

/* ---- the command and its options ---- */

/* How many words of the operands are the first of the command's name; *whole: all of it. */
static size_t names(const struct command *c, const char *const *words, size_t n, bool *whole)
{
	const char *left = c->name;
	size_t i = 0;

	for (; i < n && *left; i++) {
		size_t len = strcspn(left, " ");
		if (strlen(words[i]) != len || strncmp(words[i], left, len) != 0)
			break;
		left += len + (left[len] == ' ');
	}
	*whole = !*left;
	return i;
}

static const struct command *find(const struct args *args, size_t *words)
{
	bool whole;

	for (size_t n = 0; nouns[n]; n++)
		for (const struct command *c = nouns[n]->commands; c && c->name; c++) {
			*words = names(c, args->operands, args->operands_len, &whole);
			if (whole)
				return c;
		}
	return NULL;
}

/* Of the commands that begin with these words, when --help is behind them. */
static bool print_help_of(const struct args *args)
{
	size_t n = args->operands_len, found = 0;
	bool whole;

	if (n < 2 || strcmp(args->operands[n - 1], "--help") != 0)
		return false;
	for (size_t i = 0; nouns[i]; i++)
		for (const struct command *c = nouns[i]->commands; c && c->name; c++)
			if (names(c, args->operands, n - 1, &whole) == n - 1) {
				print_command(c);
				found++;
			}
	if (found)
		printf("\nThe options of a command: behind it --help\n");
	return found;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* False after saying what is wrong. */
static bool take_globals(struct ctl *ctl, struct keys *keys, const struct args *args)
{
	if (args_has(args, "broker"))
		ctl->options.endpoint = args_value(args, "broker");
	if (args_has(args, "tenant"))
		ctl->options.tenant = args_value(args, "tenant");
	if (args_has(args, "json"))
		ctl->json = true;
	if (args_has(args, "timeout") &&
	    !args_seconds(args_value(args, "timeout"), "--timeout", &ctl->timeout_ms))
		return false;
	if (args_has(args, "keys")) {
		char why[256];
		if (keys_read(keys, args_value(args, "keys"), why, sizeof why)) {
			fprintf(stderr, "parlor: %s\n", why);
			return false;
		}
		ctl->options.server_key = keys->server;
		ctl->options.public_key = keys->public;
		ctl->options.secret_key = keys->secret;
	}
	return true;
}

static enum ctl_exit run(struct ctl *ctl, struct keys *keys, const struct command *c, int argc,
			 char **argv)
{
	struct fields_options own;
	struct args args;

	ctl->command = c;
	fields_options(&own, c->also, c->fields, CTL_FIELDS_MAX, c->options);
	if (!args_parse(&args, argc, argv, own.options, global_options, false))
		return CTL_USAGE;
	if (args_has(&args, "help")) {
		print_command_help(c, own.options);
		return CTL_OK;
	}
	if (!take_globals(ctl, keys, &args))
		return CTL_USAGE;
	if (args.operands_len < c->operands_min || args.operands_len > c->operands_max)
		return ctl_misuse(ctl, args.operands_len < c->operands_min ? "too few operands"
									   : "too many operands");
	return c->run ? c->run(ctl, &args) : ctl_plain(ctl, &args);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.options = {.name = "parlor"}, .timeout_ms = -1};
	const struct command *c;
	enum ctl_exit status;
	struct keys keys;
	struct args args;
	size_t words;

	setlocale(LC_CTYPE, "C.UTF-8");
	ctl.options.endpoint = environment("PARLOR_BROKER");
	ctl.options.tenant = environment("PARLOR_TENANT");
	if (!args_parse(&args, argc, argv, global_options, NULL, true))
		return CTL_USAGE;
	if (args_has(&args, "help")) {
		print_help();
		return CTL_OK;
	}
	if (args_has(&args, "version")) {
		puts("parlor " PARLOR_VERSION);
		return CTL_OK;
	}
	c = find(&args, &words);
	if (!c && print_help_of(&args))
		return CTL_OK;
	if (!c) {
		fprintf(stderr, "parlor: %s; see parlor --help\n",
			args.operands_len ? "no such command" : "a command is needed");
		return CTL_USAGE;
	}
	if (!take_globals(&ctl, &keys, &args))
		return CTL_USAGE;
	/* The command's last word stands in for the program's name. */
	int skip = argc - (int)(args.operands_len - words) - 1;
	status = run(&ctl, &keys, c, argc - skip, argv + skip);
	parlor_client_close(ctl.client);
	keys_fini(&keys);
	if (fflush(stdout) || ferror(stdout))
		status = ctl_fail(PARLOR_E_IO, "standard output failed");
	return (int)status;
}
