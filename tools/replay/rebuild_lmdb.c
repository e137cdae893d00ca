#include "rebuild_lmdb.h"

#include "handover.h"
#include "migrate.h"
#include "rebuild_desk.h"
#include "staging.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define PROGRESS_US 5000000

enum parlor_err rebuild_misfit(struct rebuild *r, const struct history_row *f, const char *format,
			       ...)
{
	char what[160];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	snprintf(r->why, sizeof r->why, "the tables do not fit together: tenant %s room %s%s%s: %s",
		 (const char *)f->tenant.data, (const char *)f->room.data,
		 f->member.len ? " member " : "", (const char *)f->member.data, what);
	return PARLOR_E_VALUE;
}

/* ---- one row ----------------------------------------------------------------- */

/* The core is given texts that were checked where they came in. */
static enum parlor_err check_texts(struct rebuild *r, const struct history_row *f)
{
	const struct {
		const char *what;
		struct span text;
	} texts[] = {
		{"tenant", f->tenant},       {"room", f->room},         {"member", f->member},
		{"name", f->name},           {"avatar", f->avatar},     {"body", f->body},
		{"client id", f->client_id}, {"mentions", f->mentions},
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (!text_valid(texts[i].text.data, texts[i].text.len))
			return rebuild_misfit(r, f,
					      "at seq %" PRIu64 " there is no UTF-8 in its %s",
					      f->seq, texts[i].what);
	return PARLOR_E_OK;
}

static void add(void *arg, const struct history_row *f)
{
	struct rebuild *r = arg;
	if (r->err)
		return;
	r->err = check_texts(r, f);
	if (!r->err)
		r->err = f->source->rebuild(r, f);
	if (!r->err)
		r->err = builder_step(r->builder);
	if (r->err && !r->why[0])
		rebuild_misfit(r, f, "%s", parlor_err_text(r->err));
	if (clock_mono_us() - r->said_us < PROGRESS_US)
		return;
	r->said_us = clock_mono_us();
	log_info("%" PRIu64 " rooms, %" PRIu64 " messages so far", r->counts.rooms,
		 r->counts.messages);
}

/* ---- all of it ------------------------------------------------------------------ */

static enum parlor_err say_db(const struct db *db, enum parlor_err err, char *why)
{
	if (err)
		snprintf(why, REBUILD_WHY_MAX, "%s",
			 *db_error(db) ? db_error(db) : parlor_err_text(err));
	return err;
}

static enum parlor_err check_database(const struct rebuild_lmdb *o, struct handover *h, char *why)
{
	uint64_t others = 0;
	enum parlor_err err = migrate_check(o->db, why);
	if (err)
		return err;
	err = handover_begin(h, o->db);
	if (!err && !o->force)
		err = handover_others(o->db, &others);
	if (err)
		return say_db(o->db, err, why);
	if (others)
		snprintf(why, REBUILD_WHY_MAX,
			 "%" PRIu64 " other sessions use the database: stop the broker and its "
			 "workers first, or say --force",
			 others);
	else if (h->owners > 1 && !o->force)
		snprintf(why, REBUILD_WHY_MAX,
			 "%u brokers write to the database; --force makes one directory of all "
			 "their rooms",
			 h->owners);
	else
		return PARLOR_E_OK;
	return PARLOR_E_CONFIG;
}

static enum parlor_err add_all(const struct rebuild_lmdb *o, struct rebuild *r)
{
	enum parlor_err err = rebuild_desk_rows(o->db, r);
	if (!err)
		err = history_read(o->db, add, r);
	if (r->err)
		return r->err;
	if (err)
		return say_db(o->db, err, r->why);
	err = builder_finish(r->builder);
	if (!err) {
		builder_set_mark(r->builder);
		err = rebuild_desk_withdraw(r);
	}
	if (!err)
		err = builder_finish(r->builder);
	if (err)
		snprintf(r->why, sizeof r->why, "%s", parlor_err_text(err));
	return err;
}

static enum parlor_err build(const struct rebuild_lmdb *o, const struct handover *h,
			     const char *path, struct rebuild *r)
{
	uint32_t partitions = o->partitions   ? o->partitions
			      : h->partitions ? h->partitions
					      : BUILDER_PARTITIONS_DEFAULT;
	enum parlor_err err = builder_open(&r->builder, path, partitions, r->why, sizeof r->why);
	if (!err)
		err = add_all(o, r);
	if (err)
		return err;
	err = handover_finish(h, o->db, r->builder);
	if (err == PARLOR_E_DB_FENCED)
		snprintf(r->why, sizeof r->why,
			 "a worker wrote to the database meanwhile: a broker is still running");
	else if (err)
		say_db(o->db, err, r->why);
	return err;
}

static void say_done(const struct rebuild_lmdb *o, const struct rebuild_counts *c,
		     uint64_t journal_id, uint64_t records)
{
	if (!o->json) {
		printf("rooms       %" PRIu64 " with %" PRIu64 " memberships\n", c->rooms,
		       c->memberships);
		printf("members     %" PRIu64 "\n", c->members);
		printf("messages    %" PRIu64 ", %" PRIu64 " of them recalled\n", c->messages,
		       c->recalled);
		if (c->desk_rows)
			printf("desk        %" PRIu64 " rows, %" PRIu64 " conversations\n",
			       c->desk_rows, c->conversations);
		printf("journal     %" PRIu64 " records, number %" PRIu64 "\n", records,
		       journal_id);
		printf("%s is ready, and the database follows it\n", o->dir);
		return;
	}
	printf("{\"rooms\":%" PRIu64 ",\"memberships\":%" PRIu64 ",\"members\":%" PRIu64
	       ",\"messages\":%" PRIu64 ",\"recalled\":%" PRIu64 ",\"desk_rows\":%" PRIu64
	       ",\"conversations\":%" PRIu64 ",\"records\":%" PRIu64 ",\"journal\":%" PRIu64 "}\n",
	       c->rooms, c->memberships, c->members, c->messages, c->recalled, c->desk_rows,
	       c->conversations, records, journal_id);
}

int rebuild_lmdb(const struct rebuild_lmdb *o)
{
	struct handover handover = {0};
	struct staging staging = {.path = ""};
	struct rebuild r = {.said_us = clock_mono_us()};
	uint64_t journal_id = 0, records = 0;
	enum parlor_err err = staging_begin(&staging, o->dir, r.why, sizeof r.why);
	if (!err)
		err = check_database(o, &handover, r.why);
	if (!err)
		err = build(o, &handover, staging.path, &r);
	if (!err) {
		journal_id = builder_journal_id(r.builder);
		records = store_last(builder_store(r.builder));
	}
	builder_close(r.builder);
	if (!err)
		err = staging_publish(&staging, r.why, sizeof r.why);
	if (!err)
		say_done(o, &r.counts, journal_id, records);
	else
		fprintf(stderr, "parlor-replay: %s (%s)\n", r.why, parlor_err_name(err));
	staging_abort(&staging);
	handover_fini(&handover);
	return err ? 1 : 0;
}
