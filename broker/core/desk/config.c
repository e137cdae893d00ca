#include "core/desk/config.h"

#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/duty.h"
#include "core/member.h"
#include "core/member_row.h"
#include "core/tenant.h"
#include "core/tenant_row.h"

#include <assert.h>

static const struct record_kind kinds[CONFIG_HOURS], business_kinds[1];

#define STAR ((struct span){"*", 1})

/* What a request names, found. */
struct naming {
	struct core *core;
	const struct core_call *call;
	struct tenant *tenant; /* NULL: it is new */
	uint32_t tenant_no;
	struct desk *desk;
	struct team *team;
	struct member *member;
	struct seat *seat;
};

/* ---- what a row refers to ----------------------------------------------------- */

static enum parlor_err want_desk(struct naming *a, struct span id, uint64_t *no)
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

static enum parlor_err want_team(struct naming *a, struct span id, uint64_t *no)
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
static enum parlor_err want_agent(struct naming *a, struct span id, uint64_t *no)
{
	enum parlor_err err = decide_member(a->core, a->call, id, &a->member);
	if (err == PARLOR_E_MEMBER_UNKNOWN ||
	    (!err && !agent_find_member(a->core, a->tenant_no, a->member->no)))
		return PARLOR_E_AGENT_UNKNOWN;
	if (!err)
		*no = a->member->no;
	return err;
}

static enum parlor_err want_seat(struct naming *a, uint64_t *no)
{
	a->seat = seat_find(a->core, a->desk, a->member->no);
	if (!a->seat)
		return PARLOR_E_SEAT_UNKNOWN;
	*no = a->seat->config->base.at.number;
	return PARLOR_E_OK;
}

/* A member that may be new: it is introduced when nothing can be refused any more. */
static enum parlor_err may_introduce(struct naming *a, struct span id, uint64_t *no)
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

static enum parlor_err introduce(struct naming *a, struct span id, uint64_t *no)
{
	enum parlor_err err = tenant_introduce(a->core, a->call, &a->tenant);
	if (!err)
		err = member_introduce(a->core, a->tenant, id, &a->member);
	if (!err)
		*no = a->member->no;
	return err;
}

static enum parlor_err check_hours(struct naming *a, struct span id)
{
	return id.len && !hours_find(a->core, a->tenant_no, id) ? PARLOR_E_VALUE : PARLOR_E_OK;
}

static enum parlor_err find_team_refs(struct naming *a, struct row_team *t)
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

static enum parlor_err find_visitor_refs(struct naming *a, struct row_visitor *v)
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

static enum parlor_err find_team_seat_refs(struct naming *a, struct row_team_seat *s)
{
	enum parlor_err err = want_desk(a, s->desk, &s->desk_no);
	if (!err)
		err = want_team(a, s->team, &s->team_no);
	if (!err)
		err = want_agent(a, s->agent, &s->party_no);
	return err ? err : want_seat(a, &s->seat_no);
}

static enum parlor_err find_desk_and_team(struct naming *a, struct span desk, uint64_t *desk_no,
					  struct span team, uint64_t *team_no, bool team_needed)
{
	enum parlor_err err = want_desk(a, desk, desk_no);
	if (!err && (team.len || team_needed))
		err = want_team(a, team, team_no);
	return err;
}

static enum parlor_err find_route_refs(struct naming *a, struct row_route *r, bool remove)
{
	if (r->by == ROUTE_NONE)
		return PARLOR_E_VALUE;
	if (!r->value.len)
		return PARLOR_E_EMPTY;
	return find_desk_and_team(a, r->desk, &r->desk_no, r->team, &r->team_no, !remove);
}

static enum parlor_err find_refs(struct naming *a, enum config_no kind, void *is, bool remove)
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

/* ---- setting ------------------------------------------------------------------ */

/* Numbers that run out are bounded, in all and of whom they are. */
static enum parlor_err check_count(const struct core *c, enum config_no kind)
{
	const struct core_limits *l = &c->limits;
	const uint64_t most[CONFIG_NOS] = {[CONFIG_DESK] = l->desks,
					   [CONFIG_TEAM] = l->teams,
					   [CONFIG_SEAT] = l->seats,
					   [CONFIG_AGENT] = l->seats,
					   [CONFIG_TEAM_SEAT] = l->team_seats};
	uint64_t max = most[kind] ? most[kind] : l->desk_rows;
	return c->desk->rows[kind] < max ? PARLOR_E_OK : PARLOR_E_TENANT_FULL;
}

static const struct record_kind *kind_of(enum config_no kind)
{
	if (kind == CONFIG_BUSINESS || kind == CONFIG_SEAT_BUSINESS)
		return business_kinds;
	return &kinds[kind - CONFIG_DESK];
}

void config_emit(struct core *c, uint32_t tenant, enum config_no kind, uint64_t no, const void *is,
		 bool removed)
{
	struct buf fields = {0};
	union row_any now;
	config_put_fields(&fields, kind, is);
	/* Its texts may be those of the row that changes. */
	bool good = fields_decode_whole(buf_span(&fields), config_form(kind)->fields, &now);
	assert(good);
	struct record r = {.tenant = tenant,
			   .config = {.no = no,
				      .kind = (uint8_t)kind,
				      .removed = removed,
				      .fields = buf_span(&fields),
				      .is = &now}};
	core_emit(c, kind_of(kind), &r);
	buf_fini(&fields);
}

static bool is_same(const struct config *config, const void *is)
{
	struct buf a = {0}, b = {0};
	config_put_fields(&a, config->kind, config->is);
	config_put_fields(&b, config->kind, is);
	bool same = span_equal(buf_span(&a), buf_span(&b));
	buf_fini(&a);
	buf_fini(&b);
	return same;
}

/* What a request may leave open is as it was. */
static void fill_in(enum config_no kind, void *is, const void *was)
{
	struct row_agent *agent = is;
	struct row_seat *seat = is;
	const struct row_agent *agent_was = was;
	const struct row_seat *seat_was = was;
	if (kind == CONFIG_AGENT && agent->mode == MODE_AS_IT_IS) {
		agent->mode = was ? agent_was->mode : MODE_READY;
		if (was)
			agent->mode_why = agent_was->mode_why;
	}
	if (kind == CONFIG_SEAT && seat->mode == MODE_AS_IT_IS)
		seat->mode = was ? seat_was->mode : MODE_READY;
}

/* Its numbers are known from here on: those of who is new, too. */
static enum parlor_err introduce_party(struct naming *a, enum config_no kind, void *is)
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

static void emit_star(struct core *c, uint32_t tenant, uint64_t desk_no, struct span desk)
{
	struct row_team star = {.desk = desk, .team = STAR, .desk_no = desk_no};
	config_emit(c, tenant, CONFIG_TEAM, c->desk->row.given + 1, &star, false);
}

static enum parlor_err may_remove(struct core *c, const struct config *config)
{
	const struct desk *desk = config->is;
	const struct team *team = config->is;
	(void)c;
	if (config->kind == CONFIG_DESK && rank_count(&desk->open))
		return PARLOR_E_TEAM_BUSY;
	if (config->kind == CONFIG_TEAM && (team->conversations || team == team->desk->team))
		return PARLOR_E_TEAM_BUSY;
	return PARLOR_E_OK;
}

static enum parlor_err remove_row(struct core *c, struct config *config, struct core_desk_row *out)
{
	if (!config)
		return PARLOR_E_OK;
	if (config->removed) {
		out->no = config->base.at.number;
		return PARLOR_E_OK;
	}
	enum parlor_err err = may_remove(c, config);
	if (err)
		return err;
	config_emit(c, config->tenant, config->kind, config->base.at.number, config->is, true);
	*out = (struct core_desk_row){.kind = config->kind,
				      .no = config->base.at.number,
				      .is = config->is,
				      .removed = true,
				      .position = c->state.position};
	return PARLOR_E_OK;
}

static enum parlor_err set_row(struct naming *a, enum config_no kind, union row_any *row,
			       struct config *config, struct core_desk_row *out)
{
	struct core *c = a->core;
	bool is_new = !config;
	enum parlor_err err = is_new ? check_count(c, kind) : PARLOR_E_OK;
	if (err)
		return err;
	fill_in(kind, row, is_new ? NULL : config->is);
	uint64_t no = is_new ? c->desk->row.given + 1 : config->base.at.number;
	*out = (struct core_desk_row){.kind = kind, .no = no};
	if (is_new || config->removed || !is_same(config, row)) {
		err = introduce_party(a, kind, row);
		if (err)
			return err;
		config_emit(c, a->tenant->no, kind, no, row, false);
		if (kind == CONFIG_HOURS)
			duty_turn(c, config_find_no(c, no));
		if (is_new && kind == CONFIG_DESK)
			emit_star(c, a->tenant->no, no, row->desk.desk);
		out->position = c->state.position;
	}
	config = config_find_no(c, no);
	out->is = config ? config->is : NULL;
	return c->broken;
}

enum parlor_err core_desk_set(struct core *c, const struct core_call *call, enum config_no kind,
			      const void *is, bool remove, struct span move_to,
			      struct core_desk_row *out)
{
	union row_any row = {0};
	struct naming a = {.core = c, .call = call};
	struct config_key k;
	(void)move_to;
	core_clock(c, call);
	*out = (struct core_desk_row){.kind = kind};
	memcpy(&row, is, config_form(kind)->size);
	enum parlor_err err = config_form_check(kind, &row);
	if (!err)
		err = tenant_find(c, call->tenant, &a.tenant);
	a.tenant_no = a.tenant ? a.tenant->no : 0;
	if (!err)
		err = find_refs(&a, kind, &row, remove);
	if (err)
		return err;
	config_key_of(&k, kind, a.tenant_no, &row);
	struct config *config = a.tenant ? config_find_key(c, &k) : NULL;
	desk_clock_see(c, call);
	return remove ? remove_row(c, config, out) : set_row(&a, kind, &row, config, out);
}

/* ---- listing ------------------------------------------------------------------ */

static uint64_t desk_of(const struct config *config)
{
	const struct config_form *form = config_form(config->kind);
	if (config->kind == CONFIG_DESK)
		return config->base.at.number;
	for (size_t i = 0; i < form->fields_len; i++)
		if (form->max[i] == FORM_REF) /* the first that a row has is its desk's */
			return *(const uint64_t *)(const void *)((const char *)config->is +
								 form->fields[i].at);
	return 0;
}

enum parlor_err core_desk_rows(struct core *c, const struct core_call *call, enum config_no kind,
			       struct span desk_id, uint64_t *after, size_t limit, bool *more,
			       core_desk_row_fn *fn, void *ctx)
{
	struct tenant *t = NULL;
	struct desk *desk = NULL;
	*more = false;
	enum parlor_err err = tenant_find(c, call->tenant, &t);
	if (!err && t && desk_id.len)
		desk = desk_find(c, t->no, desk_id);
	if (err || !t || (desk_id.len && !desk))
		return err ? err : desk_id.len ? PARLOR_E_DESK_UNKNOWN : PARLOR_E_OK;
	for (uint64_t no = *after + 1; no <= c->desk->row.given; no++) {
		struct config *config = config_find_no(c, no);
		meter_walk(c->engine.meter, 1);
		if (meter_spent(c->engine.meter)) {
			*more = true;
			break;
		}
		*after = no;
		if (!config || config->kind != kind || config->tenant != t->no || config->removed ||
		    (desk && desk_of(config) != desk->config->base.at.number))
			continue;
		if (limit-- == 0) {
			*after = no - 1;
			*more = true;
			break;
		}
		fn(ctx, &(struct core_desk_row){.kind = kind, .no = no, .is = config->is});
	}
	return PARLOR_E_OK;
}

/* ---- records ------------------------------------------------------------------ */

static enum parlor_err apply_config(struct core *c, const struct record *r)
{
	struct desk_state *d = c->desk;
	struct config *config = config_find_no(c, r->config.no);
	if (config && config->as_of >= r->position)
		return PARLOR_E_OK;
	if (r->config.kind == 0 || r->config.kind >= CONFIG_NOS)
		return PARLOR_E_STORE_CORRUPT;
	if (config && d->built)
		d->hooks->unlink(c, config);
	bool is_new = !config;
	enum parlor_err err = config_put_in(c, r->config.no, (enum config_no)r->config.kind,
					    r->tenant, r->config.fields, &config);
	if (err)
		return err;
	config->as_of = r->position;
	config->removed = r->config.removed;
	row_touch(&c->engine, &config->base);
	if (is_new)
		d->rows[config->kind]++;
	if (d->row.given < r->config.no) {
		d->row.given = r->config.no;
	}
	if (d->built)
		d->hooks->link(c, config);
	return PARLOR_E_OK;
}

#define SET(NO, text)                                                                        \
	{                                                                                    \
		.no = RECORD_##NO##_SET, .name = (text),                                     \
		.fields = FIELDS(RECORD_FIELD(config.no), RECORD_FIELD(config.kind),         \
				 RECORD_FIELD(config.removed), RECORD_FIELD(config.fields)), \
		.apply = apply_config, .about = TOPIC_NONE, .heard = TOPIC_NONE,             \
		.also = TOPIC_NONE, .partition = PARTITION_BY_TOPIC, .moves = MOVES_NOBODY,  \
	}

static const struct record_kind kinds[CONFIG_HOURS] = {
	SET(DESK, "desk set"),   SET(TEAM, "team set"),           SET(AGENT, "agent set"),
	SET(SEAT, "seat set"),   SET(TEAM_SEAT, "team seat set"), SET(VISITOR, "visitor set"),
	SET(GROUP, "group set"), SET(TYPE, "type set"),           SET(ROUTE, "route set"),
	SET(TEXT, "text set"),   SET(HOURS, "hours set"),
};
const struct record_noun config_records = RECORD_NOUN(kinds);

static const struct record_kind business_kinds[1] = {SET(BUSINESS, "business set")};
const struct record_noun business_records = RECORD_NOUN(business_kinds);
