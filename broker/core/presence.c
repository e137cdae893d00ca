#include "core/presence.h"

#include "core/decide.h"
#include "core/member_row.h"

static const struct record_kind kinds[1];

static uint8_t presence_now(const struct core *c, const struct member *m)
{
	return m->row.presence_run == c->state.run ? m->row.presence : PRESENCE_IS_OFFLINE;
}

void presence_emit(struct core *c, const struct member *m, uint8_t presence)
{
	struct record r = {.tenant = m->row.tenant,
			   .member = m->no,
			   .member_id = m->row.id,
			   .run = c->state.run,
			   .presence = {.now = presence}};
	core_emit(c, &kinds[0], &r);
}

enum parlor_err core_presence_set(struct core *c, const struct core_call *call, uint64_t member,
				  uint8_t presence)
{
	struct member *m;
	core_clock(c, call);
	if (presence < PRESENCE_IS_OFFLINE || presence > PRESENCE_IS_BUSY)
		return PARLOR_E_VALUE;
	enum parlor_err err = member_find_no(c, member, &m);
	if (!err && !m)
		err = PARLOR_E_MEMBER_UNKNOWN;
	if (!err && presence_now(c, m) != presence)
		presence_emit(c, m, presence);
	return err;
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

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err apply_presence(struct core *c, const struct record *r)
{
	struct member *m;
	enum parlor_err err = member_find_no(c, r->member, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (err || m->row.as_of >= r->position)
		return err;
	m->row.as_of = r->position;
	m->row.presence = r->presence.now;
	m->row.presence_run = r->run;
	m->row.last_seen_us = r->time_us;
	row_touch(&c->engine, &m->base);
	return PARLOR_E_OK;
}

static const struct record_kind kinds[1] = {{
	.no = RECORD_PRESENCE,
	.name = "presence",
	.fields = FIELDS(RECORD_FIELD(member), RECORD_FIELD(run), RECORD_FIELD(presence.now)),
	.apply = apply_presence,
	.about = TOPIC_NONE,
	.heard = TOPIC_TENANT,
	.partition = PARTITION_BY_TOPIC,
	.moves = MOVES_NOBODY,
}};
const struct record_noun presence_records = RECORD_NOUN(kinds);
