#include "core/core.h"

#include "core/apply.h"
#include "core/block.h"
#include "core/decide.h"
#include "core/desk/desk.h"
#include "core/desk/tables.h"
#include "core/kinds.h"
#include "core/member_row.h"
#include "core/recent.h"
#include "core/tenant_row.h"

#include <assert.h>
#include <stdlib.h>

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
	.tenant_members = 10000000,
	.tenant_rooms = 10000000,
	.tenants = 10000,
	.desks = 10000,
	.teams = 50000,
	.seats = 100000,
	.team_seats = 1000000,
	.desk_rows = 1000000,
	.conversations_open = 1000000,
	.tenant_desks = 2500,
	.tenant_teams = 12500,
	.tenant_seats = 25000,
	.tenant_team_seats = 250000,
	.tenant_desk_rows = 250000,
	.tenant_conversations = 250000,
	.resident_bytes = (size_t)512 << 20,
};

/* A range is about as large as a block; keys move when a room has half a thousand. */
#define KEYS_IN_RANGE 64
#define KEYS_RECENT_BLOCKS 32
_Static_assert((KEYS_RECENT_BLOCKS + 1) * BLOCK_MESSAGES <= RECENT_SPAN,
	       "recent keys are told apart by the last bits of their seq");
#define OWN_ROW_EVERY 32
#define INBOX_ROOMS 100

static const struct row_kind *const heads[ROW_TABLES] = {[ROW_NAMES] = &tenant_kind,
							 [ROW_MEMBERS] = &member_kind,
							 [ROW_ROOMS] = &room_kind,
							 [ROW_DESK] = &config_row_kind,
							 [ROW_VISITS] = &conversation_row_kind};

struct core *core_new(const struct core_limits *limits, struct core_rows rows,
		      struct core_sink sink)
{
	assert(limits->mentions <= RECORD_MENTIONS_MAX);
	struct core *c = mem_new(sizeof *c);
	c->limits = *limits;
	c->sink = sink;
	if (!c->limits.keys_in_range) {
		c->limits.keys_in_range = KEYS_IN_RANGE;
		c->limits.keys_recent_blocks = KEYS_RECENT_BLOCKS;
		c->limits.own_row_every = OWN_ROW_EVERY;
	}
	if (!c->limits.inbox_rooms)
		c->limits.inbox_rooms = INBOX_ROOMS;
	row_engine_init(&c->engine, rows, heads, c, c->limits.resident_bytes);
	desk_init(c);
	return c;
}

void core_free(struct core *c)
{
	if (!c)
		return;
	desk_forget(c);
	row_engine_fini(&c->engine);
	member_free_inboxes(c, SIZE_MAX);
	desk_fini(c);
	activity_fini(&c->activity);
	tenant_names_fini(&c->tenant_names);
	buf_fini(&c->scratch);
	buf_fini(&c->scan);
	free(c);
}

enum parlor_err core_load(struct core *c)
{
	struct row_key key;
	struct span value;
	row_key_state(&key);
	enum parlor_err err = row_engine_get(&c->engine, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !row_get_state(value, &c->state))
		err = PARLOR_E_STORE_CORRUPT;
	c->engine.applied = c->engine.covered = c->engine.covered_landed = c->state.covered;
	c->now_us = c->state.time_us;
	if (!err)
		err = tenant_names_load(c);
	return err ? err : desk_load(c);
}

enum parlor_err core_tick(struct core *c, const struct core_call *call, bool *more)
{
	core_clock(c, call);
	enum parlor_err err = desk_tick(c, call, more);
	if (err)
		core_break(c, err);
	return c->broken;
}

uint64_t core_due(const struct core *c)
{
	return desk_due(c);
}

uint64_t core_position(const struct core *c)
{
	return c->state.position;
}

uint64_t core_time(const struct core *c)
{
	return c->now_us;
}

enum parlor_err core_broken(const struct core *c)
{
	return c->broken;
}

/* ---- recovery ------------------------------------------------------------------ */

enum parlor_err core_apply(struct core *c, const struct record *r)
{
	const struct record_kind *kind = record_kind(r->kind);
	assert(kind);
	return apply_record(c, kind, r);
}
