#include "core/member.h"

#include "core/decide.h"
#include "core/member_row.h"
#include "core/name.h"
#include "core/tenant.h"
#include "core/tenant_row.h"

#include <assert.h>

static const struct record_kind kinds[1];

enum parlor_err member_capacity(struct core *c, const struct tenant *t,
				const struct core_member_spec *specs, size_t n)
{
	uint64_t unknown = 0;
	for (size_t i = 0; i < n; i++) {
		struct member *m = NULL;
		enum parlor_err err = t ? member_find(c, t->no, specs[i].id, &m) : PARLOR_E_OK;
		if (err)
			return err;
		unknown += !m;
	}
	return tenant_capacity(c, t, 0, unknown);
}

enum parlor_err member_introduce(struct core *c, struct tenant *t, struct span id,
				 struct member **m)
{
	enum parlor_err err = member_find(c, t->no, id, m);
	if (err || *m)
		return err;
	return member_introduce_as(c, t, id, c->state.members + 1, m);
}

enum parlor_err member_introduce_as(struct core *c, const struct tenant *t, struct span id,
				    uint64_t no, struct member **m)
{
	struct record r = {.tenant = t->no, .member = no, .member_id = id};
	core_emit(c, &kinds[0], &r);
	return c->broken ? c->broken : member_find(c, t->no, id, m);
}

enum parlor_err core_members_reserve(struct core *c, const struct core_call *call, size_t members)
{
	struct tenant *t;
	if (!members)
		return PARLOR_E_OK;
	core_clock(c, call);
	enum parlor_err err = tenant_find(c, call->tenant, &t);
	if (!err)
		err = tenant_capacity(c, t, 0, members);
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (err)
		return err;
	t->members_reserved += members;
	c->members_reserved += members;
	return PARLOR_E_OK;
}

void core_members_unreserve(struct core *c, const struct core_call *call, size_t members)
{
	struct tenant *t;
	if (!members)
		return;
	/* Who is in memory stays there. */
	enum parlor_err err = tenant_find(c, call->tenant, &t);
	assert(!err && t && t->members_reserved >= members);
	t->members_reserved -= members;
	c->members_reserved -= members;
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
		err = tenant_find(c, call->tenant, &t);
	if (!err)
		err = member_capacity(c, t, &(struct core_member_spec){.id = id}, 1);
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (!err)
		err = member_introduce(c, t, id, &m);
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

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err apply_member(struct core *c, const struct record *r)
{
	struct member *m;
	enum parlor_err err = member_find_no(c, r->member, &m);
	if (err)
		return err;
	if (!m) {
		struct row_member row = {.as_of = r->position,
					 .tenant = r->tenant,
					 .presence = PRESENCE_IS_OFFLINE,
					 .id = r->member_id};
		m = member_add(c, r->member, &row);
		row_touch(&c->engine, &m->base);
		name_add(c, 'M', r->tenant, r->member_id, r->member);
	}
	if (c->state.members < r->member)
		c->state.members = r->member;
	return tenant_apply(c, r, false);
}

static const struct record_kind kinds[1] = {{
	.no = RECORD_MEMBER,
	.name = "member",
	.fields = FIELDS(RECORD_FIELD(member), RECORD_FIELD(member_id)),
	.apply = apply_member,
	.about = TOPIC_NONE,
	.heard = TOPIC_NONE,
	.partition = PARTITION_NO,
	.moves = MOVES_NOBODY,
}};
const struct record_noun member_records = RECORD_NOUN(kinds);
