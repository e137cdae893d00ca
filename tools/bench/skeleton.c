/* skeleton: the ceiling of floor on this machine. Each post is appended to a
 * journal in LMDB, one commit a turn, one frame of answers a sender, one shared
 * frame of the turn's posts for all listeners. */
#include "bare.h"
#include "bench.h"
#include "fail.h"

#include "base/mem.h"

#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#define MAP_BYTES (UINT64_C(64) << 30)

struct skeleton {
	MDB_env *env;
	MDB_dbi journal;
	MDB_txn *txn; /* of the turn */
	struct buf events;
};

static void must(int rc, const char *what)
{
	check(rc == 0, "%s: %s", what, mdb_strerror(rc));
}

static void append(struct bare_server *s, const struct bare_post *post)
{
	struct skeleton *k = s->ctx;
	struct bare_event event = {.position = s->position, .post = *post};
	MDB_val key = {sizeof s->position, &s->position};
	MDB_val value = {sizeof event, &event};
	if (!k->txn)
		must(mdb_txn_begin(k->env, NULL, 0, &k->txn), "begin");
	must(mdb_put(k->txn, k->journal, &key, &value, MDB_APPEND), "put");
	buf_put(&k->events, &event, sizeof event);
}

static void commit_and_send(struct bare_server *s)
{
	struct skeleton *k = s->ctx;
	must(mdb_txn_commit(k->txn), "commit");
	k->txn = NULL;
	bare_send_events(s, buf_span(&k->events));
	buf_clear(&k->events);
	bare_send_acks(s);
}

int serve_skeleton(int argc, char **argv)
{
	struct bare_server *s = mem_new(sizeof *s);
	struct skeleton k = {0};
	check(argc == 1, "serve-skeleton wants a file");
	must(mdb_env_create(&k.env), "env");
	must(mdb_env_set_mapsize(k.env, MAP_BYTES), "map size");
	must(mdb_env_open(k.env, argv[0], MDB_NOSUBDIR, 0600), argv[0]);
	must(mdb_txn_begin(k.env, NULL, 0, &k.txn), "begin");
	must(mdb_dbi_open(k.txn, NULL, MDB_INTEGERKEY, &k.journal), "open");
	must(mdb_txn_commit(k.txn), "commit");
	k.txn = NULL;
	s->ctx = &k;
	s->take = append;
	s->end_turn = commit_and_send;
	bare_serve(s);
	mdb_env_close(k.env);
	buf_fini(&k.events);
	free(s);
	return 0;
}

static struct bare_plan plan_of(const struct options *o)
{
	return (struct bare_plan){.scenario = "floor",
				  .system = "skeleton",
				  .variant = "",
				  .serve = "serve-skeleton",
				  .file = true,
				  .listeners = option_or(o->sessions, 4),
				  .senders = option_or(o->senders, 16)};
}

void skeleton_run(const struct options *o, size_t cases, struct report *reports)
{
	struct bare_plan plan = plan_of(o);
	bare_run(o, &plan, cases, reports);
}

void ceiling_skeleton(const struct options *o)
{
	struct bare_plan plan = plan_of(o);
	bare_measure(o, &plan);
}
