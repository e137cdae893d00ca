#include "core/desk/offering.h"

#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/setting.h"
#include "core/desk/strategy.h"

void offer_take_turn(struct conversation_change *ch, struct seat *s, struct team *team)
{
	ch->team_seat = team ? team_seat_find(team, s) : NULL;
	ch->turn = ch->offers;
	if (ch->team_seat)
		ch->pass = strategy_pass(ch->team_seat);
}

void offer_make(struct core *c, struct conversation *v, struct seat *s, struct team *team,
		enum offer_why why, bool first, const struct decision *decision)
{
	struct conversation_change ch;
	conversation_begin(&ch, c, v);
	uint64_t us = SETTING_US(team, offer_ms);
	if (first) {
		ch.row.offer = ++ch.offers;
		ch.row.offers++;
		ch.row.offer_until_desk_us = us ? desk_now(c) + us : UINT64_MAX;
		ch.row.offer_team = team->config->base.at.number;
		ch.row.offer_why = (uint8_t)why;
		if (ch.row.state == CONVERSATION_WAITING)
			ch.row.state = CONVERSATION_OFFERED;
	}
	/* Each of several has a turn of its own, or the first of them would be asked each time. */
	if (!first)
		ch.offers++;
	conversation_add_offered(&ch, s->config->base.at.number);
	ch.seat = s;
	offer_take_turn(&ch, s, team);
	struct offer_view offer = {.offer = ch.row.offer,
				   .why = (uint8_t)why,
				   .end = OFFER_LIVE,
				   .expires_ms = us / 1000};
	ch.offer = &offer;
	ch.told = team;
	ch.decision = decision;
	conversation_emit(c, RECORD_OFFERED, &ch);
	c->desk->counts.offers++;
}

static void count_end(struct core *c, enum offer_end how)
{
	struct desk_counts *n = &c->desk->counts;
	n->declined += how == OFFER_DECLINED;
	n->expired += how == OFFER_EXPIRED;
	n->withdrawn += how == OFFER_WITHDRAWN || how == OFFER_SEAT_GONE;
}

void offer_finish(struct core *c, struct conversation *v, struct seat *s, enum offer_end how,
		  bool excludes, struct span why)
{
	struct conversation_change ch;
	struct team *team = team_find_no(c, v->row.offer_team);
	conversation_begin(&ch, c, v);
	struct offer_view offer = {
		.offer = ch.row.offer, .why = ch.row.offer_why, .end = (uint8_t)how};
	ch.seat = s;
	ch.offer = &offer;
	ch.told = team;
	ch.why = why;
	ch.how = (uint8_t)how;
	ch.missed = how == OFFER_EXPIRED;
	ch.answered = how == OFFER_DECLINED;
	uint64_t now = desk_now(c);
	if (excludes)
		conversation_exclude(&ch, s->config->base.at.number, now,
				     now + SETTING_US(team ? team : v->team, again_ms));
	conversation_drop_offered(&ch, s->config->base.at.number);
	if (!ch.row.offered.len) {
		conversation_clear_offer(&ch.row);
		if (ch.row.state == CONVERSATION_OFFERED)
			ch.row.state = CONVERSATION_WAITING;
	}
	conversation_emit(c, RECORD_OFFER_ENDED, &ch);
	count_end(c, how);
}

void offer_withdraw(struct core *c, struct conversation *v)
{
	while (v->row.offered.len && !c->broken)
		offer_finish(c, v, seat_find_any(c, numbers_at(&v->row.offered, 0)),
			     OFFER_WITHDRAWN, false, NO_ONE);
}
