/* skeleton-log: the ceiling of floor on the write-ahead log. As the skeleton on LMDB, but each
 * turn's posts are one frame of the log, with one write and one flush. */
#include "bare.h"
#include "bench.h"
#include "fail.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/wal/wal.h"

#include <stdlib.h>
#include <string.h>

struct skeleton {
	struct wal *wal;
	struct buf events; /* of the turn: they are its frame, too */
};

static void append(struct bare_server *s, const struct bare_post *post)
{
	struct skeleton *k = s->ctx;
	struct bare_event event = {.position = s->position, .post = *post};
	buf_put(&k->events, &event, sizeof event);
}

static void commit_and_send(struct bare_server *s)
{
	struct skeleton *k = s->ctx;
	wal_work(k->wal, clock_mono_us());
	while (wal_reserve(k->wal, k->events.len, 1))
		check(wal_wait(k->wal) == PARLOR_E_OK, "no segment could be made");
	wal_append(k->wal, WAL_FRAME_BATCH, 1, buf_span(&k->events));
	check(wal_flush(k->wal) == PARLOR_E_OK, "the log could not be written");
	wal_retire(k->wal, wal_durable(k->wal));
	bare_send_events(s, buf_span(&k->events));
	buf_clear(&k->events);
	bare_send_acks(s);
}

static enum parlor_err take_none(void *ctx, const struct wal_frame *f)
{
	(void)ctx;
	(void)f;
	return PARLOR_E_OK;
}

int serve_skeleton_log(int argc, char **argv)
{
	struct bare_server *s = mem_new(sizeof *s);
	struct skeleton k = {0};
	char why[256];
	check(argc == 1, "serve-skeleton-log wants a directory");
	const struct wal_options options = {.dir = argv[0], .journal_id = 1};
	check(wal_open(&k.wal, &options, take_none, NULL, why, sizeof why) == PARLOR_E_OK, "%s",
	      why);
	check(wal_wait(k.wal) == PARLOR_E_OK, "no segment could be made");
	s->ctx = &k;
	s->take = append;
	s->end_turn = commit_and_send;
	bare_serve(s);
	wal_close(k.wal);
	buf_fini(&k.events);
	free(s);
	return 0;
}

static struct bare_plan plan_of(const struct options *o)
{
	return (struct bare_plan){.scenario = "floor",
				  .system = "skeleton-log",
				  .variant = "",
				  .serve = "serve-skeleton-log",
				  .file = true,
				  .listeners = option_or(o->sessions, 4),
				  .senders = option_or(o->senders, 16)};
}

void skeleton_log_run(const struct options *o, size_t cases, struct report *reports)
{
	struct bare_plan plan = plan_of(o);
	bare_run(o, &plan, cases, reports);
}

void ceiling_skeleton_log(const struct options *o)
{
	struct bare_plan plan = plan_of(o);
	bare_measure(o, &plan);
}
