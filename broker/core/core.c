#include "core/decide.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct core_limits core_limits_default = {
	.name_bytes = 256,
	.avatar_bytes = 1024,
	.body_bytes = 64 * 1024,
	.client_id_bytes = 64,
	.room_members = 20000,
	.request_members = 1000,
	.mentions = 50,
	.page = 200,
	.members = 100000000,
	.rooms = 100000000,
	.tenants = 10000,
	.rooms_resident = 200000,
	.memberships_resident = 1000000,
	.members_resident = 500000,
};

struct core *core_new(const struct core_limits *limits, struct core_rows rows,
		      struct core_sink sink)
{
	assert(limits->mentions <= RECORD_MENTIONS_MAX);
	struct core *c = mem_new(sizeof *c);
	c->limits = *limits;
	c->rows = rows;
	c->sink = sink;
	c->meter = &c->unasked;
	return c;
}

void core_free(struct core *c)
{
	if (!c)
		return;
	tables_free(c);
	free(c);
}

enum parlor_err core_load(struct core *c)
{
	struct row_key key;
	struct span value;
	row_key_state(&key);
	enum parlor_err err = tables_get(c, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !row_get_state(value, &c->state))
		err = PARLOR_E_STORE_CORRUPT;
	c->applied = c->flight.covered = c->state.covered;
	c->now_us = c->state.time_us;
	return err;
}

void core_charge(struct core *c, struct meter *meter)
{
	c->meter = meter ? meter : &c->unasked;
}

uint64_t core_position(const struct core *c)
{
	return c->state.position;
}

uint64_t core_run(const struct core *c)
{
	return c->state.run;
}

void core_clock(struct core *c, const struct core_call *call)
{
	if (c->now_us < call->now_us)
		c->now_us = call->now_us;
}

void core_emit(struct core *c, struct record *r)
{
	r->position = c->state.position + 1;
	r->time_us = c->now_us;
	enum parlor_err err = core_apply(c, r);
	if (err)
		core_break(c, err);
	else
		c->sink.record(c->sink.ctx, r);
}

void core_break(struct core *c, enum parlor_err err)
{
	if (!c->broken)
		c->broken = err;
}

enum parlor_err core_broken(const struct core *c)
{
	return c->broken;
}

uint64_t core_boot(struct core *c, uint64_t now_us)
{
	core_clock(c, &(struct core_call){.now_us = now_us});
	core_emit(c, &(struct record){.kind = RECORD_BOOT, .run = c->state.run + 1});
	return c->state.run;
}

/* ---- checks and finding ------------------------------------------------------ */

enum parlor_err decide_id(struct span id)
{
	if (id.len == 0)
		return PARLOR_E_EMPTY;
	return id.len > ROW_ID_MAX ? PARLOR_E_TOO_LONG : PARLOR_E_OK;
}

enum parlor_err decide_notice(struct core *c, const struct core_notice *n)
{
	if (n->body.len > c->limits.body_bytes || n->sender.len > ROW_ID_MAX)
		return PARLOR_E_TOO_LONG;
	return PARLOR_E_OK;
}

static int by_bytes(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

enum parlor_err decide_distinct(struct core *c, const struct span *ids, size_t n)
{
	if (n < 2)
		return PARLOR_E_OK;
	buf_clear(&c->scratch);
	buf_put(&c->scratch, ids, n * sizeof *ids);
	struct span *sorted = (struct span *)(void *)c->scratch.data;
	qsort(sorted, n, sizeof *sorted, by_bytes);
	for (size_t i = 1; i < n; i++)
		if (by_bytes(&sorted[i - 1], &sorted[i]) == 0)
			return PARLOR_E_REPEATED;
	return PARLOR_E_OK;
}

enum parlor_err decide_room(struct core *c, const struct core_call *call, struct span id,
			    struct room **room)
{
	struct tenant *t = NULL;
	*room = NULL;
	enum parlor_err err = decide_id(id);
	if (!err)
		err = tables_tenant(c, call->tenant, &t);
	if (!err && t)
		err = tables_room(c, t->no, id, room);
	if (!err && !*room)
		err = PARLOR_E_ROOM_UNKNOWN;
	return err;
}

enum parlor_err decide_living_room(struct core *c, const struct core_call *call, struct span id,
				   struct room **room)
{
	enum parlor_err err = decide_room(c, call, id, room);
	if (!err && (*room)->row.state == ROOM_STATE_DISSOLVED)
		err = PARLOR_E_ROOM_DISSOLVED;
	return err;
}

enum parlor_err decide_member(struct core *c, const struct core_call *call, struct span id,
			      struct member **m)
{
	struct tenant *t = NULL;
	*m = NULL;
	enum parlor_err err = decide_id(id);
	if (!err)
		err = tables_tenant(c, call->tenant, &t);
	if (!err && t)
		err = tables_member(c, t->no, id, m);
	if (!err && !*m)
		err = PARLOR_E_MEMBER_UNKNOWN;
	return err;
}

enum parlor_err decide_membership(struct core *c, const struct core_call *call, struct room *room,
				  struct span member, struct membership **ms)
{
	struct member *m;
	enum parlor_err err = decide_member(c, call, member, &m);
	if (!err)
		err = tables_membership(c, room, m, ms);
	if (err == PARLOR_E_MEMBER_UNKNOWN || (!err && !*ms))
		err = PARLOR_E_NOT_MEMBER;
	return err;
}

/* ---- introducing names ------------------------------------------------------- */

enum parlor_err decide_tenant(struct core *c, const struct core_call *call, struct tenant **t)
{
	enum parlor_err err = decide_id(call->tenant);
	if (!err)
		err = tables_tenant(c, call->tenant, t);
	if (err || *t)
		return err;
	if (c->state.tenants >= c->limits.tenants)
		return PARLOR_E_TENANT_FULL;
	struct record r = {
		.kind = RECORD_TENANT, .tenant = c->state.tenants + 1, .tenant_id = call->tenant};
	core_emit(c, &r);
	return c->broken ? c->broken : tables_tenant(c, call->tenant, t);
}

enum parlor_err decide_capacity(struct core *c, const struct tenant *t,
				const struct core_member_spec *specs, size_t n)
{
	uint64_t members = c->state.members;
	for (size_t i = 0; i < n; i++) {
		struct member *m = NULL;
		enum parlor_err err = t ? tables_member(c, t->no, specs[i].id, &m) : PARLOR_E_OK;
		if (err)
			return err;
		members += !m;
	}
	return members > c->limits.members ? PARLOR_E_TENANT_FULL : PARLOR_E_OK;
}

enum parlor_err decide_intern(struct core *c, struct tenant *t, struct span id, struct member **m)
{
	enum parlor_err err = tables_member(c, t->no, id, m);
	if (err || *m)
		return err;
	struct record r = {.kind = RECORD_MEMBER,
			   .tenant = t->no,
			   .member = c->state.members + 1,
			   .member_id = id};
	core_emit(c, &r);
	return c->broken ? c->broken : tables_member(c, t->no, id, m);
}

enum parlor_err core_member_intern(struct core *c, const struct core_call *call, struct span id,
				   uint64_t *member)
{
	struct tenant *t = NULL;
	struct member *m;
	core_clock(c, call);
	enum parlor_err err = decide_id(id);
	if (!err)
		err = decide_id(call->tenant);
	if (!err)
		err = tables_tenant(c, call->tenant, &t);
	if (!err)
		err = decide_capacity(c, t, &(struct core_member_spec){.id = id}, 1);
	if (!err)
		err = decide_tenant(c, call, &t);
	if (!err)
		err = decide_intern(c, t, id, &m);
	if (!err)
		*member = m->no;
	return err;
}

enum parlor_err core_member_find(struct core *c, const struct core_call *call, struct span id,
				 uint64_t *member)
{
	struct member *m;
	enum parlor_err err = decide_member(c, call, id, &m);
	*member = err ? 0 : m->no;
	return err == PARLOR_E_MEMBER_UNKNOWN ? PARLOR_E_OK : err;
}

/* ---- names of numbers --------------------------------------------------------- */

enum parlor_err core_tenant_find(struct core *c, struct span id, uint32_t *no)
{
	struct tenant *t;
	enum parlor_err err = tables_tenant(c, id, &t);
	*no = err || !t ? 0 : t->no;
	return err;
}

enum parlor_err core_tenant_id(struct core *c, uint32_t no, struct span *id)
{
	struct tenant *t;
	enum parlor_err err = tables_tenant_no(c, no, &t);
	if (!err && !t)
		err = PARLOR_E_NOT_FOUND;
	if (!err)
		*id = t->id;
	return err;
}

enum parlor_err core_room_names(struct core *c, uint64_t no, struct core_room_view *view)
{
	struct room *room;
	enum parlor_err err = tables_room_no(c, no, &room);
	if (!err && !room)
		err = PARLOR_E_NOT_FOUND;
	if (!err)
		core_view_room(room, view);
	return err;
}

/* ---- presence ------------------------------------------------------------------ */

static uint8_t presence_now(const struct core *c, const struct member *m)
{
	return m->row.presence_run == c->state.run ? m->row.presence : PRESENCE_IS_OFFLINE;
}

enum parlor_err core_presence_set(struct core *c, const struct core_call *call, uint64_t member,
				  uint8_t presence)
{
	struct member *m;
	core_clock(c, call);
	if (presence < PRESENCE_IS_OFFLINE || presence > PRESENCE_IS_BUSY)
		return PARLOR_E_VALUE;
	enum parlor_err err = tables_member_no(c, member, &m);
	if (!err && !m)
		err = PARLOR_E_MEMBER_UNKNOWN;
	if (err || presence_now(c, m) == presence)
		return err;
	struct record r = {.kind = RECORD_PRESENCE,
			   .tenant = m->row.tenant,
			   .member = m->no,
			   .member_id = m->row.id,
			   .run = c->state.run,
			   .type = presence};
	core_emit(c, &r);
	return PARLOR_E_OK;
}

enum parlor_err core_presence_get(struct core *c, const struct core_call *call, struct span id,
				  uint8_t *presence, uint64_t *last_seen_us)
{
	struct member *m;
	enum parlor_err err = decide_member(c, call, id, &m);
	if (err)
		return err;
	*presence = presence_now(c, m);
	*last_seen_us = m->row.last_seen_us;
	return PARLOR_E_OK;
}
