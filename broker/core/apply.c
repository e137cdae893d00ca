/* Records into state. Nothing is decided here: every value is in the record,
 * and a row that is as of a later record is left alone. */
#include "core/index.h"
#include "core/tables.h"

#include <assert.h>
#include <string.h>

/* The room of a record, and whether its row does not contain the record yet. */
static enum parlor_err room_of(struct core *c, const struct record *r, struct room **room,
			       bool *news)
{
	enum parlor_err err = tables_room_no(c, r->room, room);
	if (!err && !*room)
		err = PARLOR_E_STORE_CORRUPT;
	if (err)
		return err;
	*news = (*room)->row.as_of < r->position;
	if (*news) {
		(*room)->row.as_of = r->position;
		tables_touch_room(c, *room);
	}
	return PARLOR_E_OK;
}

/* NULL when it is not there, or as of this record or a later one already. */
static enum parlor_err membership_of(struct core *c, const struct record *r, struct room *room,
				     uint64_t member_no, struct membership **ms)
{
	struct member *m = NULL;
	*ms = NULL;
	if (!member_no)
		return PARLOR_E_OK;
	enum parlor_err err = tables_member_no(c, member_no, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		err = tables_membership(c, room, m, ms);
	if (err)
		return err;
	if (*ms && (*ms)->row.as_of >= r->position)
		*ms = NULL;
	return PARLOR_E_OK;
}

static void membership_changed(struct core *c, const struct record *r, struct membership *ms)
{
	ms->row.as_of = r->position;
	tables_touch_membership(c, ms);
}

static enum parlor_err apply_boot(struct core *c, const struct record *r)
{
	if (c->state.run < r->run)
		c->state.run = r->run;
	return PARLOR_E_OK;
}

static enum parlor_err apply_tenant(struct core *c, const struct record *r)
{
	struct tenant *t;
	enum parlor_err err = tables_tenant(c, r->tenant_id, &t);
	if (err)
		return err;
	if (!t) {
		tables_add_tenant(c, r->tenant, r->tenant_id);
		tables_new_name(c, 'T', 0, r->tenant_id, r->tenant);
	}
	if (c->state.tenants < r->tenant)
		c->state.tenants = r->tenant;
	return PARLOR_E_OK;
}

static enum parlor_err apply_member(struct core *c, const struct record *r)
{
	struct member *m;
	enum parlor_err err = tables_member_no(c, r->member, &m);
	if (err)
		return err;
	if (!m) {
		struct row_member row = {.as_of = r->position,
					 .tenant = r->tenant,
					 .presence = PRESENCE_IS_OFFLINE,
					 .id = r->member_id};
		m = tables_add_member(c, r->member, &row);
		m->all_rooms = true;
		tables_touch_member(c, m);
		tables_new_name(c, 'M', r->tenant, r->member_id, r->member);
	}
	if (c->state.members < r->member)
		c->state.members = r->member;
	return PARLOR_E_OK;
}

static enum parlor_err warm(struct core *c, struct room *room)
{
	struct tenant *t;
	enum parlor_err err = tables_tenant_no(c, room->row.tenant, &t);
	if (!err && !t)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		tables_warm(t, room);
	return err;
}

static enum parlor_err apply_room_created(struct core *c, const struct record *r)
{
	struct room *room;
	enum parlor_err err = tables_room_no(c, r->room, &room);
	if (err)
		return err;
	if (c->state.rooms < r->room)
		c->state.rooms = r->room;
	if (room)
		return PARLOR_E_OK;
	struct row_room row = {.as_of = r->position,
			       .tenant = r->tenant,
			       .state = ROOM_STATE_OPEN,
			       .open = r->open,
			       .created_us = r->time_us,
			       .active_us = r->time_us,
			       .active_pos = r->position,
			       .content = r->content,
			       .id = r->room_id,
			       .name = r->room_name};
	room = tables_add_room(c, r->room, &row);
	tables_touch_room(c, room);
	tables_new_name(c, 'R', r->tenant, r->room_id, r->room);
	return warm(c, room);
}

static enum parlor_err apply_room_renamed(struct core *c, const struct record *r)
{
	struct room *room;
	bool news;
	enum parlor_err err = room_of(c, r, &room, &news);
	if (!err && news)
		tables_set_room_name(room, r->room_name);
	return err;
}

static enum parlor_err remove_all(struct core *c, const struct record *r, struct room *room)
{
	enum parlor_err err = tables_load_members(c, room);
	if (err)
		return err;
	struct membership *ms;
	DL_FOREACH2(room->memberships, ms, room_next)
	if (!ms->gone && ms->row.as_of < r->position)
		tables_remove_membership(c, ms, r->position);
	return PARLOR_E_OK;
}

static enum parlor_err apply_room_state(struct core *c, const struct record *r)
{
	struct room *room;
	bool news;
	enum parlor_err err = room_of(c, r, &room, &news);
	if (!err && news) {
		room->row.state = r->type;
		if (r->type == ROOM_STATE_DISSOLVED)
			room->row.members = 0;
	}
	if (!err && r->type == ROOM_STATE_DISSOLVED)
		err = remove_all(c, r, room);
	return err;
}

static enum parlor_err apply_joined(struct core *c, const struct record *r)
{
	struct room *room;
	struct member *m = NULL;
	struct membership *ms;
	bool news;
	enum parlor_err err = room_of(c, r, &room, &news);
	if (!err)
		err = tables_member_no(c, r->member, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		err = tables_membership(c, room, m, &ms);
	if (err)
		return err;
	if (news)
		room->row.members++;
	if (ms)
		return PARLOR_E_OK; /* its row is as of this record or a later one */
	struct row_membership row = {.as_of = r->position,
				     .type = r->type,
				     .seen = r->seen,
				     .read_seq = r->read_seq,
				     .joined_pos = r->position,
				     .joined_seq = r->seq,
				     .joined_us = r->time_us,
				     .name = r->name,
				     .avatar = r->avatar};
	tables_add_membership(c, room, m, &row);
	return PARLOR_E_OK;
}

static enum parlor_err apply_left(struct core *c, const struct record *r)
{
	struct room *room;
	struct membership *ms;
	bool news;
	enum parlor_err err = room_of(c, r, &room, &news);
	if (!err && news)
		room->row.members--;
	if (!err)
		err = membership_of(c, r, room, r->member, &ms);
	if (!err && ms)
		tables_remove_membership(c, ms, r->position);
	return err;
}

static enum parlor_err apply_member_changed(struct core *c, const struct record *r)
{
	struct room *room;
	struct membership *ms;
	enum parlor_err err = tables_room_no(c, r->room, &room);
	if (!err && !room)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		err = membership_of(c, r, room, r->member, &ms);
	if (!err && ms) {
		ms->row.type = r->type;
		tables_set_profile(ms, r->name, r->avatar);
		membership_changed(c, r, ms);
	}
	return err;
}

static enum parlor_err add_message(struct core *c, const struct record *r, struct room *room)
{
	struct row_message row = {.position = r->position,
				  .time_us = r->time_us,
				  .sender = r->member,
				  .counted = r->counted,
				  .own = r->own,
				  .own_prev = r->own_prev,
				  .counts = r->type == MESSAGE_TYPE_MESSAGE,
				  .keyed = (r->dedup.low | r->dedup.high) != 0,
				  .key = r->dedup,
				  .content = r->content};
	/* Behind all that was ever applied: no row can contain it. */
	bool fresh = r->position > c->state.position;
	return index_append(c, room, r->seq, &row, fresh);
}

static enum parlor_err apply_posted(struct core *c, const struct record *r)
{
	struct room *room;
	struct membership *ms;
	bool news;
	enum parlor_err err = room_of(c, r, &room, &news);
	if (err)
		return err;
	if (news) {
		room->row.last_seq = r->seq;
		room->row.counted = r->counted;
		room->row.active_us = r->time_us;
		room->row.active_pos = r->position;
	}
	err = add_message(c, r, room);
	if (!err && room->row.active_pos == r->position)
		err = warm(c, room);
	if (!err)
		err = membership_of(c, r, room, r->member, &ms);
	if (!err && ms) {
		ms->row.seen = r->seen;
		tables_tell(ms);
		if (r->type == MESSAGE_TYPE_MESSAGE) {
			ms->row.own = r->own;
			ms->row.own_last = r->seq;
		}
		membership_changed(c, r, ms);
	}
	for (size_t i = 0; !err && i < r->mentions_len; i++) {
		err = membership_of(c, r, room, r->mentions[i], &ms);
		if (err || !ms)
			continue;
		ms->row.mention_seq = r->seq;
		membership_changed(c, r, ms);
	}
	return err;
}

static enum parlor_err apply_recalled(struct core *c, const struct record *r)
{
	struct room *room;
	enum parlor_err err = tables_room_no(c, r->room, &room);
	if (!err && !room)
		err = PARLOR_E_STORE_CORRUPT;
	return err ? err : index_recall(c, room, r->seq);
}

static enum parlor_err apply_read(struct core *c, const struct record *r)
{
	struct room *room;
	struct membership *ms;
	enum parlor_err err = tables_room_no(c, r->room, &room);
	if (!err && !room)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		err = membership_of(c, r, room, r->member, &ms);
	if (!err && ms) {
		ms->row.seen = r->seen;
		tables_tell(ms);
		ms->row.read_seq = r->read_seq;
		membership_changed(c, r, ms);
	}
	return err;
}

static enum parlor_err apply_presence(struct core *c, const struct record *r)
{
	struct member *m;
	enum parlor_err err = tables_member_no(c, r->member, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (err || m->row.as_of >= r->position)
		return err;
	m->row.as_of = r->position;
	m->row.presence = r->type;
	m->row.presence_run = r->run;
	m->row.last_seen_us = r->time_us;
	tables_touch_member(c, m);
	return PARLOR_E_OK;
}

typedef enum parlor_err apply_fn(struct core *, const struct record *);

static apply_fn *const handlers[RECORD_KIND_MAX + 1] = {
	[RECORD_BOOT] = apply_boot,
	[RECORD_ROOM_CREATED] = apply_room_created,
	[RECORD_ROOM_RENAMED] = apply_room_renamed,
	[RECORD_ROOM_STATE] = apply_room_state,
	[RECORD_JOINED] = apply_joined,
	[RECORD_LEFT] = apply_left,
	[RECORD_MEMBER_CHANGED] = apply_member_changed,
	[RECORD_POSTED] = apply_posted,
	[RECORD_RECALLED] = apply_recalled,
	[RECORD_READ] = apply_read,
	[RECORD_PRESENCE] = apply_presence,
	[RECORD_TENANT] = apply_tenant,
	[RECORD_MEMBER] = apply_member,
};

enum parlor_err core_apply(struct core *c, const struct record *r)
{
	assert(r->kind <= RECORD_KIND_MAX && handlers[r->kind]);
	enum parlor_err err = handlers[r->kind](c, r);
	if (err)
		return err;
	if (c->applied < r->position)
		c->applied = r->position;
	if (c->state.position < r->position) {
		c->state.position = r->position;
		c->state.time_us = r->time_us;
	}
	if (c->now_us < r->time_us)
		c->now_us = r->time_us;
	return PARLOR_E_OK;
}
