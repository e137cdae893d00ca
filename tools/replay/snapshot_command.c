#include "snapshot_command.h"

#include "audit/finding.h"
#include "audit/recovered.h"
#include "interrupt.h"
#include "options.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define EVERY_MAX 86400

struct round {
	const char *dir;
	bool from_rows;
	struct source source;
	struct engine engine;
	struct recovered recovered;
	struct snapshot snapshot;
	uint64_t position;
	uint64_t begun_us;
	bool unchanged;
};

/* NOT_FOUND: the rows have come to their end. */
static enum parlor_err failed(struct round *r, enum parlor_err err)
{
	if (!err || err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	return source_fault(&r->source, err, 0, "%s: the snapshot cannot be written: %s", r->dir,
			    parlor_err_text(err));
}

/* ---- by re-execution ------------------------------------------------------------- */

static enum parlor_err execute(struct round *r)
{
	enum parlor_err err = engine_init(&r->engine, &r->source);
	engine_prefer_snapshot(&r->engine);
	r->position = r->source.last;
	if (!err)
		err = engine_start(&r->engine, r->position);
	r->unchanged = !err && r->engine.base == r->position;
	if (err || r->unchanged)
		return err;
	err = engine_run(&r->engine, r->position, NULL, NULL);
	return err ? err : engine_settle(&r->engine);
}

static enum parlor_err put_executed(struct round *r, enum row_table table)
{
	struct pager rows;
	struct span key, value;
	enum parlor_err err;
	pager_init(&rows, engine_rows(&r->engine), table);
	while (!(err = pager_next(&rows, &key, &value)))
		snapshot_put(&r->snapshot, table, key, value);
	pager_fini(&rows);
	return failed(r, err);
}

/* ---- from the rows on disk ------------------------------------------------------- */

static enum parlor_err recover(struct round *r)
{
	enum parlor_err err = source_hold(&r->source);
	r->position = r->source.last;
	return err ? err : recovered_init(&r->recovered, &r->source);
}

static enum parlor_err put_recovered(struct round *r, enum row_table table)
{
	struct recovered_walk rows;
	struct span key, value;
	enum parlor_err err;
	recovered_walk_init(&rows, &r->recovered, table);
	while (!(err = recovered_next(&rows, &key, &value)))
		snapshot_put(&r->snapshot, table, key, value);
	recovered_walk_fini(&rows);
	return failed(r, err);
}

/* ---- one snapshot ---------------------------------------------------------------- */

static enum parlor_err write_all(struct round *r)
{
	struct snapshot_head head = {.journal_id = store_journal_id(r->source.store),
				     .position = r->position};
	enum parlor_err err = source_digest(&r->source, r->position, &head.digest);
	if (!err)
		err = failed(r, snapshot_create(&r->snapshot, r->dir, &head));
	for (int table = 0; !err && table < ROW_TABLES; table++)
		err = r->from_rows ? put_recovered(r, (enum row_table)table)
				   : put_executed(r, (enum row_table)table);
	return err ? err : failed(r, snapshot_commit(&r->snapshot));
}

static void tell(const struct round *r)
{
	printf("snapshot of position %" PRIu64 ", %" PRIu64 " rows (%.1f s)\n", r->position,
	       r->snapshot.head.rows, (double)(clock_mono_us() - r->begun_us) / 1e6);
	fflush(stdout);
}

/* taken: the position of the one that this process took before, or 0. */
static enum audit_exit take(const char *dir, bool from_rows, uint64_t *taken)
{
	struct round r = {.dir = dir, .from_rows = from_rows, .begun_us = clock_mono_us()};
	enum parlor_err err = source_open(&r.source, dir);
	r.unchanged = !err && r.source.last == *taken;
	if (!err && !r.unchanged)
		err = from_rows ? recover(&r) : execute(&r);
	if (!err && !r.unchanged)
		err = write_all(&r);
	if (err)
		fprintf(stderr, "parlor-replay: %s\n", r.source.why);
	if (!err && !r.unchanged) {
		tell(&r);
		*taken = r.position;
	}
	snapshot_close(&r.snapshot);
	recovered_fini(&r.recovered);
	engine_fini(&r.engine);
	source_close(&r.source);
	if (err == PARLOR_E_NOT_FOUND)
		return AUDIT_TRIMMED;
	return err ? audit_exit_of(err) : AUDIT_EQUAL;
}

int snapshot_main(int argc, char **argv)
{
	uint64_t every = 0, taken = 0;
	bool from_rows = false;
	struct options_shared shared;
	const struct options_row rows[] = {
		{"every", "SECONDS",
		 "go on, with one so often; nothing is written while nothing\n"
		 "happens (default: once)",
		 OPTIONS_NUMBER, .into = &every, .min = 1, .max = EVERY_MAX},
		{"from-rows", NULL,
		 "trust the rows on disk instead: where the journal was trimmed and\n"
		 "there is no snapshot to begin with",
		 OPTIONS_FLAG, .into = &from_rows},
		{0},
	};
	const struct options_command command = {
		.name = "snapshot",
		.operands = "",
		.about =
			"Re-executes the journal of a data directory, a running broker's or a\n"
			"copy, from its snapshot on, and puts the state at its end in the place\n"
			"of that: DIR/snapshot. A broker with history.snapshots lets records go\n"
			"that a snapshot has; verify begins with it then.\n"
			"exit: 0 done; 2 usage; 3 the journal is damaged; 7 something cannot be\n"
			"read or written; 8 the journal begins behind position 1, and no snapshot\n"
			"of the state before can be used",
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED,
		.rows = rows,
	};

	options_parse(&command, &shared, argc, argv);
	if (every)
		interrupt_catch();
	for (;;) {
		enum audit_exit code = take(shared.data, from_rows, &taken);
		if (code || !every || interrupted())
			return (int)code;
		from_rows = false;
		(void)nanosleep(&(struct timespec){.tv_sec = (time_t)every}, NULL);
		if (interrupted())
			return AUDIT_EQUAL;
	}
}
