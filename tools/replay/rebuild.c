#include "rebuild.h"

#include "builder.h"
#include "options.h"
#include "rebuild_lmdb.h"
#include "rebuild_mysql.h"
#include "server.h"

#include <string.h>

static const char about[] =
	"`rebuild lmdb` makes a data directory from the database that workers kept, after the\n"
	"broker's own is lost. A broker started on it carries on with the next number of each\n"
	"room, workers with the same database. What the database did not have yet is lost.\n"
	"Of a desk, live offers are withdrawn.\n"
	"`rebuild mysql` makes the tables from the journal of a data directory: it takes the\n"
	"rows of its rooms out, and workers that start afterwards write them again. Stop the\n"
	"workers meanwhile; the broker may run. The journal must still be whole.\n"
	"\n"
	"exit: 0 done; 1 refused, or could not do it, and nothing was made; 2 bad usage";

int rebuild_main(int argc, char **argv)
{
	struct options_shared shared;
	bool force = false, json = false;
	uint64_t partitions = 0;
	const struct options_row rows[] = {
		{"force", NULL,
		 "although others use the database, or several brokers did;\n"
		 "mysql: although it holds rooms of this journal",
		 OPTIONS_FLAG, .into = &force},
		{"partitions", "N",
		 "lmdb: partitions that workers share (default: as many as\n"
		 "the lost journal had)",
		 OPTIONS_NUMBER, .into = &partitions, .min = 1, .max = PARTITION_NONE - 1},
		{"json", NULL, "what was done, as one JSON object", OPTIONS_FLAG, .into = &json},
		{0},
	};
	const struct options_command command = {
		.name = "rebuild",
		.operands = "lmdb|mysql",
		.about = about,
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED | OPTIONS_MYSQL,
		.rows = rows,
	};
	const char *what = options_parse(&command, &shared, argc, argv)[0];
	bool lmdb = strcmp(what, "lmdb") == 0;
	if (!lmdb && strcmp(what, "mysql") != 0)
		options_misuse(&command, "neither lmdb nor mysql", what);
	struct server server;
	if (!server_open(&server, &command, shared.mysql))
		return 1;
	int status;
	if (lmdb)
		status = rebuild_lmdb(&(struct rebuild_lmdb){.db = server.db,
							     .dir = shared.data,
							     .partitions = (uint32_t)partitions,
							     .force = force,
							     .json = json});
	else
		status = rebuild_mysql(&(struct rebuild_mysql){
			.db = server.db, .dir = shared.data, .force = force, .json = json});
	server_close(&server);
	return status;
}
