#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum option_type { OPTION_NUMBER, OPTION_TEXT, OPTION_SWITCH };

struct option_row {
	const char *name;
	enum option_type type;
	size_t offset;
	const char *doc;
};

#define ROW(name, type, field, doc)                                       \
	{                                                                 \
		name, OPTION_##type, offsetof(struct options, field), doc \
	}
static const struct option_row rows[] = {
	ROW("runs", NUMBER, runs, "runs, each on servers of its own; medians are of these (3)"),
	ROW("seconds", NUMBER, seconds, "measured time of a run (5)"),
	ROW("warmup-ms", NUMBER, warmup_ms, "load before it that is not measured (1000)"),
	ROW("in-flight", NUMBER, in_flight, "posts not yet acknowledged; floor: 1, 16 and 256"),
	ROW("rate", NUMBER, rate,
	    "posts a second, due whether answered or not (open loop);\n"
	    "                 compare: half of each one's own best, besides"),
	ROW("senders", NUMBER, senders, "connections that post (16)"),
	ROW("sessions", NUMBER, sessions, "sessions that listen"),
	ROW("listeners", NUMBER, listeners, "hostile: sessions that hear what f posts (2000)"),
	ROW("rooms", NUMBER, rooms, "rooms"),
	ROW("agents", NUMBER, agents, "pool that the agents of all rooms are drawn from"),
	ROW("members", NUMBER, members, "members of a room"),
	ROW("body", NUMBER, body, "bytes of a message's body (200)"),
	ROW("messages", NUMBER, messages, "messages: sync's backlog, storm's gap, ..."),
	ROW("past", NUMBER, past, "storm: members that left a room while they were away (0)"),
	ROW("workers", NUMBER, workers, "sync: workers, instead of 1, 2 and 4"),
	ROW("bytes", NUMBER, bytes, "restart: size of the data directory; k, M, G"),
	ROW("fsync-ms", NUMBER, fsync_ms, "every flush of broker and database takes that longer"),
	ROW("corpus", TEXT, corpus, "mixed: a recorded conversation file (NDJSON, gzip too)"),
	ROW("dir", TEXT, dir, "where private directories are made ($TMPDIR, /tmp)"),
	ROW("set", TEXT, set, "settings of parlord: section.key=value, comma between"),
	ROW("perf", TEXT, perf,
	    "perf record of the broker into that file; with --callgrind, its output"),
	ROW("attack", TEXT, attack,
	    "hostile: only some of a, asks and does not read; b, marks unread and reads;\n"
	    "                 c, repeats client ids; d, lists members; e, makes rooms and "
	    "members;\n"
	    "                 f, posts to a room that many sessions hear"),
	ROW("peers", TEXT, peers,
	    "compare: only these of mysql,redis,nats,rabbitmq,ejabberd and, with\n"
	    "                 --peers-root, redis-8,valkey-9,nats-2.15 (all that are there)"),
	ROW("peers-root", TEXT, peers_root,
	    "compare floor: what install-peers.sh --unstable DIR made"),
	ROW("json", SWITCH, json, "one JSON object a line instead of tables"),
	ROW("callgrind", SWITCH, callgrind, "size, desk: count instructions under valgrind"),
	ROW("smoke", SWITCH, smoke, "every scenario, tiny: does it work at all"),
	ROW("verbose", SWITCH, verbose, "say what is being done, on stderr"),
	ROW("help", SWITCH, help, "this"),
};
#define ROWS (sizeof rows / sizeof rows[0])

static bool number_of(const char *text, uint64_t *out)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return false;
	unsigned shift = *end == 'k' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
	if (shift)
		end++;
	if (*end || value > (UINT64_MAX >> shift))
		return false;
	*out = (uint64_t)value << shift;
	return true;
}

static bool take(struct options *o, const struct option_row *row, char *value)
{
	void *at = (char *)o + row->offset;
	if (row->type == OPTION_SWITCH)
		*(bool *)at = true;
	else if (row->type == OPTION_TEXT)
		*(const char **)at = value;
	else if (at == &o->rate && strcmp(value, "half") == 0)
		o->rate_half = true;
	else if (!number_of(value, at)) {
		fprintf(stderr, "parlor-bench: --%s wants a number: %s\n", row->name, value);
		return false;
	}
	return true;
}

bool options_read(struct options *o, int argc, char **argv, int *rest)
{
	struct option table[ROWS + 1] = {0};
	int at = 0;
	for (size_t i = 0; i < ROWS; i++) {
		table[i].name = rows[i].name;
		table[i].has_arg = rows[i].type == OPTION_SWITCH ? no_argument : required_argument;
	}
	*o = (struct options){0};
	for (;;) {
		int got = getopt_long(argc, argv, "", table, &at);
		if (got == -1)
			break;
		if (got == '?' || !take(o, &rows[at], optarg))
			return false;
	}
	*rest = optind;
	return true;
}

void options_help(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++)
		fprintf(out, "  --%-12s %s\n", rows[i].name, rows[i].doc);
}

uint64_t option_or(uint64_t given, uint64_t otherwise)
{
	return given ? given : otherwise;
}
