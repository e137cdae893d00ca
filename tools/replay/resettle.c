#include "resettle.h"

#include "core/reading.h"
#include "core/room_members.h"
#include "mend.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

#define PROGRESS_US 5000000
/* Messages of one time that are compared with one another. */
#define MOMENT_MAX 4096

/* A message of the time at hand. */
struct fingerprint {
	const struct census_room *room;
	uint64_t hash;
};

struct run {
	struct resettle *r;
	struct census_membership *next_membership; /* the first that has not joined */
	struct fingerprint *same_time;
	size_t same_time_len;
	uint64_t same_time_us;
	struct buf body, name, avatar; /* of the message */
	uint64_t said_us;
	enum parlor_err err;
};

static enum parlor_err failed(struct run *run, enum parlor_err err, const char *room,
			      const char *what)
{
	if (err && !run->r->why[0])
		snprintf(run->r->why, sizeof run->r->why, "room %s: %s: %s", room, what,
			 parlor_err_text(err));
	return err;
}

static struct core_call call_of(const struct census_room *room, uint64_t time_us)
{
	return (struct core_call){.tenant = SPAN_TEXT(room->tenant), .now_us = time_us};
}

/* ---- rooms and joins ------------------------------------------------------------ */

static enum parlor_err add_room(struct run *run, struct census_room *room, uint64_t time_us)
{
	const struct core_call call = call_of(room, time_us);
	if (room->imported)
		return PARLOR_E_OK;
	room->imported = true;
	run->r->rooms++;
	/* Everybody has seen everything so far. */
	const struct imported_room record = {
		.id = SPAN_TEXT(room->id), .name = SPAN_TEXT(room->name), .open = true};
	return failed(run, import_room(builder_core(run->r->builder), &call, &record), room->id,
		      "cannot be made");
}

static enum parlor_err add_join(struct run *run, const struct census_membership *membership)
{
	static const struct core_notice silent;
	struct core_room_view view;
	const struct core_call call = call_of(membership->room, membership->joined_us);
	const struct core_member_spec spec = {.id = SPAN_TEXT(membership->member),
					      .type = membership->type,
					      .name = SPAN_TEXT(membership->name),
					      .avatar = SPAN_TEXT(membership->avatar)};
	enum parlor_err err = add_room(run, membership->room, membership->joined_us);
	if (!err)
		err = core_members_add(builder_core(run->r->builder), &call,
				       SPAN_TEXT(membership->room->id), &spec, 1, &silent, &view);
	if (!err)
		err = builder_step(run->r->builder);
	return failed(run, err, membership->room->id, "a member cannot join");
}

static enum parlor_err add_joins(struct run *run, uint64_t until_us)
{
	enum parlor_err err = PARLOR_E_OK;
	while (!err && run->next_membership && run->next_membership->joined_us <= until_us) {
		err = add_join(run, run->next_membership);
		run->next_membership = run->next_membership->hh.next;
	}
	return err;
}

/* ---- messages -------------------------------------------------------------------- */

/* Of two at the same time it may not be known which came first, or whether they are
 * one that was stored twice. */
static void compare_same_time(struct run *run, const struct census_room *room, const char *sender,
			      struct span body, uint64_t time_us)
{
	struct resettle *r = run->r;
	uint64_t hash = hash64_seeded(body.data, body.len, hash64(sender, strlen(sender)));
	bool same_room = false, same = false;
	if (time_us != run->same_time_us)
		run->same_time_len = 0;
	run->same_time_us = time_us;
	for (size_t i = 0; i < run->same_time_len; i++) {
		same_room |= run->same_time[i].room == room;
		same |= run->same_time[i].room == room && run->same_time[i].hash == hash;
	}
	if (same_room && !legacy_ordered(r->legacy))
		findings_add(r->findings, FINDING_no_order, "room %s", room->id);
	if (same)
		findings_add(r->findings, FINDING_alike_messages, "room %s sender %s", room->id,
			     sender);
	if (run->same_time_len < MOMENT_MAX)
		run->same_time[run->same_time_len++] = (struct fingerprint){room, hash};
}

static struct span mended(struct run *run, struct buf *into, struct span raw, size_t max,
			  enum finding too_long, const struct census_room *room)
{
	buf_clear(into);
	struct mend_text found = mend_text(into, raw, max);
	if (found.invalid)
		findings_add(run->r->findings, FINDING_invalid_text, "room %s, a message",
			     room->id);
	if (found.cut)
		findings_add(run->r->findings, too_long, "room %s, a message", room->id);
	if (found.cut && too_long == FINDING_long_avatar)
		buf_clear(into);
	return buf_span(into);
}

static uint8_t type_of(struct run *run, const struct census_room *room,
		       const struct legacy_row *row)
{
	if (row->type == MESSAGE_TYPE_MESSAGE || row->type == MESSAGE_TYPE_NOTICE)
		return (uint8_t)row->type;
	findings_add(run->r->findings, FINDING_message_type, "room %s: %" PRId64, room->id,
		     row->type);
	return MESSAGE_TYPE_MESSAGE;
}

static uint8_t content_type_of(struct run *run, const struct census_room *room,
			       const struct legacy_row *row)
{
	if (row->content_type >= 0 && row->content_type <= 3)
		return (uint8_t)row->content_type;
	findings_add(run->r->findings, FINDING_content_type, "room %s: %" PRId64, room->id,
		     row->content_type);
	return 0;
}

static void judge_sender(struct run *run, const struct census_room *room, const struct mend_id *id)
{
	struct resettle *r = run->r;
	if (id->empty)
		findings_add(r->findings, FINDING_empty_sender, "room %s", room->id);
	else if (!census_membership_of(r->census, room, id->text))
		findings_add(r->findings, FINDING_sender_not_member, "room %s sender %s", room->id,
			     id->text);
}

static enum parlor_err add_message(struct run *run, struct census_room *room,
				   const struct legacy_row *row, uint64_t time_us)
{
	struct mend_id sender;
	struct core_posted posted;
	const struct core_limits *limits = &core_limits_default;
	const struct core_call call = call_of(room, time_us);
	enum parlor_err err = add_room(run, room, time_us);
	if (err)
		return err;
	mend_id(&sender, row->member);
	judge_sender(run, room, &sender);
	compare_same_time(run, room, sender.text, row->body, time_us);
	if (!row->timed)
		findings_add(run->r->findings, FINDING_no_time, "room %s", room->id);
	const struct imported_message message = {
		.room = SPAN_TEXT(room->id),
		.sender = SPAN_TEXT(sender.text),
		.sender_name = mended(run, &run->name, row->name, limits->name_bytes,
				      FINDING_long_name, room),
		.sender_avatar = mended(run, &run->avatar, row->avatar, limits->avatar_bytes,
					FINDING_long_avatar, room),
		.body = mended(run, &run->body, row->body, limits->body_bytes, FINDING_long_body,
			       room),
		.type = type_of(run, room, row),
		.content_type = content_type_of(run, room, row),
	};
	err = builder_message(run->r->builder, &call, &message, &posted);
	if (!err)
		err = builder_step(run->r->builder);
	return failed(run, err, room->id, "a message cannot be taken over");
}

static void say_progress(struct run *run)
{
	if (clock_mono_us() - run->said_us < PROGRESS_US)
		return;
	run->said_us = clock_mono_us();
	log_info("%" PRIu64 " rooms, %" PRIu64 " messages so far", run->r->rooms, run->r->messages);
}

static void take_message(void *arg, const struct legacy_row *row)
{
	struct run *run = arg;
	struct census_room *room = run->err ? NULL : census_room_of(run->r->census, row);
	if (!room)
		return;
	uint64_t time_us = census_time(run->r->census, row);
	run->err = add_joins(run, time_us);
	if (!run->err)
		run->err = add_message(run, room, row, time_us);
	run->r->messages++;
	say_progress(run);
}

/* ---- unread ------------------------------------------------------------------------ */

/* The messages of one room, by seq from 1. */
struct line {
	uint64_t sender;
	bool counts;
};

static struct line *read_lines(struct run *run, const struct core_room_view *room,
			       enum parlor_err *err)
{
	struct line *lines = mem_new((size_t)(room->last_seq + 1) * sizeof *lines);
	for (uint64_t seq = 1; !*err && seq <= room->last_seq; seq++) {
		struct row_message row;
		*err = core_message(builder_core(run->r->builder), room->no, seq, &row);
		if (!*err)
			lines[seq] = (struct line){row.sender, row.counts};
	}
	return lines;
}

/* The seq behind which so many count for the member: there are more of them. */
static uint64_t read_up_to(const struct line *lines, uint64_t last, uint64_t member,
			   uint64_t unread)
{
	uint64_t seq = last;
	for (uint64_t n = 0; n < unread; seq--)
		n += lines[seq].counts && lines[seq].sender != member;
	return seq;
}

static enum parlor_err add_read(struct run *run, const struct census_membership *membership,
				const struct line *lines, uint64_t last_seq)
{
	struct core *core = builder_core(run->r->builder);
	struct core_unread_view view;
	uint64_t member, wanted = membership->unread;
	const struct core_call call = call_of(membership->room, 0);
	struct span room = SPAN_TEXT(membership->room->id), id = SPAN_TEXT(membership->member);
	enum parlor_err err = core_unread(core, &call, room, id, &view);
	if (!err)
		err = core_member_find(core, &call, id, &member);
	if (err)
		return err;
	if (wanted > view.unread) {
		findings_add(run->r->findings, FINDING_unread_too_high,
			     "room %s member %s: %" PRIu64 ", now %" PRIu64, membership->room->id,
			     membership->member, wanted, view.unread);
		wanted = view.unread;
	}
	run->r->unread += wanted;
	if (wanted == view.unread)
		return PARLOR_E_OK;
	err = core_read(core, &call, room, id, read_up_to(lines, last_seq, member, wanted), &view);
	if (!err && view.unread != wanted)
		err = PARLOR_E_STORE_CORRUPT;
	return err ? err : builder_step(run->r->builder);
}

static int by_room(const struct census_membership *a, const struct census_membership *b)
{
	int order = strcmp(a->room->tenant, b->room->tenant);
	return order ? order : strcmp(a->room->id, b->room->id);
}

/* Memberships stand room by room. */
static enum parlor_err add_room_reads(struct run *run, struct census_membership **at)
{
	const struct census_room *room = (*at)->room;
	const struct core_call call = call_of(room, 0);
	struct core_room_view view;
	enum parlor_err err =
		core_room_show(builder_core(run->r->builder), &call, SPAN_TEXT(room->id), &view);
	struct line *lines = err ? NULL : read_lines(run, &view, &err);
	for (; !err && *at && (*at)->room == room; *at = (*at)->hh.next)
		err = add_read(run, *at, lines, view.last_seq);
	free(lines);
	return failed(run, err, room->id, "unread cannot be set");
}

static enum parlor_err tell_reads(struct run *run)
{
	enum parlor_err err = PARLOR_E_OK;
	HASH_SORT(run->r->census->memberships, by_room);
	struct census_membership *at = run->r->census->memberships;
	while (!err && at)
		err = add_room_reads(run, &at);
	return err;
}

enum parlor_err resettle_run(struct resettle *r)
{
	struct run run = {.r = r,
			  .next_membership = r->census->memberships,
			  .same_time = mem_new(MOMENT_MAX * sizeof *run.same_time),
			  .said_us = clock_mono_us()};
	enum parlor_err err = legacy_read(r->legacy, LEGACY_MESSAGE, take_message, &run);
	if (err)
		snprintf(r->why, sizeof r->why, "%s", db_error(r->legacy->db));
	if (!err)
		err = run.err;
	if (!err)
		err = add_joins(&run, UINT64_MAX);
	if (!err)
		err = tell_reads(&run);
	if (!err)
		err = failed(&run, builder_finish(r->builder), "-", "cannot be written");
	free(run.same_time);
	buf_fini(&run.body);
	buf_fini(&run.name);
	buf_fini(&run.avatar);
	return err;
}
