/* The command line of parlor-replay. */
#include "base/keys.h"
#include "base/log.h"
#include "corpus.h"
#include "dump.h"
#include "hearing.h"
#include "play.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] =
	"usage: parlor-replay play FILE [options]   play a recorded file (NDJSON, plain or gzip,\n"
	"                                           - for standard input) into a broker\n"
	"       parlor-replay dump ROOM [options]   print a room's transcript\n"
	"both:\n"
	"  --broker ENDPOINT   default tcp://127.0.0.1:5570\n"
	"  --tenant ID         default \"default\"\n"
	"  --keys FILE         CURVE keys, of a broker that wants them; lines of: server PUBLIC,\n"
	"                      public PUBLIC, secret SECRET\n"
	"play:\n"
	"  --speed S           recorded, a number (times as fast), or max (default); rooms "
	"without\n"
	"                      times have 20 s between events\n"
	"  --json              the summary as one JSON object\n"
	"  --sessions N        connections, 1 to 64 (default 4)\n"
	"  --in-flight N       unanswered requests at most (default 1024)\n"
	"  --rooms-open N      rooms played at once (default 256)\n"
	"  --room-bytes N      memory one room may take (default 16777216)\n"
	"  --read-every N      after every Nth message of a room, whoever sends the next one "
	"marks\n"
	"                      the room read up to it\n"
	"  --stored            acknowledge posts only when MySQL has them\n"
	"  --attach            attach all members of the file and check what they are delivered\n"
	"  --verify-deliveries the same, and wait until everything was delivered\n"
	"dump:\n"
	"  --member ID         what this member may see\n"
	"  --ndjson, --json    in the format that play reads\n"
	"exit: 0 all sent, acknowledged and heard; 1 not so; 2 bad input or usage\n";

enum option_code {
	OPT_BROKER = 256,
	OPT_TENANT,
	OPT_KEYS,
	OPT_SPEED,
	OPT_JSON,
	OPT_SESSIONS,
	OPT_IN_FLIGHT,
	OPT_ROOMS_OPEN,
	OPT_ROOM_BYTES,
	OPT_READ_EVERY,
	OPT_STORED,
	OPT_ATTACH,
	OPT_VERIFY,
	OPT_MEMBER,
	OPT_HELP
};

static const struct option play_table[] = {
	{"broker", required_argument, NULL, OPT_BROKER},
	{"tenant", required_argument, NULL, OPT_TENANT},
	{"keys", required_argument, NULL, OPT_KEYS},
	{"speed", required_argument, NULL, OPT_SPEED},
	{"json", no_argument, NULL, OPT_JSON},
	{"sessions", required_argument, NULL, OPT_SESSIONS},
	{"in-flight", required_argument, NULL, OPT_IN_FLIGHT},
	{"rooms-open", required_argument, NULL, OPT_ROOMS_OPEN},
	{"room-bytes", required_argument, NULL, OPT_ROOM_BYTES},
	{"read-every", required_argument, NULL, OPT_READ_EVERY},
	{"stored", no_argument, NULL, OPT_STORED},
	{"attach", no_argument, NULL, OPT_ATTACH},
	{"verify-deliveries", no_argument, NULL, OPT_VERIFY},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static const struct option dump_table[] = {
	{"broker", required_argument, NULL, OPT_BROKER},
	{"tenant", required_argument, NULL, OPT_TENANT},
	{"keys", required_argument, NULL, OPT_KEYS},
	{"member", required_argument, NULL, OPT_MEMBER},
	{"ndjson", no_argument, NULL, OPT_JSON},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static _Noreturn void misuse(const char *problem, const char *what)
{
	fprintf(stderr, "parlor-replay: %s%s%s\n%s", problem, what[0] == '\0' ? "" : ": ", what,
		usage);
	exit(EXIT_USAGE);
}

static _Noreturn void help(void)
{
	fputs(usage, stdout);
	exit(0);
}

static unsigned long number(const char *text, unsigned long min, unsigned long max)
{
	char *end;

	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < min || n > max)
		misuse("not a number in its range", text);
	return n;
}

static const struct keys *read_keys(const char *path)
{
	static struct keys keys;
	char why[256];

	if (keys_read(&keys, path, why, sizeof(why)) != PARLOR_E_OK) {
		fprintf(stderr, "parlor-replay: %s\n", why);
		exit(EXIT_USAGE);
	}
	return &keys;
}

static void play_option(struct play_options *o, int code, const char *value)
{
	switch (code) {
	case OPT_BROKER:
		o->broker = value;
		break;
	case OPT_TENANT:
		o->tenant = value;
		break;
	case OPT_KEYS:
		o->keys = read_keys(value);
		break;
	case OPT_SPEED:
		if (!pace_parse(&o->pace, value))
			misuse("speed is none of recorded, max or a number above 0", value);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_SESSIONS:
		o->sessions = (unsigned)number(value, 1, HEARING_SESSIONS_MAX);
		break;
	case OPT_IN_FLIGHT:
		o->in_flight = (unsigned)number(value, 1, 1000000);
		break;
	case OPT_ROOMS_OPEN:
		o->rooms_open = (unsigned)number(value, 1, 100000);
		break;
	case OPT_ROOM_BYTES:
		o->room_bytes = number(value, 1, LONG_MAX);
		break;
	case OPT_READ_EVERY:
		o->read_every = (unsigned)number(value, 1, INT_MAX);
		break;
	case OPT_STORED:
		o->stored = true;
		break;
	case OPT_VERIFY:
		o->verify = true;
		o->attach = true;
		break;
	case OPT_ATTACH:
		o->attach = true;
		break;
	case OPT_HELP:
		help();
	default:
		misuse("unknown option or value missing", "");
	}
}

static const char *operand(int argc, char **argv, const char *what)
{
	if (optind == argc)
		misuse("missing", what);
	if (optind + 1 < argc)
		misuse("too many arguments", argv[optind + 1]);
	return argv[optind];
}

static int play_main(int argc, char **argv)
{
	struct play_options options = {
		.sessions = PLAY_SESSIONS_DEFAULT,
		.in_flight = PLAY_IN_FLIGHT_DEFAULT,
		.rooms_open = PLAY_ROOMS_OPEN_DEFAULT,
		.room_bytes = CORPUS_ROOM_BYTES_DEFAULT,
	};
	int code;

	while ((code = getopt_long(argc, argv, "", play_table, NULL)) != -1)
		play_option(&options, code, optarg);
	options.file = operand(argc, argv, "FILE");
	return play_run(&options);
}

static int dump_main(int argc, char **argv)
{
	struct dump_options options = {0};
	int code;

	while ((code = getopt_long(argc, argv, "", dump_table, NULL)) != -1) {
		if (code == OPT_BROKER)
			options.broker = optarg;
		else if (code == OPT_TENANT)
			options.tenant = optarg;
		else if (code == OPT_KEYS)
			options.keys = read_keys(optarg);
		else if (code == OPT_MEMBER)
			options.member = optarg;
		else if (code == OPT_JSON)
			options.ndjson = true;
		else if (code == OPT_HELP)
			help();
		else
			misuse("unknown option or value missing", "");
	}
	options.room = operand(argc, argv, "ROOM");
	return dump_run(&options);
}

int main(int argc, char **argv)
{
	log_init("parlor-replay", LOG_INFO);
	if (argc < 2)
		misuse("missing", "play or dump");
	if (strcmp(argv[1], "play") == 0)
		return play_main(argc - 1, argv + 1);
	if (strcmp(argv[1], "dump") == 0)
		return dump_main(argc - 1, argv + 1);
	if (strcmp(argv[1], "--help") == 0)
		help();
	misuse("neither play nor dump", argv[1]);
}
