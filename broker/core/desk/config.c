#include "core/desk/config.h"

#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config_refs.h"
#include "core/desk/config_row.h"
#include "core/desk/desk.h"
#include "core/desk/duty.h"
#include "core/desk/move.h"
#include "core/desk/settle.h"
#include "core/desk/visitor_row.h"
#include "core/member_row.h"
#include "core/tenant_row.h"

#include <assert.h>

static const struct record_kind kinds[CONFIG_HOURS], business_kinds[1];

#define STAR ((struct span){"*", 1})

/* ---- setting ------------------------------------------------------------------ */

/* Numbers that run out are bounded, in all and of whom they are. */
static enum parlor_err check_count(struct core *c, uint32_t tenant, enum config_no kind)
{
	const struct core_limits *l = &c->limits;
	const struct {
		uint64_t all, tenant;
	} limits[CONFIG_NOS] = {[CONFIG_DESK] = {l->desks, l->tenant_desks},
				[CONFIG_TEAM] = {l->teams, l->tenant_teams},
				[CONFIG_SEAT] = {l->seats, l->tenant_seats},
				[CONFIG_AGENT] = {l->seats, l->tenant_seats},
				[CONFIG_TEAM_SEAT] = {l->team_seats, l->tenant_team_seats}};
	uint64_t all = limits[kind].all ? limits[kind].all : l->desk_rows;
	uint64_t of_tenant = limits[kind].all ? limits[kind].tenant : l->tenant_desk_rows;
	const struct config_list *list = config_list(c, kind, tenant, false);
	bool full = c->desk->rows[kind] >= all || (list && rank_count(&list->rows) >= of_tenant);
	return full ? PARLOR_E_TENANT_FULL : PARLOR_E_OK;
}

static size_t seats_len(const struct agent *a)
{
	size_t n = 0;
	for (const struct seat *s = a->seats; s; s = s->next)
		n += !s->config->removed;
	return n;
}

static size_t teams_len(const struct seat *s)
{
	size_t n = 0;
	for (const struct team_seat *t = s->teams; t; t = t->next)
		n++;
	return n;
}

/* All seats of an agent, and all teams of a seat, are looked at when it takes one more. */
static enum parlor_err check_lists(struct core *c, enum config_no kind, const union row_any *row,
				   uint32_t tenant)
{
	size_t n = 0;
	if (kind == CONFIG_SEAT) {
		struct config_key k;
		config_key_begin(&k, CONFIG_AGENT, tenant);
		config_key_number(&k, row->seat.party_no);
		const struct config *agent = config_find_key(c, &k);
		n = agent ? seats_len(agent->is) : 0;
	} else if (kind == CONFIG_TEAM_SEAT) {
		n = teams_len(seat_find_no(c, row->team_seat.seat_no));
	}
	return n < DESK_LISTS_MAX ? PARLOR_E_OK : PARLOR_E_TOO_MANY;
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

static void emit_star(struct core *c, uint32_t tenant, uint64_t desk_no, struct span desk)
{
	struct row_team star = {.desk = desk, .team = STAR, .desk_no = desk_no};
	config_emit(c, tenant, CONFIG_TEAM, c->desk->row.given + 1, &star, false);
}

static enum parlor_err may_remove(const struct config *config)
{
	const struct desk *desk = config->is;
	const struct team *team = config->is;
	if (config->kind == CONFIG_DESK && rank_count(&desk->open))
		return PARLOR_E_TEAM_BUSY;
	if (config->kind == CONFIG_TEAM &&
	    (team->open.root || team->all.root || team == team->desk->team))
		return PARLOR_E_TEAM_BUSY;
	return PARLOR_E_OK;
}

/* BUSY: there are more of them, it goes on when it is asked again. */
static enum parlor_err move_conversations(struct core *c, struct config *config, struct span id)
{
	struct team *from = config->is;
	if (!id.len)
		return PARLOR_E_OK;
	if (config->kind != CONFIG_TEAM || from == from->desk->team)
		return PARLOR_E_VALUE;
	struct team *to = team_find(c, from->desk, id);
	if (!to)
		return PARLOR_E_TEAM_UNKNOWN;
	if (to == from)
		return PARLOR_E_VALUE;
	return move_some(c, from, to, CORE_DESK_PAIRS) ? PARLOR_E_BUSY : PARLOR_E_OK;
}

static enum parlor_err remove_row(struct core *c, struct config *config, struct span move_to,
				  struct core_desk_row *out)
{
	if (!config)
		return PARLOR_E_OK;
	if (config->removed) {
		out->no = config->base.at.number;
		return PARLOR_E_OK;
	}
	enum parlor_err err = move_conversations(c, config, move_to);
	if (!err)
		err = may_remove(config);
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

/* ---- visitors -------------------------------------------------------------------- */

static bool is_same_visitor(const struct visitor *v, const struct row_visitor *row)
{
	struct buf a = {0}, b = {0};
	config_put_fields(&a, CONFIG_VISITOR, &v->row);
	config_put_fields(&b, CONFIG_VISITOR, row);
	bool same = span_equal(buf_span(&a), buf_span(&b));
	buf_fini(&a);
	buf_fini(&b);
	return same;
}

/* Its row stands beside the member, and has its number. */
static enum parlor_err set_visitor(struct config_refs *a, struct row_visitor *row, bool remove,
				   struct core_desk_row *out)
{
	struct core *c = a->core;
	struct visitor *v = NULL;
	enum parlor_err err = a->member ? visitor_find(c, a->member, &v) : PARLOR_E_OK;
	if (err)
		return err;
	bool there = v && !v->removed;
	out->no = row->party_no;
	out->removed = remove;
	if (remove ? there : !there || !is_same_visitor(v, row)) {
		err = remove ? PARLOR_E_OK : config_refs_introduce_party(a, CONFIG_VISITOR, row);
		if (err)
			return err;
		config_emit(c, a->tenant->no, CONFIG_VISITOR, row->party_no, remove ? &v->row : row,
			    remove);
		out->no = row->party_no;
		out->position = c->state.position;
	}
	err = c->broken;
	if (!err && a->member)
		err = visitor_find(c, a->member, &v);
	out->is = !err && v ? &v->row : NULL;
	return err;
}

enum parlor_err core_desk_visitor(struct core *c, const struct core_call *call, struct span id,
				  struct core_desk_row *out)
{
	struct member *m;
	struct visitor *v = NULL;
	*out = (struct core_desk_row){.kind = CONFIG_VISITOR};
	enum parlor_err err = decide_member(c, call, id, &m);
	if (!err)
		err = visitor_find(c, m, &v);
	if (!err && v && !v->removed) {
		out->no = m->no;
		out->is = &v->row;
	}
	return err == PARLOR_E_MEMBER_UNKNOWN ? PARLOR_E_OK : err;
}

/* ---- all others -------------------------------------------------------------------- */

static enum parlor_err set_row(struct config_refs *a, enum config_no kind, union row_any *row,
			       struct config *config, struct core_desk_row *out)
{
	struct core *c = a->core;
	bool is_new = !config;
	enum parlor_err err = is_new ? check_count(c, a->tenant_no, kind) : PARLOR_E_OK;
	if (!err && (is_new || config->removed))
		err = check_lists(c, kind, row, a->tenant_no);
	if (err)
		return err;
	fill_in(kind, row, is_new ? NULL : config->is);
	uint64_t no = is_new ? c->desk->row.given + 1 : config->base.at.number;
	*out = (struct core_desk_row){.kind = kind, .no = no};
	if (is_new || config->removed || !is_same(config, row)) {
		err = config_refs_introduce_party(a, kind, row);
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
	struct config_refs a = {.core = c, .call = call};
	struct config_key k;
	core_clock(c, call);
	*out = (struct core_desk_row){.kind = kind};
	memcpy(&row, is, config_form(kind)->size);
	enum parlor_err err = config_form_check(kind, &row);
	if (!err)
		err = tenant_find(c, call->tenant, &a.tenant);
	a.tenant_no = a.tenant ? a.tenant->no : 0;
	if (!err)
		err = config_refs_find(&a, kind, &row, remove);
	if (err)
		return err;
	desk_clock_see(c, call);
	if (kind == CONFIG_VISITOR)
		return set_visitor(&a, &row.visitor, remove, out);
	config_key_of(&k, kind, a.tenant_no, &row);
	struct config *config = a.tenant ? config_find_key(c, &k) : NULL;
	err = remove ? remove_row(c, config, move_to, out) : set_row(&a, kind, &row, config, out);
	if (!err && out->position)
		desk_settle(c);
	return err;
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

/* Of a page: it ends there, and the next one goes on. */
#define ROWS_LOOKS 10000

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
	const struct config_list *list = config_list(c, kind, t->no, false);
	const struct rank_tree *rows = list ? &list->rows : NULL;
	struct rank_node *n = rows ? rank_behind(rows, *after) : NULL;
	size_t looks = 0;
	for (; n && limit > 0 && looks < ROWS_LOOKS; n = rank_next(rows, n), looks++) {
		const struct config *config = CONTAINER(n, struct config, in_list);
		*after = n->id;
		if (config->removed || (desk && desk_of(config) != desk->config->base.at.number))
			continue;
		fn(ctx, &(struct core_desk_row){.kind = kind, .no = n->id, .is = config->is});
		limit--;
	}
	meter_walk(c->engine.meter, looks);
	*more = n != NULL;
	return PARLOR_E_OK;
}

/* ---- records ------------------------------------------------------------------ */

static enum parlor_err apply_visitor(struct core *c, const struct record *r)
{
	struct member *m;
	struct visitor *v = NULL;
	enum parlor_err err = member_find_no(c, r->config.no, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		err = visitor_find(c, m, &v);
	if (err || (v && v->as_of >= r->position))
		return err;
	err = visitor_put_in(c, m, r->config.fields, &v);
	if (err)
		return err;
	v->as_of = r->position;
	v->removed = r->config.removed;
	row_touch(&c->engine, &v->base);
	return PARLOR_E_OK;
}

static enum parlor_err apply_config(struct core *c, const struct record *r)
{
	struct desk_state *d = c->desk;
	if (r->config.kind == CONFIG_VISITOR)
		return apply_visitor(c, r);
	struct config *config = config_find_no(c, r->config.no);
	if (config && config->as_of >= r->position)
		return PARLOR_E_OK;
	if (r->config.kind == 0 || r->config.kind >= CONFIG_NOS)
		return PARLOR_E_STORE_CORRUPT;
	if (config && d->built)
		d->hooks->unlink(c, config);
	enum parlor_err err = config_put_in(c, r->config.no, (enum config_no)r->config.kind,
					    r->tenant, r->config.fields, &config);
	if (err)
		return err;
	config->as_of = r->position;
	config->removed = r->config.removed;
	/* Whoever is set anew has missed nothing. */
	if (config->kind == CONFIG_AGENT)
		((struct agent *)config->is)->row.misses = 0;
	row_touch(&c->engine, &config->base);
	if (d->row.given < r->config.no)
		d->row.given = r->config.no;
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
