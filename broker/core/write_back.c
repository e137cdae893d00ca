/* What the core writes back: rows, by the engine, and with each commit that has some the
 * counters of the state; what that comes to is asked here. */
#include "core/desk/desk.h"
#include "core/member_row.h"
#include "core/tenant_row.h"

/* Of inboxes that are gone, at a time. */
#define FREE_ROOMS 8000

/* What stands in memory beside rows, and in their budget. */
static uint64_t beside(const struct core *c)
{
	return activity_bytes(&c->activity) + tenant_names_bytes(&c->tenant_names) +
	       c->inboxes.gone_bytes;
}

size_t core_write_back(struct core *c, size_t rows_max, core_put_fn *put, void *ctx,
		       uint64_t *covered)
{
	struct row_key key;
	size_t rows = row_engine_write_back(&c->engine, rows_max, put, ctx);
	c->state.covered = *covered = c->engine.covered;
	row_key_state(&key);
	buf_clear(&c->scratch);
	row_put_state(&c->scratch, &c->state);
	put(ctx, &key, buf_span(&c->scratch));
	desk_put_state(c, put, ctx);
	return rows;
}

void core_landed(struct core *c)
{
	row_engine_landed(&c->engine);
}

void core_unlanded(struct core *c)
{
	row_engine_unlanded(&c->engine);
}

bool core_writing(const struct core *c)
{
	return c->engine.pass.active;
}

size_t core_dirty(const struct core *c)
{
	return c->engine.dirty_rows;
}

size_t core_dirty_first(const struct core *c)
{
	return (size_t)(c->engine.first.added - c->engine.first.given);
}

size_t core_dirty_bytes(const struct core *c)
{
	return c->engine.dirty_bytes;
}

void core_evict(struct core *c)
{
	member_free_inboxes(c, FREE_ROOMS);
	row_engine_evict(&c->engine, beside(c));
}

void core_charge(struct core *c, struct meter *meter)
{
	row_engine_charge(&c->engine, meter);
}

void core_counts(const struct core *c, struct core_counts *counts)
{
	const struct engine *e = &c->engine;
	*counts = (struct core_counts){
		.rooms_resident = e->counts[KIND_ROOM],
		.memberships_resident = e->counts[KIND_MEMBERSHIP],
		.members_resident = e->counts[KIND_MEMBER],
		.blocks_resident = e->counts[KIND_BLOCK],
		.resident_bytes = row_engine_bytes(e) + beside(c),
		.dirty_rows = e->dirty_rows,
		.rooms = c->state.rooms,
		.members = c->state.members,
		.tenants = c->state.tenants,
		.rooms_refused = c->rooms_refused,
		.members_refused = c->members_refused,
		.evicted = e->evicted,
		.deadlines = e->deadlines.len,
		.expired = e->expired,
	};
}
