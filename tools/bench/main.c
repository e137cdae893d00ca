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
	{"team", scenario_team,
	 "one room of 50 members on 50 sessions, then 500 on 500: deliveries a second"},
	{"size", scenario_size,
	 "posts into a room of 10, 100, 1,000, 10,000 members, ten of whom post, nobody\n"
	 "                listens: time, or with --callgrind instructions"},
	{"sync", scenario_sync,
	 "a backlog of 200,000 messages and all unread into MariaDB with 1, 2, 4 workers;\n"
	 "                the lag while posts come at half that rate (or at --rate)"},
	{"list", scenario_list,
	 "an agent in 100,000 rooms: pages of 50 of the inbox, and the total\n"
	 "                unread, while posts go on (--rate 2000)"},
	{"storm", scenario_storm,
	 "2,000 sessions of 10 members come back at once, 100,000 messages missed"},
	{"mixed", scenario_mixed,
	 "a recorded file (--corpus), 256 rooms side by side, readers after every tenth\n"
	 "                message; without a file the sample of the tests"},
	{"history", scenario_history,
	 "pages of 50 at random places of 200,000 messages: hot, then cold from MariaDB"},
	{"idle", scenario_idle, "2,000 idle sessions of 10 members: memory of each"},
	{"restart", scenario_restart,
	 "2 GB of data (--bytes), SIGKILL: time to the first served request"},
	{"hostile", scenario_hostile,
	 "a tenant's 2,000 posts a second, alone and beside another tenant that takes\n"
	 "                what it can get (--attack abcdef, by --sessions)"},
	{"desk", scenario_desk,
	 "10,000 seats in 100 teams, all busy, 10,000 and 100,000 who wait: what the\n"
	 "                end of a conversation costs, which serves the next one, a place, who\n"
	 "                waits; the next start; and a message there beside one elsewhere"},
	{"skeleton", ceiling_skeleton,
	 "ceiling of floor: fixed structs, one journal append a post, no index, no\n"
	 "                counters, no protobuf; the same load"},
	{"skeleton-log", ceiling_skeleton_log,
	 "the same, each turn a frame of the write-ahead log instead of a commit of LMDB"},
	{"router", ceiling_router,
	 "ceiling of team: a ROUTER that copies each payload to 50 and 500 dealers"},
	{"lmdb", ceiling_lmdb, "ceiling of all: LMDB appending 1, 16, 256, 1,024 records a commit"},
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

/* Of `compare`: the same work on Parlor and on what it would otherwise run on. */
static const struct scenario comparisons[] = {
	{"floor", compare_floor,
	 "that on Parlor, the skeleton, MySQL, Redis, NATS, RabbitMQ and ejabberd\n"
	 "                by turns, and how they relate (tools/bench/install-peers.sh)"},
	{"desk", compare_desk,
	 "a desk of 160 seats: conversations a second, each opened, served, ten\n"
	 "                messages, closed; on Parlor, on MySQL in two ways and on Redis"},
};
#define COMPARISONS (sizeof comparisons / sizeof comparisons[0])

static void help(FILE *out)
{
	fputs("usage: parlor-bench SCENARIO [options]\n"
	      "       parlor-bench compare floor|desk [options]\n"
	      "       parlor-bench --smoke\n\n"
	      "Starts real servers in private directories, loads them, checks every result.\n\n",
	      out);
	for (size_t i = 0; i < SCENARIOS; i++)
		fprintf(out, "  %-13s %s\n", scenarios[i].name, scenarios[i].doc);
	for (size_t i = 0; i < COMPARISONS; i++)
		fprintf(out, "  compare %-5s %s\n", comparisons[i].name, comparisons[i].doc);
	fputs("\n", out);
	options_help(out);
	fputs("\nExit status: 0 measured and right, 1 failed, 2 usage.\n", out);
}

/* Everything once, tiny. What a scenario has no use for it does not look at. */
static int smoke(const struct options *given)
{
	struct options o = *given;
	o.smoke = true;
	o.runs = 1;
	o.warmup_ms = 20;
	o.rooms = 50;
	o.agents = 40;
	o.messages = 5000;
	o.senders = 4;
	o.bytes = UINT64_C(2) << 20;
	o.workers = 2;
	o.past = 2;
	o.listeners = 20;
	for (size_t i = 0; i < SCENARIOS; i++) {
		const char *name = scenarios[i].name;
		o.sessions = strcmp(name, "storm") == 0 || strcmp(name, "idle") == 0 ? 20 : 4;
		o.in_flight = strcmp(name, "floor") == 0 ? 0 : 16;
		o.members = strcmp(name, "team") == 0 || strcmp(name, "router") == 0 ? 8 : 21;
		scenarios[i].run(&o);
	}
	return EXIT_OK;
}

/* A program in the program: what the ceilings start. -1: not asked for. */
static int serve(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "serve-skeleton") == 0)
		return serve_skeleton(argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "serve-skeleton-log") == 0)
		return serve_skeleton_log(argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "serve-router") == 0)
		return serve_router(argc - 2, argv + 2);
	return -1;
}

int main(int argc, char **argv)
{
	struct options o;
	int rest;
	int served = serve(argc, argv);
	if (served >= 0)
		return served;
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
	for (size_t i = 0; rest + 2 == argc && i < COMPARISONS; i++) {
		if (strcmp(argv[rest], "compare") == 0 &&
		    strcmp(argv[rest + 1], comparisons[i].name) == 0) {
			comparisons[i].run(&o);
			return EXIT_OK;
		}
	}
	help(stderr);
	return EXIT_USAGE;
}
