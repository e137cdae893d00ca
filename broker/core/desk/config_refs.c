#include "core/desk/config_refs.h"

#include "core/decide.h"
#include "core/desk/config_row.h"
#include "core/desk/duty.h"
#include "core/member.h"
#include "core/member_row.h"
#include "core/tenant.h"

static enum parlor_err want_desk(struct config_refs *a, struct span id, uint64_t *no)
{
	enum parlor_err err = decide_id(id);
	if (err)
		return err;
	a->desk = desk_find(a->core, a->tenant_no, id);
	if (!a->desk)
		return PARLOR_E_DESK_UNKNOWN;
	*no = a->desk->config->base.at.number;
	return PARLOR_E_OK;
}

static enum parlor_err want_team(struct config_refs *a, struct span id, uint64_t *no)
{
	enum parlor_err err = decide_id(id);
	if (err)
		return err;
	a->team = a->desk ? team_find(a->core, a->desk, id) : NULL;
	if (!a->team)
		return PARLOR_E_TEAM_UNKNOWN;
	*no = a->team->config->base.at.number;
	return PARLOR_E_OK;
}

/* A member that works. */
static enum parlor_err want_agent(struct config_refs *a, struct span id, uint64_t *no)
{
	enum parlor_err err = decide_member(a->core, a->call, id, &a->member);
	if (err == PARLOR_E_MEMBER_UNKNOWN ||
	    (!err && !agent_find_member(a->core, a->tenant_no, a->member->no)))
		return PARLOR_E_AGENT_UNKNOWN;
	if (!err)
		*no = a->member->no;
	return err;
}

static enum parlor_err want_seat(struct config_refs *a, uint64_t *no)
{
	a->seat = seat_find(a->core, a->desk, a->member->no);
	if (!a->seat)
		return PARLOR_E_SEAT_UNKNOWN;
	*no = a->seat->config->base.at.number;
	return PARLOR_E_OK;
}

/* A member that may be new: it is introduced when nothing can be refused any more. */
static enum parlor_err may_introduce(struct config_refs *a, struct span id, uint64_t *no)
{
	struct core_member_spec spec = {.id = id};
	enum parlor_err err = decide_id(id);
	if (!err)
		err = member_capacity(a->core, a->tenant, &spec, 1);
	if (!err && a->tenant)
		err = member_find(a->core, a->tenant_no, id, &a->member);
	*no = !err && a->member ? a->member->no : 0;
	return err;
}

static enum parlor_err introduce(struct config_refs *a, struct span id, uint64_t *no)
{
	enum parlor_err err = tenant_introduce(a->core, a->call, &a->tenant);
	if (!err)
		err = member_introduce(a->core, a->tenant, id, &a->member);
	if (!err)
		*no = a->member->no;
	return err;
}

static enum parlor_err check_hours(struct config_refs *a, struct span id)
{
	return id.len && !hours_find(a->core, a->tenant_no, id) ? PARLOR_E_VALUE : PARLOR_E_OK;
}

static enum parlor_err find_team_refs(struct config_refs *a, struct row_team *t)
{
	uint64_t overflow;
	enum parlor_err err = want_desk(a, t->desk, &t->desk_no);
	if (!err)
		err = decide_id(t->team);
	if (!err)
		err = check_hours(a, t->hours);
	if (!err && t->overflow_team.len)
		err = span_equal(t->overflow_team, t->team)
			      ? PARLOR_E_VALUE
			      : want_team(a, t->overflow_team, &overflow);
	return err;
}

static enum parlor_err find_visitor_refs(struct config_refs *a, struct row_visitor *v)
{
	struct config_key k;
	enum parlor_err err = v->owner.len ? want_agent(a, v->owner, &v->owner_no) : PARLOR_E_OK;
	if (!err && v->group.len) {
		config_key_begin(&k, CONFIG_GROUP, a->tenant_no);
		config_key_text(&k, v->group);
		struct config *group = config_find_key(a->core, &k);
		if (!group || group->removed)
			return PARLOR_E_VALUE;
		v->group_no = group->base.at.number;
	}
	a->member = NULL;
	return err ? err : may_introduce(a, v->visitor, &v->party_no);
}

static enum parlor_err find_team_seat_refs(struct config_refs *a, struct row_team_seat *s)
{
	enum parlor_err err = want_desk(a, s->desk, &s->desk_no);
	if (!err)
		err = want_team(a, s->team, &s->team_no);
	if (!err)
		err = want_agent(a, s->agent, &s->party_no);
	return err ? err : want_seat(a, &s->seat_no);
}

static enum parlor_err find_desk_and_team(struct config_refs *a, struct span desk,
					  uint64_t *desk_no, struct span team, uint64_t *team_no,
					  bool team_needed)
{
	enum parlor_err err = want_desk(a, desk, desk_no);
	if (!err && (team.len || team_needed))
		err = want_team(a, team, team_no);
	return err;
}

static enum parlor_err find_route_refs(struct config_refs *a, struct row_route *r, bool remove)
{
	if (r->by == ROUTE_NONE)
		return PARLOR_E_VALUE;
	if (!r->value.len)
		return PARLOR_E_EMPTY;
	return find_desk_and_team(a, r->desk, &r->desk_no, r->team, &r->team_no, !remove);
}

enum parlor_err config_refs_find(struct config_refs *a, enum config_no kind, void *is, bool remove)
{
	struct row_desk *desk = is;
	struct row_agent *agent = is;
	struct row_seat *seat = is;
	struct row_type *type = is;
	struct row_text *text = is;
	struct row_seat_business *sb = is;
	enum parlor_err err;
	switch (kind) {
	case CONFIG_DESK:
		err = decide_id(desk->desk);
		return err ? err : check_hours(a, desk->hours);
	case CONFIG_TEAM:
		return find_team_refs(a, is);
	case CONFIG_AGENT:
		return may_introduce(a, agent->agent, &agent->party_no);
	case CONFIG_SEAT:
		err = want_desk(a, seat->desk, &seat->desk_no);
		return err ? err : want_agent(a, seat->agent, &seat->party_no);
	case CONFIG_TEAM_SEAT:
		return find_team_seat_refs(a, is);
	case CONFIG_VISITOR:
		return find_visitor_refs(a, is);
	case CONFIG_GROUP:
		return decide_id(((struct row_group *)is)->group);
	case CONFIG_TYPE:
		err = decide_id(type->type);
		if (!err && (type->desk.len || type->team.len))
			err = find_desk_and_team(a, type->desk, &type->desk_no, type->team,
						 &type->team_no, false);
		return err;
	case CONFIG_ROUTE:
		return find_route_refs(a, is, remove);
	case CONFIG_TEXT:
		if (!text->which)
			return PARLOR_E_VALUE;
		return find_desk_and_team(a, text->desk, &text->desk_no, text->team, &text->team_no,
					  false);
	case CONFIG_HOURS:
		err = decide_id(((struct row_hours *)is)->hours);
		return err || remove ? err : duty_check(((struct row_hours *)is)->rules);
	case CONFIG_BUSINESS:
		return want_desk(a, ((struct row_business *)is)->desk,
				 &((struct row_business *)is)->desk_no);
	case CONFIG_SEAT_BUSINESS:
		err = want_desk(a, sb->desk, &sb->desk_no);
		if (!err)
			err = want_agent(a, sb->agent, &sb->party_no);
		return err ? err : want_seat(a, &sb->seat_no);
	case CONFIG_NOS:
		break;
	}
	return PARLOR_E_VALUE;
}

enum parlor_err config_refs_introduce_party(struct config_refs *a, enum config_no kind, void *is)
{
	struct row_agent *agent = is;
	struct row_visitor *visitor = is;
	enum parlor_err err = tenant_introduce(a->core, a->call, &a->tenant);
	if (!err && kind == CONFIG_AGENT)
		err = introduce(a, agent->agent, &agent->party_no);
	if (!err && kind == CONFIG_VISITOR)
		err = introduce(a, visitor->visitor, &visitor->party_no);
	return err;
}
