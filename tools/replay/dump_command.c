#include "dump_command.h"

#include "dump.h"
#include "options.h"

int dump_main(int argc, char **argv)
{
	struct dump_options o = {0};
	struct options_shared shared;
	const struct options_row rows[] = {
		{"member", "ID", "what this member may see", OPTIONS_TEXT, .into = &o.member},
		{"ndjson", NULL, "in the format that play reads", OPTIONS_FLAG, .into = &o.ndjson},
		{"json", NULL, "the same", OPTIONS_FLAG, .into = &o.ndjson},
		{0},
	};
	const struct options_command command = {
		.name = "dump",
		.operands = "ROOM",
		.about = "Prints a room's transcript.",
		.shared = OPTIONS_CLIENT,
		.rows = rows,
	};

	o.room = options_parse(&command, &shared, argc, argv)[0];
	o.broker = shared.broker;
	o.tenant = shared.tenant;
	o.keys = shared.keys;
	return dump_run(&o);
}
