#include "core/desk/list.h"

#include "core/decide.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/queue.h"
#include "core/desk/show.h"
#include "core/tenant_row.h"

static enum parlor_err find(struct core *c, const struct core_call *call, struct span id,
			    struct conversation **v)
{
	struct tenant *t = NULL;
	*v = NULL;
	enum parlor_err err = decide_id(id);
	if (!err)
		err = tenant_find(c, call->tenant, &t);
	if (!err && t)
		err = conversation_find(c, t->no, id, v);
	return err || *v ? err : PARLOR_E_CONVERSATION_UNKNOWN;
}

enum parlor_err core_desk_show(struct core *c, const struct core_call *call, struct span id,
			       struct conversation_view *view)
{
	struct conversation *v;
	enum parlor_err err = find(c, call, id, &v);
	if (!err)
		conversation_show(c, v->no, &v->row, 0, view);
	return err;
}

enum parlor_err core_desk_told(struct core *c, const struct core_call *call, struct span id,
			       uint64_t *no, uint64_t *position)
{
	struct conversation *v;
	enum parlor_err err = find(c, call, id, &v);
	if (err)
		return err;
	*no = v->no;
	*position = v->row.told;
	return PARLOR_E_OK;
}

enum parlor_err core_desk_place(struct core *c, const struct core_call *call, struct span id,
				struct conversation_view *view, struct place_view *place)
{
	struct conversation *v;
	enum parlor_err err = find(c, call, id, &v);
	*place = (struct place_view){0};
	if (err)
		return err;
	conversation_show(c, v->no, &v->row, 0, view);
	if (!v->linked)
		return PARLOR_E_OK;
	place->place = queue_place(v, &place->of);
	place->estimate_ms = queue_estimate_ms(v->team, place->place);
	return PARLOR_E_OK;
}

static enum parlor_err find_desk(struct core *c, const struct core_call *call, struct span id,
				 struct desk **desk)
{
	struct tenant *t = NULL;
	enum parlor_err err = decide_id(id);
	if (!err)
		err = tenant_find(c, call->tenant, &t);
	*desk = err || !t ? NULL : desk_find(c, t->no, id);
	return err || *desk ? err : PARLOR_E_DESK_UNKNOWN;
}

static void tell(struct core *c, const struct conversation *v, core_conversation_fn *fn, void *ctx)
{
	struct conversation_view view;
	conversation_show(c, v->no, &v->row, 0, &view);
	fn(ctx, &view);
}

enum parlor_err core_desk_queue(struct core *c, const struct core_call *call, struct span desk_id,
				struct span team_id, uint64_t after, size_t limit, bool *more,
				core_conversation_fn *fn, void *ctx)
{
	struct desk *desk;
	enum parlor_err err = find_desk(c, call, desk_id, &desk);
	struct team *t = err ? NULL : team_find(c, desk, team_id);
	*more = false;
	if (err || !t)
		return err ? err : PARLOR_E_TEAM_UNKNOWN;
	struct rank_node *n =
		after < rank_count(&t->all) ? rank_select(&t->all, (size_t)after) : NULL;
	for (; n && limit > 0; limit--, n = rank_next(&t->all, n)) {
		meter_walk(c->engine.meter, 1);
		tell(c, CONTAINER(n, struct conversation, in_all), fn, ctx);
	}
	*more = n != NULL;
	return PARLOR_E_OK;
}

static bool text_fits(struct span wanted, struct span is)
{
	return !wanted.len || span_equal(wanted, is);
}

static bool fits(struct core *c, const struct core_desk_list *q, const struct conversation *v)
{
	struct conversation_view view;
	if (q->state && v->row.state != q->state)
		return false;
	if (!q->agent.len && !q->visitor.len)
		return true;
	conversation_show(c, v->no, &v->row, 0, &view);
	return text_fits(q->agent, view.agent) && text_fits(q->visitor, view.visitor);
}

/* Of a page: it ends there, and the next one goes on. */
#define LIST_LOOKS 10000

enum parlor_err core_desk_list(struct core *c, const struct core_call *call,
			       struct core_desk_list *q, core_conversation_fn *fn, void *ctx)
{
	struct desk *desk;
	enum parlor_err err = find_desk(c, call, q->desk, &desk);
	if (err)
		return err;
	const struct team *team = q->team.len ? team_find(c, desk, q->team) : NULL;
	q->more = false;
	if (q->team.len && !team) /* as an agent or a visitor that is not there: it has none */
		return PARLOR_E_OK;
	const struct rank_tree *open = team ? &team->open : &desk->open;
	struct rank_node *n = rank_behind(open, q->after);
	size_t looks = 0;
	for (; n && q->limit > 0 && looks < LIST_LOOKS; n = rank_next(open, n), looks++) {
		const struct conversation *v = team ? CONTAINER(n, struct conversation, in_team)
						    : CONTAINER(n, struct conversation, in_open);
		meter_walk(c->engine.meter, 1);
		q->after = v->no;
		if (!fits(c, q, v))
			continue;
		tell(c, v, fn, ctx);
		q->limit--;
	}
	q->more = n != NULL;
	return PARLOR_E_OK;
}

enum parlor_err core_desk_team(struct core *c, const struct core_call *call, struct span desk_id,
			       struct span team_id, uint64_t *no)
{
	struct desk *desk;
	enum parlor_err err = find_desk(c, call, desk_id, &desk);
	const struct team *t = err ? NULL : team_find(c, desk, team_id);
	if (!err && !t)
		err = PARLOR_E_TEAM_UNKNOWN;
	if (!err)
		*no = t->config->base.at.number;
	return err;
}

static void tell_places(struct core *c, struct team *t, core_place_fn *fn, void *ctx)
{
	struct place_view place = {.of = rank_count(&t->all)};
	struct rank_node *n = rank_first(&t->all);
	for (; n && place.place < PLACES_TOLD; n = rank_next(&t->all, n)) {
		const struct conversation *v = CONTAINER(n, struct conversation, in_all);
		struct conversation_view view;
		place.place++;
		place.estimate_ms = queue_estimate_ms(t, place.place);
		conversation_show(c, v->no, &v->row, 0, &view);
		if (!v->row.transfer) /* who is passed on to it is served meanwhile */
			fn(ctx, v->row.visitor, &view, &place);
	}
}

void core_desk_places(struct core *c, uint64_t now_us, core_place_fn *fn, void *ctx)
{
	struct team *t = c->desk->moving, *next;
	c->desk->moving = NULL;
	for (; t; t = next) {
		next = t->moves_next;
		t->moves = t->places_told_us && t->places_told_us + PLACES_US > now_us;
		if (t->moves) {
			t->moves_next = c->desk->moving;
			c->desk->moving = t;
			continue;
		}
		t->places_told_us = now_us;
		tell_places(c, t, fn, ctx);
	}
}
