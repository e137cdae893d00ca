#include "play_command.h"

#include "corpus.h"
#include "delivery_check.h"
#include "options.h"
#include "play.h"

#include <limits.h>
#include <string.h>

static const char about[] =
	"Plays a recorded file (NDJSON, plain or gzip, - for standard input) into a broker: a\n"
	"corpus room by room, a recording made by record as the broker had it.\n"
	"Exit: 0 all sent, acknowledged and heard; 1 not so; 2 bad input or usage.";

static const char *take_speed(void *into, const char *value)
{
	return pace_parse(into, value) ? NULL : "recorded, max or a number above 0";
}

static const char *take_rate(void *into, const char *value)
{
	return pace_parse_rate(into, value) ? NULL : "a number above 0, such as 100/s";
}

static const char *take_bound(void *into, const char *value)
{
	return choice_bound_parse(into, value) ? NULL
					       : "a number or a time such as 2026-11-21T18:38:33Z";
}

static const char *take_rooms(void *into, const char *value)
{
	return choice_rooms_parse(into, value) ? NULL : "a number above 0, or ids with commas";
}

/* What the command line gives: one play a process. */
static struct play_options o;
static uint64_t sessions = PLAY_SESSIONS_DEFAULT;
static uint64_t in_flight = PLAY_IN_FLIGHT_DEFAULT;
static uint64_t rooms_open = PLAY_ROOMS_OPEN_DEFAULT;
static uint64_t room_bytes = CORPUS_ROOM_BYTES_DEFAULT;
static uint64_t read_every;
static uint64_t loops = 1;

static const struct options_row rows[] = {
	{"speed", "S",
	 "recorded, a number (times as fast), or max (default);\n"
	 "rooms without times have 20 s between events",
	 OPTIONS_OTHER, .into = &o.pace, .take = take_speed},
	{"rate", "N/s", "so many messages a second, all rooms together", OPTIONS_OTHER,
	 .into = &o.pace, .take = take_rate},
	{"from", "WHERE",
	 "begin here: a line of the file, of a recording a\n"
	 "position, or a time such as 2026-11-21T18:38:33Z",
	 OPTIONS_OTHER, .into = &o.choice.from, .take = take_bound},
	{"until", "WHERE", "end with this one, likewise", OPTIONS_OTHER, .into = &o.choice.until,
	 .take = take_bound},
	{"rooms", "LIST", "these rooms (ID,ID,...), or the first ones (a number)", OPTIONS_OTHER,
	 .into = &o.choice, .take = take_rooms},
	{"loop", "N", "play it N times, from the second on in rooms ID~2, ...", OPTIONS_NUMBER,
	 .into = &loops, .min = 1, .max = 1000000},
	{"no-presence", NULL, "leave out who is online, of a recording", OPTIONS_FLAG,
	 .into = &o.no_presence},
	{"json", NULL, "the summary as one JSON object", OPTIONS_FLAG, .into = &o.json},
	{"sessions", "N", "connections, 1 to 64 (default 4)", OPTIONS_NUMBER, .into = &sessions,
	 .min = 1, .max = DELIVERY_CHECK_SESSIONS_MAX},
	{"in-flight", "N", "unanswered requests at most (default 1024)", OPTIONS_NUMBER,
	 .into = &in_flight, .min = 1, .max = 1000000},
	{"rooms-open", "N", "rooms played at once (default 256)", OPTIONS_NUMBER,
	 .into = &rooms_open, .min = 1, .max = 100000},
	{"room-bytes", "N", "memory one room may take (default 16777216)", OPTIONS_NUMBER,
	 .into = &room_bytes, .min = 1, .max = LONG_MAX},
	{"read-every", "N",
	 "after every Nth message of a room, whoever sends the\n"
	 "next one marks the room read up to it",
	 OPTIONS_NUMBER, .into = &read_every, .min = 1, .max = INT_MAX},
	{"stored", NULL, "acknowledge posts only when MySQL has them", OPTIONS_FLAG,
	 .into = &o.stored},
	{"attach", NULL,
	 "attach all members of the file and check what they are\n"
	 "delivered",
	 OPTIONS_FLAG, .into = &o.attach},
	{"verify-deliveries", NULL, "the same, and wait until everything was delivered",
	 OPTIONS_FLAG, .into = &o.verify},
	{0},
};

int play_main(int argc, char **argv)
{
	struct options_shared shared;
	const struct options_command command = {
		.name = "play",
		.operands = "FILE",
		.about = about,
		.shared = OPTIONS_CLIENT,
		.rows = rows,
	};

	o.file = options_parse(&command, &shared, argc, argv)[0];
	o.broker = shared.broker;
	o.tenant = shared.tenant;
	o.keys = shared.keys;
	o.sessions = (unsigned)sessions;
	o.in_flight = (unsigned)in_flight;
	o.rooms_open = (unsigned)rooms_open;
	o.read_every = (unsigned)read_every;
	o.room_bytes = room_bytes;
	o.attach |= o.verify;
	o.loops = (unsigned)loops;
	if (loops > 1 && strcmp(o.file, "-") == 0)
		options_misuse(&command, "--loop needs a file, not standard input", "");
	return play_run(&o);
}
