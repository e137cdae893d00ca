#include "core/desk/clock.h"

#include "core/decide.h"

#include "base/mem.h"

#include <string.h>

static const struct record_kind kinds[1];

/* Records tell the desk's time as exactly as this. */
#define TOLERANCE_US 100000
/* Changes that the rows do not cover yet: with so many of them the desk's time goes on with
 * that of records, until the rows do. */
#define OFFSETS_MAX 1024

uint64_t desk_now(const struct core *c)
{
	return c->now_us + c->desk->row.offset_us;
}

uint64_t desk_at(const struct core *c, const struct record *r)
{
	return r->time_us + c->desk->row.offset_us;
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
	if (d->heard && call->served_us > d->served_us)
		d->clock_us += call->served_us - d->served_us;
	d->served_us = call->served_us;
	d->heard = true;
	desk_clock_tell(c);
}

void desk_clock_tell(struct core *c)
{
	struct desk_state *d = c->desk;
	int64_t apart = (int64_t)(d->clock_us - desk_now(c));
	if (apart < TOLERANCE_US && apart > -TOLERANCE_US)
		return;
	if (d->offsets_len >= OFFSETS_MAX) {
		d->clock_us = desk_now(c);
		return;
	}
	core_emit(c, &kinds[0],
		  &(struct record){.desk_clock = {.offset_us = d->clock_us - c->now_us}});
}

void desk_clock_begin(struct core *c)
{
	core_emit(c, &kinds[0], &(struct record){.desk_clock = {.offset_us = 0}});
}

/* ---- what is stored ------------------------------------------------------------ */

static void keep(struct desk_state *d)
{
	MEM_GROW(d->offsets, d->offsets_len, d->offsets_cap, 4);
	d->offsets[d->offsets_len++] = (struct desk_offset){d->row.as_of, d->row.offset_us};
}

void desk_clock_loaded(struct core *c)
{
	keep(c->desk);
}

/* How many of them are as of that position or an earlier one. */
static size_t offsets_upto(const struct desk_state *d, uint64_t position)
{
	size_t n = 0;
	while (n < d->offsets_len && d->offsets[n].as_of <= position)
		n++;
	return n;
}

void desk_clock_put(struct core *c, struct row_desk_state *row)
{
	struct desk_state *d = c->desk;
	size_t landed = offsets_upto(d, c->engine.covered_landed);
	size_t covered = offsets_upto(d, c->engine.covered);
	struct desk_offset at = covered ? d->offsets[covered - 1] : (struct desk_offset){0, 0};
	row->as_of = at.as_of;
	row->offset_us = at.offset_us;
	if (landed < 2)
		return;
	d->offsets_len -= landed - 1;
	memmove(d->offsets, d->offsets + landed - 1, d->offsets_len * sizeof *d->offsets);
}

/* ---- records ------------------------------------------------------------------ */

static enum parlor_err apply_clock(struct core *c, const struct record *r)
{
	struct row_desk_state *row = &c->desk->row;
	if (row->as_of >= r->position)
		return PARLOR_E_OK;
	row->as_of = r->position;
	row->offset_us = r->desk_clock.offset_us;
	keep(c->desk);
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
