#include "core/tenant.h"

#include "core/decide.h"
#include "core/name.h"
#include "core/tenant_row.h"

static const struct record_kind kinds[1];

enum parlor_err tenant_introduce(struct core *c, const struct core_call *call, struct tenant **t)
{
	enum parlor_err err = decide_id(call->tenant);
	if (!err)
		err = tenant_find(c, call->tenant, t);
	if (err || *t)
		return err;
	if (c->state.tenants >= c->limits.tenants)
		return PARLOR_E_TENANT_FULL;
	struct record r = {.tenant = c->state.tenants + 1, .tenant_id = call->tenant};
	core_emit(c, &kinds[0], &r);
	return c->broken ? c->broken : tenant_find(c, call->tenant, t);
}

enum parlor_err tenant_capacity(struct core *c, const struct tenant *t, uint64_t rooms,
				uint64_t members)
{
	bool rooms_full = rooms && (c->state.rooms + rooms > c->limits.rooms ||
				    (t ? t->row.rooms.given : 0) + rooms > c->limits.tenant_rooms);
	bool members_full =
		members && (c->state.members + c->members_reserved + members > c->limits.members ||
			    (t ? t->row.members.given + t->members_reserved : 0) + members >
				    c->limits.tenant_members);
	c->rooms_refused += rooms_full;
	c->members_refused += members_full && !rooms_full;
	return rooms_full || members_full ? PARLOR_E_TENANT_FULL : PARLOR_E_OK;
}

enum parlor_err tenant_apply(struct core *c, const struct record *r, bool room)
{
	struct tenant *t;
	uint64_t number = room ? r->room : r->member;
	enum parlor_err err = tenant_find_no(c, r->tenant, &t);
	if (err || !t)
		return err ? err : PARLOR_E_STORE_CORRUPT;
	struct row_share *share = room ? &t->row.rooms : &t->row.members;
	if (share->last >= number)
		return PARLOR_E_OK;
	share->last = number;
	share->given++;
	row_touch(&c->engine, &t->base);
	return PARLOR_E_OK;
}

enum parlor_err core_tenant_find(struct core *c, struct span id, uint32_t *no)
{
	struct tenant *t;
	enum parlor_err err = tenant_find(c, id, &t);
	*no = err || !t ? 0 : t->no;
	return err;
}

enum parlor_err core_tenant_intern(struct core *c, const struct core_call *call, uint32_t *no)
{
	struct tenant *t;
	core_clock(c, call);
	enum parlor_err err = tenant_introduce(c, call, &t);
	*no = err ? 0 : t->no;
	return err;
}

enum parlor_err core_tenant_id(struct core *c, uint32_t no, struct span *id)
{
	struct tenant *t;
	enum parlor_err err = tenant_find_no(c, no, &t);
	if (!err && !t)
		err = PARLOR_E_NOT_FOUND;
	if (!err)
		*id = t->id;
	return err;
}

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err apply_tenant(struct core *c, const struct record *r)
{
	struct tenant *t;
	enum parlor_err err = tenant_find(c, r->tenant_id, &t);
	if (err)
		return err;
	if (!t) {
		err = tenant_add(c, r->tenant, r->tenant_id, &t);
		if (err)
			return err;
		name_add(c, 'T', 0, r->tenant_id, r->tenant);
	}
	if (c->state.tenants < r->tenant)
		c->state.tenants = r->tenant;
	return PARLOR_E_OK;
}

static const struct record_kind kinds[1] = {{
	.no = RECORD_TENANT,
	.name = "tenant",
	.fields = FIELDS(RECORD_FIELD(tenant_id)),
	.apply = apply_tenant,
	.about = TOPIC_NONE,
	.heard = TOPIC_NONE,
	.partition = PARTITION_NO,
	.moves = MOVES_NOBODY,
}};
const struct record_noun tenant_records = RECORD_NOUN(kinds);
