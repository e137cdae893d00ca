#include "adopt.h"

#include "adopt/adopt_desk.h"
#include "adopt/aside.h"
#include "migrate.h"
#include "options.h"
#include "resettle.h"
#include "server.h"
#include "staging.h"
#include "tables.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#define SEAT_MAX 10
#define WHY_MAX LEGACY_WHY_MAX
_Static_assert(OLD_TABLES_WHY_MAX <= WHY_MAX, "words of either fit");

static const char about[] =
	"Reads chat_group, group_member and group_message as a product had them before, says\n"
	"what it finds wrong in them and what it makes of it, and makes a data directory out\n"
	"of them. The old tables are renamed to ..." ASIDE_SUFFIX ", never changed; Parlor's own\n"
	"take their place, and workers fill them once a broker runs. Stop what writes to the\n"
	"old tables first. The old unread counts are kept where there is as much to read. Rows\n"
	"without a tenant are of --tenant.\n"
	"\n"
	"With --system, a desk instead, its agents, visitors and conversations:\n"
	"  conversations        of the tables users, conversations, messages, agent_status\n"
	"  tp_customer_service  of tp_customer_service_fans, _fans_visitors, _users ...\n"
	"  startalk             of files TABLE.ndjson or TABLE.csv in the directory of --dump\n"
	"\n"
	"exit: 0 done, whatever was found; 1 refused, or could not do it; 2 bad usage";

struct adopt {
	struct options_shared shared;
	const char *from, *tenant_column, *zone;
	bool check, json;
	uint64_t partitions;

	struct server server;
	struct legacy legacy;
	struct findings findings;
	struct census census;
	struct staging staging;
	struct builder *builder;
	struct resettle resettle;
	struct adopt_desk desk;
	char why[WHY_MAX];
};

static enum parlor_err say_db(struct adopt *a, enum parlor_err err)
{
	if (err && !a->why[0])
		snprintf(a->why, sizeof a->why, "%s",
			 *db_error(a->server.db) ? db_error(a->server.db) : parlor_err_text(err));
	return err;
}

static enum parlor_err refuse(struct adopt *a, const char *why)
{
	snprintf(a->why, sizeof a->why, "%s", why);
	return PARLOR_E_CONFIG;
}

/* ---- reading ------------------------------------------------------------------- */

static enum parlor_err find_desk(struct adopt *a)
{
	a->desk.tables = (struct old_tables){.db = a->server.db,
					     .schema = a->legacy.schema,
					     .zone = a->zone,
					     .names = a->desk.system->tables};
	return old_tables_find(&a->desk.tables, a->why);
}

static enum parlor_err find(struct adopt *a)
{
	bool rooms = false;
	a->legacy = (struct legacy){.db = a->server.db,
				    .schema = a->from ? a->from : a->server.url.database,
				    .tenant_column = a->tenant_column,
				    .zone = a->zone};
	enum parlor_err err = legacy_has_rooms(&a->legacy, a->server.url.database, &rooms);
	if (!err && rooms)
		return refuse(a, "Parlor's tables hold rooms there already");
	/* Before anything is moved out of the way. */
	if (!err)
		err = tables_possible(a->server.db, a->why);
	if (!err && a->desk.system)
		err = find_desk(a);
	else if (!err)
		err = legacy_find(&a->legacy, a->why);
	return say_db(a, err);
}

static enum parlor_err open_builder(struct adopt *a)
{
	char scratch[PATH_MAX];
	const char *place = a->shared.data, *tmp = getenv("TMPDIR");
	if (a->check) {
		snprintf(scratch, sizeof scratch, "%.1000s/parlor-check-%ld",
			 tmp && *tmp ? tmp : "/tmp", (long)getpid());
		place = scratch;
	}
	enum parlor_err err = staging_begin(&a->staging, place, a->why, sizeof a->why);
	uint32_t partitions = a->partitions ? (uint32_t)a->partitions : BUILDER_PARTITIONS_DEFAULT;
	return err ? err
		   : builder_open(&a->builder, a->staging.path, partitions, a->why, sizeof a->why);
}

static enum parlor_err read_desk(struct adopt *a)
{
	a->desk.built.steps.builder = a->builder;
	a->desk.built.steps.findings = &a->findings;
	a->desk.built.steps.tenant = a->census.tenant;
	a->desk.built.steps.now_us = a->census.now_us;
	enum parlor_err err =
		a->desk.dump ? adopt_desk_read_dump(&a->desk) : adopt_desk_read(&a->desk);
	if (err)
		snprintf(a->why, sizeof a->why, "%s", a->desk.built.steps.why);
	return err;
}

static enum parlor_err read_rooms(struct adopt *a)
{
	struct census *c = &a->census;
	struct legacy *l = &a->legacy;
	enum parlor_err err = legacy_read(l, LEGACY_GROUP, census_group, c);
	if (!err)
		err = legacy_read(l, LEGACY_MEMBER, census_member, c);
	if (!err)
		err = legacy_read_senders(l, census_sender, c);
	if (err)
		return err;
	census_finish(c);
	a->resettle = (struct resettle){
		.census = c, .legacy = l, .builder = a->builder, .findings = &a->findings};
	err = resettle_run(&a->resettle);
	if (err)
		snprintf(a->why, sizeof a->why, "%s", a->resettle.why);
	return err;
}

static enum parlor_err count(struct adopt *a, uint64_t rows[LEGACY_TABLES])
{
	memset(rows, 0, LEGACY_TABLES * sizeof *rows);
	return a->desk.system ? old_tables_count(&a->desk.tables, rows)
			      : legacy_count(&a->legacy, rows);
}

/* All of one moment, and of a moment that still is. */
static enum parlor_err read_unmoved(struct adopt *a)
{
	uint64_t before[LEGACY_TABLES], after[LEGACY_TABLES];
	struct db *db = a->server.db;
	enum parlor_err err = db_run_text(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
	if (!err)
		err = db_run_text(db, "START TRANSACTION WITH CONSISTENT SNAPSHOT");
	if (!err)
		err = count(a, before);
	if (!err)
		err = a->desk.system ? read_desk(a) : read_rooms(a);
	if (!err)
		err = db_commit(db);
	else
		db_rollback(db);
	if (!err)
		err = count(a, after);
	if (!err && memcmp(before, after, sizeof before) != 0 && !a->check)
		return refuse(a, "somebody writes to the old tables: stop that first");
	return say_db(a, err);
}

/* ---- taking the place -------------------------------------------------------------- */

static enum parlor_err take_place(struct adopt *a)
{
	bool copied;
	struct db *db = a->server.db;
	enum parlor_err err = PARLOR_E_OK;
	if (!a->from && a->desk.system)
		err = say_db(a, adopt_desk_move_aside(&a->desk));
	else if (!a->from && !a->legacy.moved)
		err = say_db(a, aside_move(db, a->legacy.schema, NULL));
	if (err)
		return err;
	db_close(db);
	err = migrate_apply(db, a->why);
	if (err)
		return err;
	log_info("%s", a->why);
	a->why[0] = '\0';
	if (a->desk.system)
		return PARLOR_E_OK;
	err = say_db(a, legacy_copy_members(&a->legacy, &copied));
	if (!err && copied)
		log_info("names and nicknames of the old table member are copied");
	return err;
}

/* ---- words --------------------------------------------------------------------------- */

static int print_json(const struct adopt *a)
{
	json_t *all = a->desk.system ? adopt_desk_json(&a->desk)
				     : json_pack("{s:I, s:I, s:I, s:I, s:I}", "rooms",
						 (json_int_t)a->resettle.rooms, "memberships",
						 (json_int_t)a->census.memberships_sum, "messages",
						 (json_int_t)a->resettle.messages, "unread_before",
						 (json_int_t)a->census.unread, "unread",
						 (json_int_t)a->resettle.unread);
	json_object_set_new(all, "check", json_boolean(a->check));
	json_object_set_new(all, "findings", findings_json(&a->findings));
	int failed = !all || json_dumpf(all, stdout, JSON_COMPACT) != 0;
	putchar('\n');
	json_decref(all);
	return failed || fflush(stdout) != 0 ? 1 : 0;
}

static void print_rooms(const struct adopt *a)
{
	printf("rooms       %" PRIu64 " with %" PRIu64 " memberships\n", a->resettle.rooms,
	       a->census.memberships_sum);
	printf("messages    %" PRIu64 "\n", a->resettle.messages);
	printf("unread      %" PRIu64 " in all, %" PRIu64 " by the old counts\n",
	       a->resettle.unread, a->census.unread);
}

static int print_text(const struct adopt *a)
{
	if (a->desk.system)
		adopt_desk_print(&a->desk);
	else
		print_rooms(a);
	findings_print(&a->findings, stdout);
	if (a->check)
		puts("nothing was changed");
	else if (a->desk.dump)
		printf("%s is ready\n", a->shared.data);
	else
		printf("%s is ready; the old tables are %s%s\n", a->shared.data,
		       a->from ? "still in " : "named ...", a->from ? a->from : ASIDE_SUFFIX);
	return fflush(stdout) == 0 ? 0 : 1;
}

static enum parlor_err adopt_tables(struct adopt *a)
{
	enum parlor_err err = find(a);
	if (!err)
		err = open_builder(a);
	if (!err)
		err = read_unmoved(a);
	return err || a->check ? err : take_place(a);
}

static enum parlor_err adopt_dump(struct adopt *a)
{
	enum parlor_err err = open_builder(a);
	if (!err)
		err = read_desk(a);
	if (err && !a->why[0])
		snprintf(a->why, sizeof a->why, "%s", parlor_err_text(err));
	return err;
}

static int run(struct adopt *a)
{
	enum parlor_err err = a->desk.dump ? adopt_dump(a) : adopt_tables(a);
	builder_close(a->builder);
	if (!err && !a->check)
		err = staging_publish(&a->staging, a->why, sizeof a->why);
	staging_abort(&a->staging);
	if (err) {
		fprintf(stderr, "parlor-replay: %s (%s)\n", a->why, parlor_err_name(err));
		return 1;
	}
	return a->json ? print_json(a) : print_text(a);
}

/* Names of zones need tables that a server may not have. */
static const char *take_zone(void *into, const char *value)
{
	static const char form[] = "+00:00";
	bool fits = strlen(value) == sizeof form - 1 && (value[0] == '+' || value[0] == '-') &&
		    value[3] == ':' && value[1] <= '1' && value[4] <= '5';
	for (size_t i = 1; fits && i < sizeof form - 1; i++)
		fits = i == 3 || (value[i] >= '0' && value[i] <= '9');
	*(const char **)into = value;
	return fits && strcmp(value + 1, value[0] == '+' ? "13:00" : "12:59") <= 0
		       ? NULL
		       : "an offset such as +08:00";
}

static const char *take_system(void *into, const char *value)
{
	*(const struct old_system **)into = old_system_find(value);
	return old_system_find(value) ? NULL : "one of those that --help names";
}

int adopt_main(int argc, char **argv)
{
	struct adopt a = {.why = "", .desk = {.built = {.desk = "service"}, .max = SEAT_MAX}};
	const struct options_row rows[] = {
		{"check", NULL, "only say what would be; changes nothing", OPTIONS_FLAG,
		 .into = &a.check},
		{"from", "DATABASE",
		 "where the old tables are, if not in that of --mysql; they\n"
		 "stay as they are",
		 OPTIONS_TEXT, .into = &a.from},
		{"system", "NAME", "whose tables they are, of a desk", OPTIONS_OTHER,
		 .into = &a.desk.system, .take = take_system},
		{"desk", "ID", "of a system that has but one (default service)", OPTIONS_TEXT,
		 .into = &a.desk.built.desk},
		{"dump", "DIR", "files of the old tables, for startalk", OPTIONS_TEXT,
		 .into = &a.desk.dump},
		{"max", "N", "conversations of a seat at once, if they do not say (default 10)",
		 OPTIONS_NUMBER, .into = &a.desk.max, .min = 1, .max = UINT16_MAX},
		{"tenant-column", "NAME", "of the old tables (default ent_id, if it is there)",
		 OPTIONS_TEXT, .into = &a.tenant_column},
		{"zone", "OFFSET", "of DATETIME columns, such as +08:00 (default: UTC)",
		 OPTIONS_OTHER, .into = &a.zone, .take = take_zone},
		{"partitions", "N", "partitions that workers share (default 16)", OPTIONS_NUMBER,
		 .into = &a.partitions, .min = 1, .max = PARTITION_NONE - 1},
		{"json", NULL, "the report as one JSON object", OPTIONS_FLAG, .into = &a.json},
		{0},
	};
	const struct options_command command = {
		.name = "adopt",
		.operands = "",
		.about = about,
		.shared = OPTIONS_DATA | OPTIONS_MYSQL | OPTIONS_TENANT,
		.rows = rows,
	};
	options_parse(&command, &a.shared, argc, argv);
	if (!a.shared.data && !a.check)
		options_misuse(&command, "missing", "--data DIR (or --check)");
	a.census = (struct census){.findings = &a.findings,
				   .tenant = a.shared.tenant ? a.shared.tenant : "default",
				   .now_us = clock_wall_us()};
	if (strlen(a.census.tenant) > ROW_ID_MAX || !*a.census.tenant)
		options_misuse(&command, "a tenant has 1 to 64 bytes", a.census.tenant);
	if (strlen(a.desk.built.desk) > ROW_ID_MAX || !*a.desk.built.desk)
		options_misuse(&command, "a desk has 1 to 64 bytes", a.desk.built.desk);
	bool files = a.desk.system && !a.desk.system->tables;
	if (files != (a.desk.dump != NULL))
		options_misuse(&command, "--dump DIR and --system startalk go together", "");
	if (!files && !server_open_bare(&a.server, &command, a.shared.mysql))
		return 1;
	int status = run(&a);
	adopt_desk_fini(&a.desk);
	census_fini(&a.census);
	findings_fini(&a.findings);
	server_close(&a.server);
	return status;
}
