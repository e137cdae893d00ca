#include "verify.h"

#include "audit/record_text.h"
#include "audit/recovered.h"
#include "desk_told.h"
#include "options.h"
#include "verify_desk.h"
#include "verify_mysql.h"
#include "verify_rows.h"
#include "verify_unread.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

/* Snapshots of the database, until one fits a journal that is trimmed beside it. */
#define BEGIN_TRIES 10

struct verify {
	const char *data, *url;
	bool json;
	uint64_t begun_us;
	struct source source;
	struct engine engine;
	struct recovered recovered;
	struct verify_mysql mysql;
	struct verify_rows rows;
	struct verify_desk desk;
	struct verify_unread unread;
	uint64_t covered;
	uint64_t broken; /* promises of desks, how often */
	bool missed;     /* the snapshot has what the database has not */
	struct finding finding;
};

static enum audit_exit cannot(const struct verify *v, enum audit_exit code, const char *why)
{
	if (v->json)
		printf("{\"result\":\"%s\",\"code\":%d}\n",
		       code == AUDIT_TRIMMED ? "trimmed" : "unreadable", (int)code);
	fprintf(stderr, "parlor-replay: %s\n", why);
	return code;
}

/* A failure of the source: the journal is damaged, or nothing can be said. */
static enum audit_exit broken(struct verify *v, enum parlor_err err)
{
	enum audit_exit code = audit_exit_of(err);
	if (code != AUDIT_JOURNAL)
		return cannot(v, code, v->source.why);
	finding_set(&v->finding, code, v->source.why);
	v->finding.position = v->source.bad_at;
	if (v->engine.core && v->source.bad_at)
		verify_unread_diagnose(&v->engine, v->source.bad_at, &v->finding);
	return code;
}

static enum audit_exit differs(const struct verify *v, uint64_t how_many)
{
	return how_many ? v->finding.code : AUDIT_EQUAL;
}

/* ---- the steps ---------------------------------------------------------------- */

static enum parlor_err look_at(void *arg, const struct entry *entry, const struct record *r)
{
	(void)arg;
	(void)entry;
	(void)r;
	return PARLOR_E_OK;
}

/* The head is gone and no snapshot stands for it: what is left is still read. */
static enum audit_exit check_trimmed(struct verify *v)
{
	char why[sizeof v->source.why];
	snprintf(why, sizeof why, "%s", v->source.why);
	enum parlor_err err =
		source_walk(&v->source, v->source.first, v->source.last, look_at, NULL);
	if (err == PARLOR_E_STORE_CORRUPT)
		return broken(v, err);
	return cannot(v, AUDIT_TRIMMED, why);
}

/* The last few records, those of the meantime, are re-executed while the source
 * is held, so that the rows are of the same commit. */
static enum audit_exit check_rows(struct verify *v)
{
	enum parlor_err err = verify_desk_begin(&v->desk, &v->engine);
	if (!err)
		err = engine_run(&v->engine, v->source.last, verify_desk_take, &v->desk);
	if (!err)
		err = source_hold(&v->source);
	if (!err)
		err = engine_run(&v->engine, v->source.last, NULL, NULL);
	if (!err)
		err = engine_settle(&v->engine);
	if (err)
		return broken(v, err);
	err = recovered_init(&v->recovered, &v->source);
	v->covered = v->recovered.covered;
	if (!err)
		err = verify_rows(&v->engine, &v->recovered, &v->rows, &v->finding);
	recovered_fini(&v->recovered);
	source_release(&v->source);
	if (err == PARLOR_E_STORE_CORRUPT && !v->source.bad_at) {
		finding_set(&v->finding, AUDIT_ROWS, v->source.why);
		return AUDIT_ROWS;
	}
	return err ? broken(v, err) : differs(v, v->rows.differing);
}

static enum audit_exit check_desk(struct verify *v)
{
	v->broken = verify_desk_end(&v->desk, &v->finding);
	return differs(v, v->broken);
}

static enum audit_exit check_unread(struct verify *v)
{
	enum parlor_err err = verify_unread(&v->engine, v->source.last, &v->unread, &v->finding);
	return err ? broken(v, err) : differs(v, v->unread.differing);
}

struct missing {
	const struct verify *verify;
	bool any;
};

static enum parlor_err is_behind_mark(void *arg, const struct entry *entry, const struct record *r)
{
	struct missing *m = arg;
	(void)r;
	m->any |= entry->partition < m->verify->mysql.partitions &&
		  entry->position > m->verify->mysql.marks[entry->partition];
	return PARLOR_E_OK;
}

static bool is_trimmed_behind_marks(const struct verify *v)
{
	return v->mysql.low + 1 < v->source.first;
}

/* Whether the snapshot has what the database has not. The marks of partitions that were
 * idle may lie far behind it all the same. */
static enum parlor_err look_behind_marks(struct verify *v)
{
	struct missing m = {.verify = v};
	v->missed = v->mysql.low < v->engine.base;
	if (!v->missed || is_trimmed_behind_marks(v))
		return PARLOR_E_OK;
	enum parlor_err err =
		source_walk(&v->source, v->mysql.low + 1, v->engine.base, is_behind_mark, &m);
	v->missed = m.any;
	return err;
}

static enum audit_exit behind_snapshot(const struct verify *v)
{
	char why[160];
	snprintf(why, sizeof why,
		 "the database is at position %" PRIu64 ", before the snapshot at %" PRIu64
		 ": try again when it has caught up",
		 v->mysql.low, v->engine.base);
	return cannot(v, AUDIT_TRIMMED, why);
}

/* The state at the marks takes the place of the state at the end. */
static enum parlor_err run_to_marks(struct verify *v, struct desk_told **told)
{
	enum parlor_err err = engine_start_again(&v->engine, v->source.last);
	engine_limit_to_marks(&v->engine, v->mysql.marks);
	if (!err)
		err = desk_told_new(told, &v->engine, v->mysql.marks);
	if (!err)
		err = engine_run(&v->engine, v->mysql.high, desk_told_take, *told);
	if (!err)
		err = desk_told_end(*told);
	return err ? err : engine_settle(&v->engine);
}

static enum audit_exit check_mysql(struct verify *v)
{
	struct desk_told *told = NULL;
	if (v->missed)
		return behind_snapshot(v);
	enum parlor_err err = run_to_marks(v, &told);
	enum audit_exit code = err ? broken(v, err) : AUDIT_EQUAL;
	if (!code && verify_mysql(&v->mysql, &v->engine, told, &v->finding))
		code = cannot(v, AUDIT_UNREADABLE, v->mysql.why);
	else if (!code)
		code = differs(v, v->mysql.differing);
	desk_told_free(told);
	return code;
}

/* First the database, then the journal: it has all that the database had. */
static enum audit_exit begin_both(struct verify *v)
{
	source_release(&v->source);
	if (verify_mysql_begin(&v->mysql))
		return cannot(v, AUDIT_UNREADABLE, v->mysql.why);
	enum parlor_err err = source_hold(&v->source);
	if (err)
		return broken(v, err);
	if (verify_mysql_marks(&v->mysql, &v->source, &v->finding))
		return cannot(v, AUDIT_UNREADABLE, v->mysql.why);
	return AUDIT_EQUAL;
}

/* What stands between the marks and the snapshot is looked for in the journal. A broker
 * that learns of newer marks trims that, so it is held until then; and what was trimmed
 * before it was held is behind newer marks than those that were read. */
static enum audit_exit open_both(struct verify *v)
{
	enum audit_exit code;
	unsigned tries = 0;
	do
		code = begin_both(v);
	while (!code && !v->mysql.differing && is_trimmed_behind_marks(v) && ++tries < BEGIN_TRIES);
	return code;
}

static enum audit_exit open_all(struct verify *v)
{
	if (v->url && verify_mysql_open(&v->mysql, v->url))
		return cannot(v, AUDIT_UNREADABLE, v->mysql.why);
	enum parlor_err err = source_open(&v->source, v->data);
	if (err)
		return broken(v, err);
	enum audit_exit code = v->url ? open_both(v) : AUDIT_EQUAL;
	if (code)
		return code;
	err = engine_init(&v->engine, &v->source);
	return err ? broken(v, err) : AUDIT_EQUAL;
}

/* What re-execution begins with. */
static enum parlor_err start(struct verify *v)
{
	enum parlor_err err = engine_start(&v->engine, v->source.last);
	if (!err && v->url)
		err = look_behind_marks(v);
	source_release(&v->source);
	return err;
}

static enum audit_exit check_all(struct verify *v)
{
	enum audit_exit code = open_all(v);
	if (code)
		return code;
	enum parlor_err err = start(v);
	if (err == PARLOR_E_NOT_FOUND)
		return check_trimmed(v);
	code = err ? broken(v, err) : check_rows(v);
	if (!code)
		code = check_desk(v);
	if (!code)
		code = check_unread(v);
	/* Marks that do not fit say that the rest cannot either. */
	if (!code && v->mysql.differing)
		return AUDIT_MYSQL;
	if (!code && v->url)
		code = check_mysql(v);
	return code;
}

/* ---- telling -------------------------------------------------------------------- */

static double seconds(const struct verify *v)
{
	return (double)(clock_mono_us() - v->begun_us) / 1e6;
}

static void print_desks(const struct verify *v)
{
	const struct ledger *l = &v->desk.audit.ledger;
	if (!v->desk.engine)
		puts("desks     what is promised of them is not counted behind a snapshot");
	else if (l->records)
		printf("desks     %" PRIu64 " records about conversations, %" PRIu64
		       " places: what is promised of them held\n",
		       l->records, l->places);
}

static void print_equal(const struct verify *v)
{
	printf("journal   %" PRIu64 " records, checksums and positions are right\n",
	       v->source.last - v->engine.base);
	if (v->engine.base)
		printf("snapshot  of position %" PRIu64 ", where re-execution began\n",
		       v->engine.base);
	printf("state     %" PRIu64 " rows, hash %016" PRIx64 "%016" PRIx64
	       ", re-executed and on disk (rows as of %" PRIu64 ", then recovery)\n",
	       v->rows.rows, v->rows.executed.high, v->rows.executed.low, v->covered);
	print_desks(v);
	printf("unread    %" PRIu64 " members' counts, %" PRIu64 " in all, over %" PRIu64
	       " messages: as counted one by one\n",
	       v->unread.memberships, v->unread.unread, v->unread.messages);
	if (v->url)
		printf("MySQL     at positions %" PRIu64 " to %" PRIu64 ": %" PRIu64
		       " rooms, %" PRIu64 " members, %" PRIu64 " messages, %" PRIu64
		       " rows of the desk (%" PRIu64 " changed since); %" PRIu64
		       " unread columns lag behind, %" PRIu64 " rooms are in quarantine\n",
		       v->mysql.low, v->mysql.high, v->mysql.rooms, v->mysql.members,
		       v->mysql.messages, v->mysql.desk_rows, v->mysql.desk_ahead, v->mysql.lagging,
		       v->mysql.left_out);
	printf("all is equal (%.1f s)\n", seconds(v));
}

static void print_equal_json(const struct verify *v)
{
	char hash[33];
	snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, v->rows.executed.high,
		 v->rows.executed.low);
	json_t *line = json_pack(
		"{s:s, s:i, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:f}", "result", "equal", "code", 0,
		"position", (json_int_t)v->source.last, "covered", (json_int_t)v->covered, "rows",
		(json_int_t)v->rows.rows, "hash", hash, "messages", (json_int_t)v->unread.messages,
		"memberships", (json_int_t)v->unread.memberships, "unread",
		(json_int_t)v->unread.unread, "seconds", seconds(v));
	if (line && v->engine.base)
		json_object_set_new(line, "snapshot", json_integer((json_int_t)v->engine.base));
	if (line && v->desk.engine)
		json_object_set_new(line, "desk",
				    json_pack("{s:I, s:I}", "records",
					      (json_int_t)v->desk.audit.ledger.records, "places",
					      (json_int_t)v->desk.audit.ledger.places));
	if (line && v->url)
		json_object_set_new(line, "mysql",
				    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
					      "low", (json_int_t)v->mysql.low, "high",
					      (json_int_t)v->mysql.high, "rooms",
					      (json_int_t)v->mysql.rooms, "members",
					      (json_int_t)v->mysql.members, "messages",
					      (json_int_t)v->mysql.messages, "desk",
					      (json_int_t)v->mysql.desk_rows, "desk_changed",
					      (json_int_t)v->mysql.desk_ahead, "lagging",
					      (json_int_t)v->mysql.lagging, "quarantined",
					      (json_int_t)v->mysql.left_out));
	record_text_json_line(stdout, line);
}

static void tell(struct verify *v, enum audit_exit code)
{
	if (code == AUDIT_EQUAL && v->json)
		print_equal_json(v);
	else if (code == AUDIT_EQUAL)
		print_equal(v);
	else if (code == v->finding.code)
		finding_print(&v->finding, &v->source, v->source.last, v->json);
	if (code == AUDIT_ROWS && v->rows.differing > 1)
		fprintf(stderr, "parlor-replay: %" PRIu64 " rows differ in all\n",
			v->rows.differing);
	if (code == AUDIT_DESK && v->broken > 1)
		fprintf(stderr, "parlor-replay: %" PRIu64 " times in all\n", v->broken);
}

int verify_main(int argc, char **argv)
{
	struct verify v = {.begun_us = clock_mono_us()};
	struct options_shared shared;
	const struct options_row rows[] = {
		{"tenant", "ID", "differences in its rooms only (default: all)", OPTIONS_TEXT,
		 .into = &v.finding.only},
		{"json", NULL, "the result as one JSON object", OPTIONS_FLAG, .into = &v.json},
		{0},
	};
	const struct options_command command = {
		.name = "verify",
		.operands = "",
		.about = "Re-executes the journal of a data directory, a running broker's or a\n"
			 "copy, and compares: checksums, positions and seqs; the rows on disk;\n"
			 "what is promised of desks (D1 to D9 and D12 of the README, of all\n"
			 "tenants, from a journal that is whole); every unread count with a count\n"
			 "message by message; and with --mysql what the database has. Says the\n"
			 "first difference. Changes nothing; a running broker's file may grow\n"
			 "meanwhile.\n"
			 "exit: 0 all is equal; 2 usage; 3 the journal is damaged; 4 rows differ;\n"
			 "5 an unread count is wrong; 6 the database differs; 7 something cannot\n"
			 "be read; 8 the journal begins behind position 1, and no snapshot of the\n"
			 "state before can be used; or the database is behind the snapshot;\n"
			 "9 a promise of a desk did not hold",
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED | OPTIONS_MYSQL,
		.rows = rows,
	};

	options_parse(&command, &shared, argc, argv);
	v.data = shared.data;
	v.url = shared.mysql;
	enum audit_exit code = check_all(&v);
	tell(&v, code);
	verify_desk_fini(&v.desk);
	engine_fini(&v.engine);
	recovered_fini(&v.recovered);
	source_close(&v.source);
	verify_mysql_close(&v.mysql);
	return (int)code;
}
