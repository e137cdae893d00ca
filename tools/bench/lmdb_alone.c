/* lmdb: LMDB alone, in this process: records of the size of floor's appended,
 * so many to a commit, each commit flushed. */
#include "bench.h"
#include "fail.h"
#include "load.h"
#include "report.h"
#include "rig.h"
#include "stage.h"

#include "base/mem.h"

#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#define MAP_BYTES (UINT64_C(64) << 30)
#define RECORD_BYTES 260

static const uint64_t batches[] = {1, 16, 256, 1024};
#define BATCHES (sizeof batches / sizeof batches[0])

static void must(int rc, const char *what)
{
	check(rc == 0, "%s: %s", what, mdb_strerror(rc));
}

static void append(MDB_env *env, MDB_dbi journal, uint64_t *position, uint64_t n)
{
	char record[RECORD_BYTES];
	MDB_txn *txn;
	memset(record, 'x', sizeof record);
	must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
	for (uint64_t i = 0; i < n; i++) {
		++*position;
		MDB_val key = {sizeof *position, position};
		MDB_val value = {sizeof record, record};
		must(mdb_put(txn, journal, &key, &value, MDB_APPEND), "put");
	}
	must(mdb_txn_commit(txn), "commit");
}

static void run(const struct options *o, uint64_t batch, struct report *report)
{
	struct rig rig;
	char file[RIG_PATH_MAX];
	MDB_env *env;
	MDB_dbi journal;
	MDB_txn *txn;
	struct row row = {0};
	struct histogram *times = mem_new(sizeof *times);
	uint64_t position = 0, measure_ns = stage_plan_of(o, 1).measure_ns;
	rig_init(&rig, o);
	rig_path(&rig, file, "journal");
	must(mdb_env_create(&env), "env");
	must(mdb_env_set_mapsize(env, MAP_BYTES), "map size");
	must(mdb_env_open(env, file, MDB_NOSUBDIR, 0600), file);
	must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
	must(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &journal), "open");
	must(mdb_txn_commit(txn), "commit");
	uint64_t own = usage_own_ns(), began = load_now_ns(), now = began;
	while (now - began < measure_ns) {
		append(env, journal, &position, batch);
		uint64_t then = now;
		now = load_now_ns();
		histogram_add(times, now - then);
		fail_if_interrupted();
	}
	double seconds = (double)(now - began) / 1e9;
	row_set(&row, "in_flight", (double)batch);
	row_set(&row, "acks_per_s", (double)position / seconds);
	row_set(&row, "commits_per_s", (double)times->count / seconds);
	row_times(&row, "", times);
	row_set(&row, "cpu_us_per_post", (double)(usage_own_ns() - own) / 1e3 / (double)position);
	report_run(report, &row);
	mdb_env_close(env);
	rig_fini(&rig);
	free(times);
}

void ceiling_lmdb(const struct options *o)
{
	struct report *report = mem_new(sizeof *report);
	for (size_t i = 0; i < BATCHES; i++) {
		report_begin(report, o->json, "floor", "lmdb", "");
		for (uint64_t n = 0; n < option_or(o->runs, RUNS_DEFAULT); n++)
			run(o, o->in_flight ? o->in_flight : batches[i], report);
		report_end(report);
		if (o->in_flight)
			break;
	}
	free(report);
}
