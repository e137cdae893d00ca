/* The commands of parlor-replay. */
#include "adopt.h"
#include "at.h"
#include "backup.h"
#include "base/log.h"
#include "desk_command.h"
#include "diff.h"
#include "dump_command.h"
#include "explain.h"
#include "options.h"
#include "play_command.h"
#include "rebuild.h"
#include "record.h"
#include "snapshot_command.h"
#include "verify.h"
#include "whatif/what_if.h"
#include "why.h"

#include <stdio.h>
#include <string.h>

struct command {
	const char *name;
	const char *usage; /* one line */
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{"play", "FILE           play a recorded file into a broker", play_main},
	{"record", "               follow a broker into a file that play understands", record_main},
	{"dump", "ROOM           print a room's transcript", dump_main},
	{"backup", "DIR DEST       copy a data directory beside its running broker", backup_main},
	{"verify", "--data DIR     re-execute a journal and compare everything with it",
	 verify_main},
	{"snapshot", "--data DIR     the state, so that the journal before it can go",
	 snapshot_main},
	{"at", "POSITION ROOM  a room as it was, or, of desk TEAM, a queue and its seats", at_main},
	{"explain", "ROOM MEMBER    how an unread count came to be", explain_main},
	{"why", "CONVERSATION   what became of a conversation, and why of whom", why_main},
	{"desk", "--data DIR     what happened at a desk, and whether all that is promised held",
	 desk_main},
	{"what-if", "--data DIR    what would have come of a desk's day by other rules",
	 what_if_main},
	{"diff", "DIR DIR        what differs between two data directories", diff_main},
	{"rebuild", "lmdb|mysql     make one of them anew from the other", rebuild_main},
	{"adopt", "               make rooms of tables that a product had before", adopt_main},
};

static void print_commands(FILE *to)
{
	fputs("usage: parlor-replay COMMAND ...; its options: parlor-replay COMMAND --help\n\n",
	      to);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].usage);
	fputs("\nexit: 0 done, and all is well; 1 not so; 2 bad input or usage; others as the\n"
	      "command's help says\n",
	      to);
}

int main(int argc, char **argv)
{
	log_init("parlor-replay", LOG_INFO);
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_commands(stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			int status = commands[i].run(argc - 1, argv + 1);
			log_fini();
			return status;
		}
	fprintf(stderr, "parlor-replay: %s%s\n", argc > 1 ? "no such command: " : "which command?",
		argc > 1 ? argv[1] : "");
	print_commands(stderr);
	return OPTIONS_EXIT_USAGE;
}
