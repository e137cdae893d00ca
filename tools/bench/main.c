/* parlor-bench: the table of scenarios, and nothing of what they do. */
#include "bench.h"
#include "rig.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_OK = 0, EXIT_USAGE = 2 };

static const struct scenario {
	const char *name;
	scenario_fn *run;
	const char *doc;
} scenarios[] = {
	{"floor", scenario_floor,
	 "10,000 rooms of 20 agents and a visitor, attached through 4 sessions; posts of\n"
	 "                200 B over 16 connections to random rooms, 1, 16, 256 in flight.\n"
	 "                A room draws 5 of the 500 agents of each session (--agents 2000 in\n"
	 "                all), so each session hears of each post. --rate N: open loop"},
	{"skeleton", ceiling_skeleton,
	 "the ceiling of floor: fixed structs, one journal append a post, no index, no\n"
	 "                counters, no protobuf; the same load"},
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

static void help(FILE *out)
{
	fputs("usage: parlor-bench SCENARIO [options]\n"
	      "       parlor-bench --smoke\n\n"
	      "Starts real servers in private directories, loads them, checks every result.\n\n",
	      out);
	for (size_t i = 0; i < SCENARIOS; i++)
		fprintf(out, "  %-13s %s\n", scenarios[i].name, scenarios[i].doc);
	fputs("\n", out);
	options_help(out);
	fputs("\nExit status: 0 measured and right, 1 failed, 2 usage.\n", out);
}

static int smoke(struct options *o)
{
	o->runs = 1;
	for (size_t i = 0; i < SCENARIOS; i++)
		scenarios[i].run(o);
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	struct options o;
	int rest;
	if (argc > 1 && strcmp(argv[1], "serve-skeleton") == 0)
		return serve_skeleton(argc - 2, argv + 2);
	if (!options_read(&o, argc, argv, &rest))
		return EXIT_USAGE;
	if (o.help) {
		help(stdout);
		return EXIT_OK;
	}
	rig_setup();
	if (o.smoke && rest == argc)
		return smoke(&o);
	for (size_t i = 0; rest + 1 == argc && i < SCENARIOS; i++) {
		if (strcmp(argv[rest], scenarios[i].name) == 0) {
			scenarios[i].run(&o);
			return EXIT_OK;
		}
	}
	help(stderr);
	return EXIT_USAGE;
}
