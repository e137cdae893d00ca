#include "rebuild_lmdb.h"

#include "builder.h"
#include "core/label.h"
#include "core/reading.h"
#include "core/room_members.h"
#include "handover.h"
#include "history.h"
#include "migrate.h"
#include "staging.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#define WHY_MAX 512
#define PROGRESS_US 5000000

struct told_counts {
	uint64_t rooms, memberships, members, messages, recalled;
};

struct telling {
	struct builder *builder;
	enum parlor_err err; /* of the first fact that did not fit */
	char why[WHY_MAX];
	struct told_counts counts;
	uint64_t said_us;
};

__attribute__((format(printf, 3, 4))) static enum parlor_err
misfit(struct telling *t, const struct history_fact *f, const char *format, ...)
{
	char what[160];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	snprintf(t->why, sizeof t->why, "the tables do not fit together: tenant %s room %s%s%s: %s",
		 (const char *)f->tenant.data, (const char *)f->room.data,
		 f->member.len ? " member " : "", (const char *)f->member.data, what);
	return PARLOR_E_VALUE;
}

static struct core_call call_of(const struct history_fact *f)
{
	return (struct core_call){.tenant = f->tenant, .now_us = f->time_us};
}

/* ---- one fact ----------------------------------------------------------------- */

static enum parlor_err tell_room(struct telling *t, const struct history_fact *f)
{
	const struct core_call call = call_of(f);
	t->counts.rooms++;
	return core_import_room(builder_core(t->builder), &call,
				&(struct core_imported_room){.id = f->room,
							     .name = f->name,
							     .open = f->of_room.open != 0});
}

/* Borrowed from the list, which is NULL when it is no list of texts. */
static size_t read_mentions(json_t *list, struct span *mentions)
{
	size_t n = 0, index;
	json_t *item;
	json_array_foreach(list, index, item) if (json_is_string(item) && n < RECORD_MENTIONS_MAX)
		mentions[n++] = (struct span){json_string_value(item), json_string_length(item)};
	return n;
}

static enum parlor_err tell_message(struct telling *t, const struct history_fact *f)
{
	struct span mentions[RECORD_MENTIONS_MAX];
	struct core_posted posted;
	const struct core_call call = call_of(f);
	json_t *list =
		f->mentions.data ? json_loadb(f->mentions.data, f->mentions.len, 0, NULL) : NULL;
	const struct core_imported_message told = {
		.room = f->room,
		.sender = f->member,
		.sender_name = f->name,
		.sender_avatar = f->avatar,
		.client_id = f->client_id,
		.body = f->body,
		.type = (uint8_t)f->of_message.type,
		.content_type = (uint8_t)f->of_message.content_type,
		.recalled = f->of_message.recalled != 0,
		.mentions = mentions,
		.mentions_len = read_mentions(list, mentions),
	};
	enum parlor_err err = builder_message(t->builder, &call, &told, &posted);
	json_decref(list);
	t->counts.messages++;
	t->counts.recalled += told.recalled;
	if (!err && posted.seq != f->seq)
		err = misfit(t, f, "message %" PRIu64 " stands where %" PRIu64 " is expected",
			     f->seq, posted.seq);
	return err;
}

static enum parlor_err tell_join(struct telling *t, const struct history_fact *f)
{
	static const struct core_notice silent;
	struct core_room_view room;
	const struct core_call call = call_of(f);
	const struct core_member_spec spec = {.id = f->member,
					      .type = (uint8_t)f->of_join.type,
					      .name = f->name,
					      .avatar = f->avatar};
	t->counts.memberships++;
	enum parlor_err err = core_members_add(builder_core(t->builder), &call, f->room, &spec, 1,
					       &silent, &room);
	if (!err && room.last_seq != f->seq)
		err = misfit(t, f, "joined behind message %" PRIu64 ", which is number %" PRIu64,
			     f->seq, room.last_seq);
	return err;
}

static enum parlor_err tell_read(struct telling *t, const struct history_fact *f)
{
	struct core *core = builder_core(t->builder);
	struct core_room_view room;
	struct core_unread_view view;
	const struct core_call call = call_of(f);
	enum parlor_err err =
		f->of_read.read_seq
			? core_read(core, &call, f->room, f->member, f->of_read.read_seq, &view)
			: core_unread(core, &call, f->room, f->member, &view);
	if (!err)
		err = core_room_show(core, &call, f->room, &room);
	if (!err &&
	    (view.read_seq != f->of_read.read_seq || room.counted - view.unread != f->of_read.seen))
		err = misfit(t, f,
			     "read up to %" PRIu64 ", seen %" PRIu64 "; by the messages %" PRIu64
			     ", %" PRIu64,
			     f->of_read.read_seq, f->of_read.seen, view.read_seq,
			     room.counted - view.unread);
	return err;
}

static enum parlor_err tell_label(struct telling *t, const struct history_fact *f)
{
	struct core_room_view room;
	const struct core_call call = call_of(f);
	const struct core_labels_change change = {.add = &f->member, .add_len = 1};
	return core_labels_change(builder_core(t->builder), &call, f->room, &change, &room);
}

static enum parlor_err tell_end(struct telling *t, const struct history_fact *f)
{
	static const struct core_notice silent;
	struct core *core = builder_core(t->builder);
	struct core_room_view room;
	const struct core_call call = call_of(f);
	enum parlor_err err = core_room_show(core, &call, f->room, &room);
	if (!err && (room.last_seq != f->of_end.last_seq || room.counted != f->of_end.counted))
		return misfit(t, f,
			      "its row says %" PRIu64 " messages, %" PRIu64
			      " counted; there are %" PRIu64 ", %" PRIu64,
			      f->of_end.last_seq, f->of_end.counted, room.last_seq, room.counted);
	if (!err && f->of_end.state != ROOM_STATE_OPEN)
		err = core_room_set_state(core, &call, f->room, (uint8_t)f->of_end.state, &silent,
					  &room);
	return err;
}

static enum parlor_err tell_seen(struct telling *t, const struct history_fact *f)
{
	uint64_t no;
	const struct core_call call = call_of(f);
	t->counts.members++;
	return f->of_seen.known
		       ? core_import_last_seen(builder_core(t->builder), &call, f->member)
		       : core_member_intern(builder_core(t->builder), &call, f->member, &no);
}

static enum parlor_err (*const tellers[HISTORY_KINDS])(struct telling *,
						       const struct history_fact *) = {
	[HISTORY_ROOM] = tell_room,   [HISTORY_MESSAGE] = tell_message, [HISTORY_JOIN] = tell_join,
	[HISTORY_READ] = tell_read,   [HISTORY_END] = tell_end,         [HISTORY_SEEN] = tell_seen,
	[HISTORY_LABEL] = tell_label,
};

/* The core is given texts that were checked where they came in. */
static enum parlor_err check_texts(struct telling *t, const struct history_fact *f)
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
			return misfit(t, f, "at seq %" PRIu64 " there is no UTF-8 in its %s",
				      f->seq, texts[i].what);
	return PARLOR_E_OK;
}

static void tell(void *arg, const struct history_fact *f)
{
	struct telling *t = arg;
	if (t->err)
		return;
	t->err = check_texts(t, f);
	if (!t->err)
		t->err = tellers[f->kind](t, f);
	if (!t->err)
		t->err = builder_step(t->builder);
	if (t->err && !t->why[0])
		misfit(t, f, "%s", parlor_err_text(t->err));
	if (clock_mono_us() - t->said_us < PROGRESS_US)
		return;
	t->said_us = clock_mono_us();
	log_info("%" PRIu64 " rooms, %" PRIu64 " messages so far", t->counts.rooms,
		 t->counts.messages);
}

/* ---- all of it ------------------------------------------------------------------ */

static enum parlor_err say_db(const struct db *db, enum parlor_err err, char *why)
{
	if (err)
		snprintf(why, WHY_MAX, "%s", *db_error(db) ? db_error(db) : parlor_err_text(err));
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
		snprintf(why, WHY_MAX,
			 "%" PRIu64 " other sessions use the database: stop the broker and its "
			 "workers first, or say --force",
			 others);
	else if (h->owners > 1 && !o->force)
		snprintf(why, WHY_MAX,
			 "%u brokers write to the database; --force makes one directory of all "
			 "their rooms",
			 h->owners);
	else
		return PARLOR_E_OK;
	return PARLOR_E_CONFIG;
}

static enum parlor_err tell_all(const struct rebuild_lmdb *o, struct telling *t)
{
	enum parlor_err err = history_read(o->db, tell, t);
	if (t->err)
		return t->err;
	if (err)
		return say_db(o->db, err, t->why);
	err = builder_finish(t->builder);
	if (err)
		snprintf(t->why, sizeof t->why, "%s", parlor_err_text(err));
	return err;
}

static enum parlor_err build(const struct rebuild_lmdb *o, const struct handover *h,
			     const char *path, struct telling *t)
{
	uint32_t partitions = o->partitions   ? o->partitions
			      : h->partitions ? h->partitions
					      : BUILDER_PARTITIONS_DEFAULT;
	enum parlor_err err = builder_open(&t->builder, path, partitions, t->why, sizeof t->why);
	if (!err)
		err = tell_all(o, t);
	if (err)
		return err;
	err = handover_finish(h, o->db, t->builder);
	if (err == PARLOR_E_DB_FENCED)
		snprintf(t->why, sizeof t->why,
			 "a worker wrote to the database meanwhile: a broker is still running");
	else if (err)
		say_db(o->db, err, t->why);
	return err;
}

static void say_done(const struct rebuild_lmdb *o, const struct told_counts *c, uint64_t journal_id,
		     uint64_t records)
{
	if (!o->json) {
		printf("rooms       %" PRIu64 " with %" PRIu64 " memberships\n", c->rooms,
		       c->memberships);
		printf("members     %" PRIu64 "\n", c->members);
		printf("messages    %" PRIu64 ", %" PRIu64 " of them recalled\n", c->messages,
		       c->recalled);
		printf("journal     %" PRIu64 " records, number %" PRIu64 "\n", records,
		       journal_id);
		printf("%s is ready, and the database follows it\n", o->dir);
		return;
	}
	printf("{\"rooms\":%" PRIu64 ",\"memberships\":%" PRIu64 ",\"members\":%" PRIu64
	       ",\"messages\":%" PRIu64 ",\"recalled\":%" PRIu64 ",\"records\":%" PRIu64
	       ",\"journal\":%" PRIu64 "}\n",
	       c->rooms, c->memberships, c->members, c->messages, c->recalled, records, journal_id);
}

int rebuild_lmdb(const struct rebuild_lmdb *o)
{
	struct handover handover = {0};
	struct staging staging = {.path = ""};
	struct telling t = {.said_us = clock_mono_us()};
	uint64_t journal_id = 0, records = 0;
	enum parlor_err err = staging_begin(&staging, o->dir, t.why, sizeof t.why);
	if (!err)
		err = check_database(o, &handover, t.why);
	if (!err)
		err = build(o, &handover, staging.path, &t);
	if (!err) {
		journal_id = builder_journal_id(t.builder);
		records = store_last(builder_store(t.builder));
	}
	builder_close(t.builder);
	if (!err)
		err = staging_publish(&staging, t.why, sizeof t.why);
	if (!err)
		say_done(o, &t.counts, journal_id, records);
	else
		fprintf(stderr, "parlor-replay: %s (%s)\n", t.why, parlor_err_name(err));
	staging_abort(&staging);
	handover_fini(&handover);
	return err ? 1 : 0;
}
