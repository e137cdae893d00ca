#include "core/membership.h"

#include "core/decide.h"
#include "core/index.h"
#include "core/member_row.h"
#include "core/membership_row.h"

#include <stdlib.h>

enum { JOINED, LEFT, CHANGED, KINDS };
static const struct record_kind kinds[KINDS];

bool membership_type_valid(uint8_t type)
{
	return type == MEMBER_TYPE_MANAGER || type == MEMBER_TYPE_MEMBER;
}

enum parlor_err membership_check_specs(struct core *c, const struct core_member_spec *specs,
				       size_t n)
{
	if (n > c->limits.request_members)
		return PARLOR_E_TOO_MANY;
	struct span *ids = decide_id_list(c, n);
	for (size_t i = 0; i < n; i++) {
		enum parlor_err err = decide_id(specs[i].id);
		if (err)
			return err;
		if (!membership_type_valid(specs[i].type))
			return PARLOR_E_VALUE;
		if (specs[i].name.len > c->limits.name_bytes ||
		    specs[i].avatar.len > c->limits.avatar_bytes)
			return PARLOR_E_TOO_LONG;
		ids[i] = specs[i].id;
	}
	return decide_distinct(c, ids, n);
}

/* seen: of what counts up to that seq, all. */
static void emit_joined(struct core *c, const struct room *room, const struct member *m,
			const struct core_member_spec *spec, uint64_t seq, uint64_t seen)
{
	struct record r = {
		.tenant = room->row.tenant,
		.room = room->no,
		.member = m->no,
		.room_id = room->row.id,
		.member_id = m->row.id,
		.membership = {
			.counts = {.counted = room->row.counted, .seen = seen, .read_seq = seq},
			.last_seq = seq,
			.type = spec->type,
			.name = spec->name,
			.avatar = spec->avatar}};
	core_emit(c, &kinds[JOINED], &r);
}

void membership_emit_joined_from(struct core *c, const struct room *room, const struct member *m,
				 const struct core_member_spec *spec, uint64_t seq)
{
	struct row_message msg = {.counted = 0};
	bool found = true;
	enum parlor_err err = seq ? index_message(c, room->no, seq, &msg, &found) : PARLOR_E_OK;
	if (err || !found) {
		core_break(c, err ? err : PARLOR_E_STORE_CORRUPT);
		return;
	}
	emit_joined(c, room, m, spec, seq, msg.counted);
}

enum parlor_err membership_emit_joins(struct core *c, struct tenant *t, struct room *room,
				      const struct core_member_spec *specs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct member *m;
		struct membership *ms;
		enum parlor_err err = member_introduce(c, t, specs[i].id, &m);
		if (!err)
			err = membership_find(c, room, m, &ms);
		if (err) {
			core_break(c, err);
			return err;
		}
		if (ms)
			continue;
		emit_joined(c, room, m, &specs[i], room->row.last_seq, room->row.counted);
	}
	return PARLOR_E_OK;
}

bool membership_is_as(const struct membership *ms, const struct core_member_spec *spec)
{
	return ms->row.type == spec->type && span_equal(ms->row.name, spec->name) &&
	       span_equal(ms->row.avatar, spec->avatar);
}

void membership_emit_left(struct core *c, const struct membership *ms)
{
	struct record r = {.tenant = ms->room->row.tenant,
			   .room = ms->room->no,
			   .member = ms->member->no,
			   .room_id = ms->room->row.id,
			   .member_id = ms->member->row.id};
	core_emit(c, &kinds[LEFT], &r);
}

void membership_emit_changed(struct core *c, const struct membership *ms,
			     const struct core_member_spec *want)
{
	/* The profile moves when it is set: the record must not borrow from it. */
	char *name = mem_text(want->name.data, want->name.len);
	char *avatar = mem_text(want->avatar.data, want->avatar.len);
	struct record r = {.tenant = ms->room->row.tenant,
			   .room = ms->room->no,
			   .member = ms->member->no,
			   .room_id = ms->room->row.id,
			   .member_id = ms->member->row.id,
			   .membership = {.type = want->type,
					  .name = {name, want->name.len},
					  .avatar = {avatar, want->avatar.len}}};
	core_emit(c, &kinds[CHANGED], &r);
	free(name);
	free(avatar);
}

/* ---- where a member is ----------------------------------------------------------- */

struct rooms_scan {
	struct core *core;
	const struct member *member;
	struct core_rooms_range range; /* from: all below have been told */
	core_room_fn *fn;
	void *ctx;
	bool bad;
};

/* Of the rooms below that one those that no row tells of as they are; false: the meter is
 * spent. */
static bool tell_unlisted(struct rooms_scan *scan, uint64_t below)
{
	struct meter *meter = scan->core->engine.meter;
	const struct membership *ms;
	while ((ms = membership_unlisted(scan->member, scan->range.from)) != NULL &&
	       ms->room->no < below) {
		if (meter_spent(meter))
			return false;
		meter_walk(meter, 1);
		scan->range.from = ms->room->no + 1;
		if (!ms->base.gone)
			scan->fn(scan->ctx, topic_room(ms->room->no), ms->row.joined_pos);
	}
	return true;
}

static bool tell_room(void *arg, const void *key, size_t key_len, struct span value)
{
	struct rooms_scan *scan = arg;
	uint64_t room = row_key_tail(key, key_len), joined_pos;
	if (room >= scan->range.to || !tell_unlisted(scan, room))
		return false;
	if (meter_spent(scan->core->engine.meter))
		return false;
	const struct membership *ms = membership_unlisted(scan->member, room);
	/* What was changed since is not in rows as it is. */
	if (ms && ms->room->no == room)
		return true;
	scan->bad = !row_get_number(value, &joined_pos);
	if (scan->bad)
		return false;
	scan->fn(scan->ctx, topic_room(room), joined_pos);
	scan->range.from = room + 1;
	return true;
}

enum parlor_err core_member_rooms(struct core *c, uint64_t member, struct core_rooms_range *range,
				  core_room_fn *fn, void *ctx)
{
	struct rooms_scan scan = {.core = c, .range = *range, .fn = fn, .ctx = ctx};
	struct member *m;
	struct row_key from;
	enum parlor_err err = member_find_no(c, member, &m);
	if (!err && !m)
		err = PARLOR_E_MEMBER_UNKNOWN;
	if (err)
		return err;
	scan.member = m;
	row_key_in_room(&from, member, range->from);
	err = row_engine_scan(&c->engine, &from, ROW_PREFIX, tell_room, &scan);
	if (!err && scan.bad)
		err = PARLOR_E_STORE_CORRUPT;
	if (err)
		return err;
	bool ends = tell_unlisted(&scan, range->to) && !meter_spent(c->engine.meter);
	range->from = ends ? range->to : scan.range.from;
	return PARLOR_E_OK;
}

struct past_scan {
	struct core *core;
	struct core_past_range *range;
	core_past_fn *fn;
	void *ctx;
	bool bad, ends; /* it ends before its time */
};

static bool tell_past(struct past_scan *scan, uint64_t left_pos, struct span value)
{
	struct row_past row;
	if (meter_spent(scan->core->engine.meter))
		return false;
	scan->bad = !row_get_past(value, &row);
	return !scan->bad && scan->fn(scan->ctx, topic_room(row.room), row.joined_pos, left_pos);
}

static bool tell_past_row(void *arg, const void *key, size_t key_len, struct span value)
{
	struct past_scan *scan = arg;
	uint64_t left_pos = row_key_tail(key, key_len);
	if (left_pos >= scan->range->to)
		return false;
	scan->ends = !tell_past(scan, left_pos, value);
	if (!scan->ends)
		scan->range->from = left_pos + 1;
	return !scan->ends;
}

/* Those that no row on disk tells of yet, for they are behind all that do: the last one
 * first. What lands between two pieces is told from its row. */
static void tell_new_past(struct past_scan *scan, const struct member *m)
{
	struct core_past_range *range = scan->range;
	const struct engine *e = &scan->core->engine;
	const struct first_row *f;
	if (range->to == UINT64_MAX)
		range->row = m->past_last;
	while (!scan->ends && (f = first_rows_at(&e->first, range->row)) != NULL) {
		uint64_t left_pos = row_key_tail(f->key.bytes, f->key.len);
		if (left_pos < range->from)
			return;
		scan->ends = !tell_past(scan, left_pos, (struct span){f->value, f->value_len});
		if (scan->ends)
			return;
		meter_walk(e->meter, 1);
		range->to = left_pos;
		range->row = f->before;
	}
}

enum parlor_err core_member_past(struct core *c, uint64_t member, struct core_past_range *range,
				 core_past_fn *fn, void *ctx)
{
	struct past_scan scan = {.core = c, .range = range, .fn = fn, .ctx = ctx};
	struct member *m;
	struct row_key from;
	row_key_past(&from, member, range->from);
	enum parlor_err err = member_find_no(c, member, &m);
	if (!err && m)
		err = row_engine_scan(&c->engine, &from, ROW_PREFIX, tell_past_row, &scan);
	if (!err && m)
		tell_new_past(&scan, m);
	if (!err && scan.bad)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err && !scan.ends)
		range->from = range->to;
	return err;
}

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err apply_joined(struct core *c, const struct record *r)
{
	struct room *room;
	struct member *m = NULL;
	struct membership *ms;
	bool is_new;
	enum parlor_err err = apply_room_row(c, r, &room, &is_new);
	if (!err)
		err = member_find_no(c, r->member, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err && apply_is_first(c, r))
		ms = membership_resident(c, room, m);
	else if (!err)
		err = membership_find(c, room, m, &ms);
	if (err)
		return err;
	if (is_new)
		room->row.members++;
	if (ms)
		return PARLOR_E_OK; /* its row is as of this record or a later one */
	struct row_membership row = {.as_of = r->position,
				     .type = r->membership.type,
				     .seen = r->membership.counts.seen,
				     .read_seq = r->membership.counts.read_seq,
				     .joined_pos = r->position,
				     .joined_seq = r->membership.last_seq,
				     .joined_us = r->time_us,
				     .name = r->membership.name,
				     .avatar = r->membership.avatar};
	membership_add(c, room, m, &row);
	return PARLOR_E_OK;
}

static enum parlor_err apply_left(struct core *c, const struct record *r)
{
	struct room *room;
	struct membership *ms;
	bool is_new;
	enum parlor_err err = apply_room_row(c, r, &room, &is_new);
	if (!err && is_new)
		room->row.members--;
	if (!err)
		err = apply_membership(c, r, room, r->member, &ms);
	if (!err && ms)
		membership_remove(c, ms, r->position);
	return err;
}

static enum parlor_err apply_member_changed(struct core *c, const struct record *r)
{
	struct membership *ms;
	enum parlor_err err = apply_membership_row(c, r, &ms);
	if (!err && ms) {
		ms->row.type = r->membership.type;
		membership_set_profile(c, ms, r->membership.name, r->membership.avatar);
		apply_membership_changed(c, r, ms);
	}
	return err;
}

#define PROFILE                                                       \
	RECORD_FIELD(membership.type), RECORD_FIELD(membership.name), \
		RECORD_FIELD(membership.avatar)

static const struct record_kind kinds[KINDS] = {
	[JOINED] = {.no = RECORD_JOINED,
		    .name = "joined",
		    .fields = FIELDS(RECORD_FIELD(room), RECORD_FIELD(member),
				     RECORD_FIELD(membership.last_seq),
				     RECORD_FIELD(membership.counts.counted),
				     RECORD_FIELD(membership.counts.seen),
				     RECORD_FIELD(membership.counts.read_seq), PROFILE),
		    .apply = apply_joined,
		    RECORD_OF_ROOM,
		    .moves = MOVES_IN,
		    .counts = RECORD_COUNTS(membership.counts)},
	[LEFT] = {.no = RECORD_LEFT,
		  .name = "left",
		  .fields = FIELDS(RECORD_FIELD(room), RECORD_FIELD(member)),
		  .apply = apply_left,
		  RECORD_OF_ROOM,
		  .moves = MOVES_OUT},
	[CHANGED] = {.no = RECORD_MEMBER_CHANGED,
		     .name = "member changed",
		     .fields = FIELDS(RECORD_FIELD(room), RECORD_FIELD(member), PROFILE),
		     .apply = apply_member_changed,
		     RECORD_OF_ROOM,
		     .moves = MOVES_NOBODY},
};
const struct record_noun membership_records = RECORD_NOUN(kinds);
