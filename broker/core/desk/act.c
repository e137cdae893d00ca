#include "core/desk/act.h"

#include "core/decide.h"
#include "core/desk/act_request.h"
#include "core/desk/clock.h"
#include "core/desk/config.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/match.h"
#include "core/desk/queue.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"
#include "core/desk/settle.h"
#include "core/member_row.h"
#include "core/tenant_row.h"

#define COMMENT_BYTES 4096

/* ---- offers ------------------------------------------------------------------- */

/* The live offer, to that seat. */
static enum parlor_err is_live(struct act_request *a, const struct core_desk_act *q)
{
	const struct row_conversation *row = &a->v->row;
	if (!q->offer || row->offer != q->offer) {
		a->core->desk->counts.late++;
		return PARLOR_E_OFFER_GONE;
	}
	if (!conversation_is_offered(row, a->seat->config->base.at.number))
		return PARLOR_E_NOT_YOURS;
	return PARLOR_E_OK;
}

/* Whose queue it stands in: its own team's, or of the team that it is passed on to. */
static struct team *team_of_offer(struct core *c, const struct conversation *v)
{
	struct team *t = team_find_no(c, v->row.offer_team);
	return t ? t : v->team;
}

enum parlor_err core_desk_accept(struct core *c, const struct core_call *call,
				 const struct core_desk_act *q, struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	if (!err)
		err = act_request_seat(&a, q->agent);
	if (err)
		return err;
	const struct row_conversation *row = &a.v->row;
	if (q->offer && row->accepted == q->offer && row->seat == a.seat->config->base.at.number)
		return act_request_end(&a, PARLOR_E_OK, view);
	err = is_live(&a, q);
	if (!err)
		service_assign(c, a.v, a.seat, team_of_offer(c, a.v), HOW_ACCEPTED, NULL, q->agent);
	return act_request_end(&a, err, view);
}

enum parlor_err core_desk_decline(struct core *c, const struct core_call *call,
				  const struct core_desk_act *q, struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	if (!err)
		err = act_request_seat(&a, q->agent);
	if (!err)
		err = is_live(&a, q);
	if (err)
		return err;
	offer_finish(c, a.v, a.seat, OFFER_DECLINED, true, q->why);
	if (a.v->row.transfer_seat)
		service_transfer_end(c, a.v, TRANSFER_DECLINED, q->agent);
	return act_request_end(&a, PARLOR_E_OK, view);
}

/* ---- taking ------------------------------------------------------------------- */

/* The team in whose queue it may be claimed by that seat. */
static struct team *claimed_from(struct core *c, const struct conversation *v, const struct seat *s)
{
	struct team *t = v->row.transfer_team ? team_find_no(c, v->row.transfer_team) : v->team;
	struct team *over = t && v->row.overflows ? queue_overflow(c, t) : NULL;
	if (over && !team_seat_find(t, s) && team_seat_find(over, s))
		return over;
	return t;
}

static bool has_it(const struct act_request *a)
{
	uint8_t state = a->v->row.state;
	return (state == CONVERSATION_ACTIVE || state == CONVERSATION_BOT) &&
	       a->v->row.seat == a->seat->config->base.at.number;
}

enum parlor_err core_desk_claim(struct core *c, const struct core_call *call,
				const struct core_desk_act *q, struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	if (!err)
		err = act_request_seat(&a, q->agent);
	if (err || has_it(&a))
		return act_request_end(&a, err, view);
	struct conversation *v = a.v;
	c->desk->counts.claims++;
	if (v->row.offer || !v->all || v->row.state == CONVERSATION_DEFERRED) {
		c->desk->counts.races++;
		return PARLOR_E_NOT_WAITING;
	}
	struct team *team = claimed_from(c, v, a.seat);
	err = act_request_may_take(&a, team, false);
	if (!err)
		service_assign(c, v, a.seat, team, HOW_CLAIMED, NULL, q->agent);
	return act_request_end(&a, err, view);
}

enum parlor_err core_desk_assign(struct core *c, const struct core_call *call,
				 const struct core_desk_act *q, bool over,
				 struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	if (!err && a.who != WHO_SERVICE && a.who != WHO_MANAGER)
		err = PARLOR_E_NOT_ALLOWED;
	if (!err)
		err = act_request_seat(&a, q->agent);
	if (err || has_it(&a))
		return act_request_end(&a, err, view);
	uint8_t state = a.v->row.state;
	if (state == CONVERSATION_ACTIVE || state == CONVERSATION_HELD)
		return PARLOR_E_NOT_WAITING;
	err = act_request_may_take(&a, a.v->team, over);
	if (err)
		return err;
	offer_withdraw(c, a.v);
	service_assign(c, a.v, a.seat, a.v->team, HOW_FORCED, NULL, q->by);
	return act_request_end(&a, PARLOR_E_OK, view);
}

/* ---- giving back, holding ----------------------------------------------------- */

static void end_transfer(struct core *c, struct conversation *v, struct span by)
{
	offer_withdraw(c, v);
	if (v->row.transfer)
		service_transfer_end(c, v, TRANSFER_CANCELLED, by);
}

enum parlor_err core_desk_return(struct core *c, const struct core_call *call,
				 const struct core_desk_act *q, struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	if (!err && a.v->row.state != CONVERSATION_ACTIVE && a.v->row.state != CONVERSATION_HELD)
		err = PARLOR_E_NOT_YOURS;
	if (!err)
		err = act_request_owns(&a);
	if (err)
		return err;
	uint64_t seat = a.v->row.seat;
	end_transfer(c, a.v, q->by);
	service_release(c, a.v, RELEASE_RETURNED, q->by, q->why);
	service_queue(c, a.v,
		      &(struct queueing){.why = QUEUE_RETURNED, .excluded = seat, .by = q->by});
	return act_request_end(&a, PARLOR_E_OK, view);
}

void act_set_held(struct core *c, struct conversation *v, bool held, struct span by)
{
	struct conversation_change ch;
	conversation_begin(&ch, c, v);
	ch.row.state = held ? CONVERSATION_HELD : CONVERSATION_ACTIVE;
	ch.row.since_desk_us = desk_now(c);
	ch.by = by;
	conversation_emit(c, RECORD_HELD, &ch);
}

enum parlor_err core_desk_hold(struct core *c, const struct core_call *call,
			       const struct core_desk_act *q, struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	if (!err)
		err = act_request_owns(&a);
	if (!err && a.v->row.state != CONVERSATION_HELD) {
		if (a.v->row.state != CONVERSATION_ACTIVE)
			return PARLOR_E_NOT_YOURS;
		if (a.v->row.transfer)
			return PARLOR_E_TRANSFER_OPEN;
		act_set_held(c, a.v, true, q->by);
	}
	return act_request_end(&a, err, view);
}

enum parlor_err core_desk_resume(struct core *c, const struct core_call *call,
				 const struct core_desk_act *q, struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	if (!err)
		err = act_request_owns(&a);
	if (err || a.v->row.state == CONVERSATION_ACTIVE)
		return act_request_end(&a, err, view);
	if (a.v->row.state != CONVERSATION_HELD)
		return PARLOR_E_NOT_YOURS;
	struct seat *s = a.v->seat;
	const struct team_seat *t = team_seat_find(a.v->team, s);
	if (!s->available)
		return PARLOR_E_SEAT_AWAY;
	if (a.v->team->row.hold_frees && !seat_has_room(s, t))
		return PARLOR_E_SEAT_FULL;
	act_set_held(c, a.v, false, q->by);
	return act_request_end(&a, PARLOR_E_OK, view);
}

void act_handoff(struct core *c, struct conversation *v, struct span by, struct span why)
{
	bool alone = !desk_unsettled(c);
	if (!v->team->row.robot_stays)
		service_release(c, v, RELEASE_HANDOFF, by, why);
	service_queue(c, v,
		      &(struct queueing){
			      .why = QUEUE_HANDOFF, .now = !v->team->row.handoff_keeps, .by = by});
	match_prefer(c, v, alone);
}

enum parlor_err core_desk_handoff(struct core *c, const struct core_call *call,
				  const struct core_desk_act *q, struct conversation_view *view)
{
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	/* The robot that asks again has left. */
	if (!err && a.v->row.state != CONVERSATION_BOT)
		err = PARLOR_E_NOT_WAITING;
	if (!err && a.who == WHO_NONE)
		err = PARLOR_E_NOT_YOURS;
	if (!err)
		act_handoff(c, a.v, q->by, q->why);
	return act_request_end(&a, err, view);
}

/* ---- the end ------------------------------------------------------------------ */

enum parlor_err core_desk_close(struct core *c, const struct core_call *call,
				const struct core_desk_act *q, struct conversation_view *view)
{
	static const enum close_why why[] = {[WHO_SERVICE] = CLOSE_SERVICE,
					     [WHO_OWNER] = CLOSE_SEAT,
					     [WHO_MANAGER] = CLOSE_MANAGER,
					     [WHO_VISITOR] = CLOSE_VISITOR};
	struct act_request a;
	enum parlor_err err = act_request_begin(&a, c, call, q, false);
	if (!err && a.who == WHO_NONE)
		err = PARLOR_E_NOT_YOURS;
	if (!err && a.v->row.state != CONVERSATION_CLOSED)
		service_close(c, a.v, why[a.who], q->by, q->why);
	return act_request_end(&a, err, view);
}

static enum parlor_err find_type(struct act_request *a, struct span type, uint64_t *no)
{
	if (!type.len)
		return PARLOR_E_OK;
	if (type.len > ROW_ID_MAX)
		return PARLOR_E_TOO_LONG;
	const struct config *config = type_find(a->core, a->v->tenant, a->v->row.desk, type);
	if (!config)
		return PARLOR_E_TYPE_UNKNOWN;
	*no = config->base.at.number;
	return PARLOR_E_OK;
}

enum parlor_err core_desk_mark(struct core *c, const struct core_call *call,
			       const struct core_desk_act *q, uint32_t priority, struct span type,
			       struct conversation_view *view)
{
	struct act_request a;
	struct conversation_change ch;
	enum parlor_err err = act_request_begin(&a, c, call, q, true);
	if (!err)
		err = act_request_owns(&a);
	if (!err && priority >= DESK_PRIORITIES)
		err = PARLOR_E_VALUE;
	if (err)
		return err;
	conversation_begin(&ch, c, a.v);
	err = find_type(&a, type, &ch.row.type);
	if (err || (ch.row.type == a.v->row.type && priority == a.v->row.priority))
		return act_request_end(&a, err, view);
	ch.row.priority = (uint8_t)priority;
	ch.row.key = team_key(a.v->team, ch.row.asked_desk_us, priority);
	ch.by = q->by;
	conversation_emit(c, RECORD_MARKED, &ch);
	return act_request_end(&a, PARLOR_E_OK, view);
}

enum parlor_err core_desk_rate(struct core *c, const struct core_call *call,
			       const struct core_desk_act *q, uint32_t score, struct span comment,
			       struct conversation_view *view)
{
	struct act_request a;
	struct conversation_change ch;
	enum parlor_err err = act_request_begin(&a, c, call, q, false);
	if (err)
		return err;
	const struct row_conversation *row = &a.v->row;
	if (a.who != WHO_SERVICE && a.who != WHO_VISITOR)
		return PARLOR_E_NOT_ALLOWED;
	if (score < 1 || score > 5)
		return PARLOR_E_VALUE;
	if (comment.len > COMMENT_BYTES)
		return PARLOR_E_TOO_LONG;
	if (row->score)
		return row->score == score ? act_request_end(&a, PARLOR_E_OK, view)
					   : PARLOR_E_RATED;
	if (row->state != CONVERSATION_CLOSED || !row->human_stint ||
	    row->rating_until_us < c->now_us)
		return PARLOR_E_NOT_RATABLE;
	conversation_begin(&ch, c, a.v);
	ch.row.score = (uint8_t)score;
	ch.by = q->by;
	ch.comment = comment;
	conversation_emit(c, RECORD_RATED, &ch);
	return act_request_end(&a, PARLOR_E_OK, view);
}

/* ---- agents ------------------------------------------------------------------- */

static enum parlor_err may_set_mode(struct core *c, const struct core_call *call,
				    const struct core_desk_act *q, const struct agent *agent)
{
	struct member *by;
	if (!q->by.len)
		return PARLOR_E_OK;
	enum parlor_err err = decide_member(c, call, q->by, &by);
	if (err)
		return err;
	const struct agent *a = agent_find_member(c, agent->config->tenant, by->no);
	if (by->no == agent->row.party_no || (a && a->row.role >= ROLE_MANAGER && !a->row.off))
		return PARLOR_E_OK;
	return PARLOR_E_NOT_ALLOWED;
}

void act_set_mode(struct core *c, const struct agent *agent, uint8_t mode, struct span why)
{
	struct row_agent row = agent->row;
	row.mode = mode;
	row.mode_why = why;
	config_emit(c, agent->config->tenant, CONFIG_AGENT, agent->config->base.at.number, &row,
		    false);
}

enum parlor_err core_desk_mode(struct core *c, const struct core_call *call,
			       const struct core_desk_act *q, uint8_t mode, uint64_t *position)
{
	struct tenant *t = NULL;
	struct member *m;
	core_clock(c, call);
	*position = 0;
	if (mode < MODE_READY || mode > MODE_ALWAYS)
		return PARLOR_E_VALUE;
	if (q->why.len > c->limits.name_bytes)
		return PARLOR_E_TOO_LONG;
	enum parlor_err err = tenant_find(c, call->tenant, &t);
	if (!err)
		err = decide_member(c, call, q->agent, &m);
	struct agent *agent = err || !t ? NULL : agent_find_member(c, t->no, m->no);
	if (err == PARLOR_E_MEMBER_UNKNOWN || (!err && !agent))
		return PARLOR_E_AGENT_UNKNOWN;
	if (!err)
		err = may_set_mode(c, call, q, agent);
	if (err || agent->row.mode == mode)
		return err;
	desk_clock_see(c, call);
	act_set_mode(c, agent, mode, q->why);
	desk_settle(c);
	*position = c->state.position;
	return c->broken;
}
