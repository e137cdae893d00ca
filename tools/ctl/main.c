/* parlor: the command line for people and scripts. */
#include "base/keys.h"
#include "ctl.h"

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

		snprintf(left, sizeof left, "--%s%s%s", options->name, options->value ? " " : "",
			 options->value ? options->value : "");
		printf("  %-24s", left);
		if (strlen(left) > 23)
			printf("\n  %-24s", "");
		for (; (end = strchr(help, '\n')); help = end + 1)
			printf(" %.*s\n  %-24s", (int)(end - help), help, "");
		printf(" %s\n", help);
	}
}

static void print_help(void)
{
	printf("usage: parlor [OPTION]... COMMAND ...\n\ncommands:\n");
	for (size_t n = 0; nouns[n]; n++)
		for (const struct command *c = nouns[n]->commands; c->name; c++)
			printf("  %s%s%s\n        %s\n", c->name, *c->operands ? " " : "",
			       c->operands, c->help);
	printf("\noptions, before or behind the command:\n");
	print_options(global_options);
	printf("\nexit code: 0 done, 1 refused by the broker, 2 usage, 3 not reachable or no "
	       "answer in time\n");
}

static void print_command_help(const struct command *c)
{
	printf("usage: parlor %s%s%s%s\n\n%s\n", c->name, c->options ? " [OPTION]..." : "",
	       *c->operands ? " " : "", c->operands, c->help);
	if (c->options) {
		printf("\noptions:\n");
		print_options(c->options);
	}
	printf("\nThe options of all commands: parlor --help\n");
}

/* ---- the command and its options ---- */

/* How many words of the operands name the command; 0: not this one. */
static size_t names(const struct command *c, const char *const *words, size_t n)
{
	const char *space = strchr(c->name, ' ');
	size_t first = space ? (size_t)(space - c->name) : strlen(c->name);

	if (n == 0 || strlen(words[0]) != first || strncmp(words[0], c->name, first) != 0)
		return 0;
	if (!space)
		return 1;
	return n > 1 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

static const struct command *find(const struct args *args, size_t *words)
{
	for (size_t n = 0; nouns[n]; n++)
		for (const struct command *c = nouns[n]->commands; c->name; c++) {
			*words = names(c, args->operands, args->operands_len);
			if (*words)
				return c;
		}
	return NULL;
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
	struct args args;

	ctl->command = c;
	if (!args_parse(&args, argc, argv, c->options, global_options, false))
		return CTL_USAGE;
	if (args_has(&args, "help")) {
		print_command_help(c);
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
