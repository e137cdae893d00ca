#include "core/desk/clock.h"

#include "core/decide.h"

static const struct record_kind kinds[1];

/* Records tell the desk's time as exactly as this. */
#define TOLERANCE_US 100000

uint64_t desk_now(const struct core *c)
{
	return c->now_us + c->desk->row.offset_us;
}

uint64_t desk_clock_wall(const struct core *c, uint64_t desk_us)
{
	return desk_us - c->desk->row.offset_us;
}

void desk_clock_see(struct core *c, const struct core_call *call)
{
	struct desk_state *d = c->desk;
	if (!d->live)
		return;
	if (d->served_us && call->served_us > d->served_us)
		d->clock_us += call->served_us - d->served_us;
	d->served_us = call->served_us;
	int64_t apart = (int64_t)(d->clock_us - desk_now(c));
	if (apart < TOLERANCE_US && apart > -TOLERANCE_US)
		return;
	core_emit(c, &kinds[0],
		  &(struct record){.desk_clock = {.offset_us = d->clock_us - c->now_us}});
}

/* ---- records ------------------------------------------------------------------ */

static enum parlor_err apply_clock(struct core *c, const struct record *r)
{
	struct row_desk_state *row = &c->desk->row;
	if (row->as_of >= r->position)
		return PARLOR_E_OK;
	row->as_of = r->position;
	row->offset_us = r->desk_clock.offset_us;
	return PARLOR_E_OK;
}

static const struct record_kind kinds[1] = {{
	.no = RECORD_DESK_CLOCK,
	.name = "desk clock",
	.fields = FIELDS(RECORD_FIELD_OF_HASH(desk_clock.offset_us)),
	.apply = apply_clock,
	.about = TOPIC_NONE,
	.heard = TOPIC_NONE,
	.also = TOPIC_NONE,
	.partition = PARTITION_NO,
	.moves = MOVES_NOBODY,
}};
const struct record_noun desk_clock_records = RECORD_NOUN(kinds);
