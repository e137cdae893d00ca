#include "core/desk/retold.h"

#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/desk.h"
#include "core/desk/offering.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"
#include "core/member.h"
#include "core/member_row.h"
#include "core/room_row.h"
#include "core/tenant.h"
#include "core/tenant_row.h"

/* ---- rows --------------------------------------------------------------------- */

enum parlor_err retell_party(struct core *c, const struct core_call *call, struct span id,
			     uint64_t no)
{
	struct tenant *t;
	struct member *m = NULL;
	core_clock(c, call);
	enum parlor_err err = decide_id(id);
	if (!err && no <= c->state.members)
		err = PARLOR_E_VALUE;
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (!err)
		err = member_find(c, t->no, id, &m);
	if (!err && m)
		err = PARLOR_E_VALUE;
	return err ? err : member_introduce_as(c, t, id, no, &m);
}

static bool is_kind(struct core *c, uint64_t no, enum config_no kind)
{
	const struct config *config = no ? config_find_no(c, no) : NULL;
	return config && config->kind == kind;
}

/* Whom a row needs as long as it is there: those come first. */
static bool has_all(struct core *c, uint32_t tenant, enum config_no kind, const union row_any *is)
{
	struct member *m = NULL;
	struct config_key k;
	switch (kind) {
	case CONFIG_TEAM:
		return is_kind(c, is->team.desk_no, CONFIG_DESK);
	case CONFIG_AGENT:
		return !member_find_no(c, is->agent.party_no, &m) && m;
	case CONFIG_SEAT:
		config_key_begin(&k, CONFIG_AGENT, tenant);
		config_key_number(&k, is->seat.party_no);
		return is_kind(c, is->seat.desk_no, CONFIG_DESK) && config_find_key(c, &k);
	case CONFIG_TEAM_SEAT:
		return is_kind(c, is->team_seat.team_no, CONFIG_TEAM) &&
		       is_kind(c, is->team_seat.seat_no, CONFIG_SEAT);
	default:
		return true;
	}
}

/* Neither its number nor what it is known by is another's. */
static bool is_free(struct core *c, uint32_t tenant, enum config_no kind, uint64_t no,
		    const union row_any *is)
{
	struct member *m = NULL;
	struct config_key k;
	if (kind == CONFIG_VISITOR)
		return !member_find_no(c, no, &m) && m;
	config_key_of(&k, kind, tenant, is);
	return no && !config_find_no(c, no) && !config_find_key(c, &k);
}

enum parlor_err retell_desk_row(struct core *c, const struct core_call *call, enum config_no kind,
				uint64_t no, const union row_any *is, bool removed)
{
	struct tenant *t;
	core_clock(c, call);
	enum parlor_err err = config_form_check(kind, is);
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (!err && (!is_free(c, t->no, kind, no, is) || !has_all(c, t->no, kind, is)))
		err = PARLOR_E_VALUE;
	if (err)
		return err;
	config_emit(c, t->no, kind, no, is, removed);
	return c->broken;
}

enum parlor_err retell_desk_begin(struct core *c, const struct core_call *call)
{
	core_clock(c, call);
	desk_clock_begin(c);
	desk_derive(c);
	for (struct config *config = c->desk->by_key; config; config = config->by_key.next)
		if (config->kind == CONFIG_DESK && !((struct desk *)config->is)->team)
			return PARLOR_E_TEAM_UNKNOWN;
	return c->broken;
}

/* ---- what is named ------------------------------------------------------------ */

static struct team *team_of(struct core *c, uint64_t no)
{
	const struct config *config = no ? config_find_no(c, no) : NULL;
	return config && config->kind == CONFIG_TEAM ? config->is : NULL;
}

static enum parlor_err find(struct core *c, const struct core_call *call, struct span id,
			    struct conversation **v)
{
	struct tenant *t;
	core_clock(c, call);
	*v = NULL;
	enum parlor_err err = tenant_find(c, call->tenant, &t);
	if (!err && t)
		err = conversation_find(c, t->no, id, v);
	return err || *v ? err : PARLOR_E_CONVERSATION_UNKNOWN;
}

/* A number that something had. */
static void took(struct conversation_change *ch, uint64_t no)
{
	if (ch->given < no)
		ch->given = no;
}

/* ---- conversations ------------------------------------------------------------ */

static uint64_t key_of(struct core *c, const struct row_conversation *row)
{
	return team_key(team_of(c, row->team), row->asked_desk_us, row->priority);
}

enum parlor_err retell_opened(struct core *c, const struct core_call *call, uint64_t no,
			      const struct row_conversation *row)
{
	struct conversation_change ch;
	struct conversation *same = NULL;
	struct tenant *t;
	struct room *room = NULL;
	struct member *visitor = NULL;
	core_clock(c, call);
	enum parlor_err err = tenant_introduce(c, call, &t);
	if (!err)
		err = room_find(c, t->no, row->room_id, &room);
	if (!err)
		err = member_find_no(c, row->visitor, &visitor);
	if (!err)
		err = conversation_find_no(c, no, &same);
	const struct config *desk = row->desk ? config_find_no(c, row->desk) : NULL;
	if (!err && (!room || !visitor || same || !no || !desk || desk->kind != CONFIG_DESK ||
		     !team_of(c, row->team)))
		err = PARLOR_E_VALUE;
	if (err)
		return err;
	conversation_begin(&ch, c, NULL);
	took(&ch, no);
	uint64_t now = desk_now(c);
	ch.no = no;
	ch.tenant = t->no;
	ch.row = *row;
	ch.row.visitor_id = visitor->row.id;
	ch.row.room = room->no;
	ch.row.state = CONVERSATION_WAITING;
	ch.row.queue_why = QUEUE_NEW;
	ch.row.asked_desk_us = ch.row.waits_desk_us = ch.row.since_desk_us = now;
	ch.row.opened_desk_us = now;
	ch.row.opened_us = c->now_us;
	ch.row.key = key_of(c, &ch.row);
	conversation_emit(c, RECORD_OPENED, &ch);
	return c->broken;
}

/* What was said on the way is not said again. */
static uint8_t said_by(const struct row_conversation *row)
{
	uint8_t texts = 1U << (TEXT_QUEUED - 1);
	if (row->stints)
		texts |= 1U << (TEXT_WELCOME - 1) | 1U << (TEXT_TRANSFERRED - 1);
	if (row->state == CONVERSATION_DEFERRED)
		texts |= 1U << (TEXT_NO_SERVICE - 1);
	return texts;
}

/* What a conversation comes to be that was last told to be in that state. */
static enum record_kind_no kind_of(uint8_t was, uint8_t is)
{
	if (is == CONVERSATION_CLOSED)
		return RECORD_CLOSED;
	if (is == was)
		return RECORD_MARKED;
	return is == CONVERSATION_HELD ? RECORD_HELD : RECORD_QUEUED;
}

enum parlor_err retell_so_far(struct core *c, const struct core_call *call, struct span id,
			      const struct row_conversation *row)
{
	struct conversation_change ch;
	struct conversation *v;
	bool closed = row->state == CONVERSATION_CLOSED;
	bool serves = row->state >= CONVERSATION_BOT && !closed;
	enum parlor_err err = find(c, call, id, &v);
	if (!err && (row->state < CONVERSATION_DEFERRED || row->state > CONVERSATION_CLOSED ||
		     row->level >= DESK_LEVELS || (serves && !v->row.seat)))
		err = PARLOR_E_VALUE;
	if (err)
		return err;
	conversation_begin(&ch, c, v);
	ch.row.state = row->state;
	ch.row.level = row->level;
	ch.row.asks = row->asks;
	ch.row.spoke = row->spoke;
	ch.row.first_response_us = row->first_response_us;
	ch.row.last_message_us = row->last_message_us;
	ch.row.assigned_us = row->assigned_us;
	ch.row.last_seq = row->last_seq;
	ch.row.closed_us = row->closed_us;
	ch.row.close_why = row->close_why;
	ch.row.rating_until_us = row->rating_until_us;
	ch.row.key = key_of(c, &ch.row);
	ch.row.texts = said_by(&ch.row);
	if (closed) {
		conversation_clear_offer(&ch.row);
		conversation_clear_transfer(&ch.row);
	}
	conversation_emit(c, kind_of(v->row.state, row->state), &ch);
	return c->broken;
}

enum parlor_err retell_rated(struct core *c, const struct core_call *call, struct span id,
			     uint8_t score, struct span comment)
{
	struct conversation_change ch;
	struct conversation *v;
	enum parlor_err err = find(c, call, id, &v);
	if (err)
		return err;
	conversation_begin(&ch, c, v);
	ch.row.score = score;
	ch.comment = comment;
	conversation_emit(c, RECORD_RATED, &ch);
	return c->broken;
}

/* ---- offers ------------------------------------------------------------------- */

static void offer_begins(struct core *c, struct conversation_change *ch,
			 const struct offer_view *offer)
{
	bool first = ch->row.offer != offer->offer;
	ch->row.offers += first;
	ch->row.offer = offer->offer;
	ch->row.offer_team = offer->team_no;
	ch->row.offer_why = offer->why;
	ch->row.offer_until_desk_us = UINT64_MAX;
	if (ch->row.state == CONVERSATION_WAITING)
		ch->row.state = CONVERSATION_OFFERED;
	/* Each of several has a turn of its own. */
	ch->offers = ch->offers < offer->offer ? offer->offer : ch->offers + 1;
	conversation_add_offered(ch, ch->seat->config->base.at.number);
	offer_take_turn(ch, ch->seat, team_of(c, offer->team_no));
}

static void offer_ends(struct conversation_change *ch, const struct offer_view *offer)
{
	ch->missed = offer->end == OFFER_EXPIRED;
	ch->answered = offer->end == OFFER_DECLINED;
	ch->how = offer->end;
	conversation_drop_offered(ch, ch->seat->config->base.at.number);
	if (ch->row.offered.len)
		return;
	ch->row.offer = ch->row.offer_until_desk_us = 0;
	ch->row.offer_why = 0;
	if (ch->row.state == CONVERSATION_OFFERED)
		ch->row.state = CONVERSATION_WAITING;
}

enum parlor_err retell_offer(struct core *c, const struct core_call *call, struct span id,
			     const struct offer_view *offer, const struct decision *decision)
{
	struct conversation_change ch;
	struct conversation *v;
	struct offer_view told = *offer;
	enum parlor_err err = find(c, call, id, &v);
	if (err)
		return err;
	bool live = offer->end == OFFER_LIVE;
	conversation_begin(&ch, c, v);
	ch.seat = seat_find_any(c, offer->seat_no);
	if (!ch.seat || !team_of(c, offer->team_no) ||
	    (live && v->row.offer == offer->offer && v->row.offered.len >= DESK_ASKED_MAX))
		return PARLOR_E_VALUE;
	if (live && v->row.offer != offer->offer)
		ch.row.offered = (struct number_list){.len = 0};
	if (live)
		offer_begins(c, &ch, offer);
	else
		offer_ends(&ch, offer);
	ch.row.offer_team = offer->team_no;
	ch.offer = &told;
	ch.decision = live ? decision : NULL;
	conversation_emit(c, live ? RECORD_OFFERED : RECORD_OFFER_ENDED, &ch);
	return c->broken;
}

/* ---- transfers ---------------------------------------------------------------- */

static struct span member_id(struct core *c, uint64_t no)
{
	struct member *m = NULL;
	enum parlor_err err = no ? member_find_no(c, no, &m) : PARLOR_E_OK;
	return !err && m ? m->row.id : NO_ONE;
}

static struct seat *seat_of(struct core *c, const struct conversation *v, uint64_t party)
{
	return party ? seat_find(c, v->desk, party) : NULL;
}

static void transfer_begins(struct core *c, struct conversation_change *ch,
			    const struct transfer_view *t)
{
	struct seat *to = t->to_team_no ? NULL : seat_of(c, ch->of, t->to_agent_no);
	took(ch, t->no);
	ch->row.transfers++;
	if (t->let_go)
		return;
	ch->row.transfer = t->no;
	ch->row.transfer_team = t->to_team_no;
	ch->row.transfer_seat = to ? to->config->base.at.number : 0;
}

enum parlor_err retell_transfer(struct core *c, const struct core_call *call, struct span id,
				const struct transfer_view *transfer)
{
	struct conversation_change ch;
	struct conversation *v;
	struct transfer_view told = *transfer;
	enum parlor_err err = find(c, call, id, &v);
	if (err)
		return err;
	/* Only one that is open has its desk at hand. */
	bool asked = transfer->end == TRANSFER_ASKED || transfer->end == TRANSFER_DONE;
	if ((asked && !v->linked) || (transfer->to_team_no && !team_of(c, transfer->to_team_no)))
		return PARLOR_E_VALUE;
	conversation_begin(&ch, c, v);
	if (asked)
		transfer_begins(c, &ch, transfer);
	else
		conversation_clear_transfer(&ch.row);
	told.from_agent = member_id(c, told.from_agent_no);
	told.to_agent = member_id(c, told.to_agent_no);
	told.by = member_id(c, told.by_no);
	if (told.to_team_no)
		told.to_team = team_of(c, told.to_team_no)->row.team;
	ch.transfer = &told;
	ch.how = told.end;
	ch.by = told.by;
	conversation_emit(c, RECORD_TRANSFER, &ch);
	return c->broken;
}

/* ---- stints ------------------------------------------------------------------- */

static void stint_begins(struct core *c, struct conversation_change *ch, uint32_t n,
			 const struct row_stint *s)
{
	struct row_conversation *row = &ch->row;
	took(ch, s->no);
	row->serving_team = row->offer && row->offer_team ? row->offer_team : row->team;
	row->seat = s->seat;
	row->robot = s->robot;
	row->stint = s->no;
	row->stints = n;
	row->since_desk_us = desk_now(c);
	row->state = s->robot ? CONVERSATION_BOT : CONVERSATION_ACTIVE;
	row->accepted = row->offer;
	ch->answered = true;
	if (!row->offer) {
		ch->offers++;
		offer_take_turn(ch, ch->seat, team_of(c, row->serving_team));
	}
	conversation_clear_offer(row);
	if (s->robot)
		return;
	row->human_stint = s->no;
	row->human_seat = s->seat;
}

static void stint_ends(struct core *c, struct conversation_change *ch, uint32_t n,
		       const struct row_stint *s)
{
	struct row_conversation *row = &ch->row;
	uint64_t now = desk_now(c);
	ch->idle_us = now;
	row->takeaways += s->end_why == RELEASE_UNANSWERED;
	if (row->stints != n)
		return;
	row->seat = row->serving_team = 0;
	row->robot = false;
	row->since_desk_us = now;
}

/* Who served it has left, and nobody else does. */
static void queue_again(struct core *c, struct conversation *v, const struct row_stint *s)
{
	static const enum queue_why whys[] = {
		[RELEASE_TRANSFER] = QUEUE_TRANSFER,     [RELEASE_GONE] = QUEUE_GONE,
		[RELEASE_UNANSWERED] = QUEUE_UNANSWERED, [RELEASE_RETURNED] = QUEUE_RETURNED,
		[RELEASE_HELD] = QUEUE_RESUMED,          [RELEASE_HANDOFF] = QUEUE_HANDOFF,
		[RELEASE_REMOVED] = QUEUE_RETURNED,
	};
	struct conversation_change ch;
	struct row_conversation *row = &ch.row;
	uint64_t now = desk_now(c);
	conversation_begin(&ch, c, v);
	row->state = CONVERSATION_WAITING;
	row->queue_why = (uint8_t)(s->end_why <= RELEASE_REMOVED ? whys[s->end_why] : QUEUE_NONE);
	row->waits_desk_us = now;
	if (s->end_why == RELEASE_HANDOFF && !team_of(c, row->team)->row.handoff_keeps)
		row->asked_desk_us = now;
	row->key = key_of(c, row);
	conversation_emit(c, RECORD_QUEUED, &ch);
}

enum parlor_err retell_stint(struct core *c, const struct core_call *call, struct span id,
			     uint32_t n, const struct row_stint *s)
{
	struct conversation_change ch;
	struct conversation *v;
	struct row_stint stint = *s;
	enum parlor_err err = find(c, call, id, &v);
	if (err)
		return err;
	conversation_begin(&ch, c, v);
	ch.seat = seat_find_any(c, s->seat);
	if (!ch.seat || !n || ch.seat->row.party_no != s->agent)
		return PARLOR_E_VALUE;
	bool ends = s->ended_us != 0;
	struct offer_view offer = {.offer = ch.row.offer, .end = OFFER_ACCEPTED};
	if (!ends && ch.row.offer && !conversation_is_offered(&ch.row, s->seat))
		return PARLOR_E_VALUE;
	if (!ends && ch.row.offer)
		ch.offer = &offer;
	if (ends)
		stint_ends(c, &ch, n, s);
	else
		stint_begins(c, &ch, n, s);
	ch.stint = &stint;
	ch.stint_n = n;
	ch.how = ends ? s->end_why : s->how;
	conversation_emit(c, ends ? RECORD_RELEASED : RECORD_ASSIGNED, &ch);
	if (ends && !c->broken && !v->row.seat && s->end_why != RELEASE_CLOSED)
		queue_again(c, v, s);
	return c->broken;
}

/* ---- the end ------------------------------------------------------------------ */

static void withdraw(struct core *c, struct conversation *v)
{
	bool to_seat = v->row.transfer && v->row.transfer_seat;
	offer_withdraw(c, v);
	if (to_seat && !c->broken)
		service_transfer_end(c, v, TRANSFER_CANCELLED, NO_ONE);
}

enum parlor_err retell_withdraw(struct core *c, const struct core_call *call, retell_step_fn *step,
				void *ctx)
{
	enum parlor_err err = PARLOR_E_OK;
	core_clock(c, call);
	/* One that changes is found again at the end of the table, with nothing to withdraw. */
	for (struct conversation *v = c->desk->by_visitor, *next; !err && v; v = next) {
		next = v->by_visitor.next;
		if (!v->row.offered.len && !(v->row.transfer && v->row.transfer_seat))
			continue;
		withdraw(c, v);
		err = c->broken ? c->broken : step(ctx);
	}
	return err;
}
