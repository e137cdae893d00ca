#include "core/desk/match.h"

#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/duty.h"
#include "core/desk/queue.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"
#include "core/desk/strategy.h"
#include "core/desk/visitor_row.h"
#include "core/member_row.h"

static struct team_seat *ready_of(struct rank_node *n)
{
	return n ? CONTAINER(n, struct team_seat, in_ready) : NULL;
}

/* ---- whom a conversation may have --------------------------------------------- */

/* The lowest level where somebody is on duty: nobody waits for a level without. */
static unsigned lowest_level(const struct team *t)
{
	unsigned level = 0;
	if (t->row.levels_wait)
		return 0;
	while (level < DESK_LEVELS - 1 && !t->available[level])
		level++;
	return level;
}

bool match_level_fits(const struct team *t, const struct conversation *v, const struct team_seat *s)
{
	uint64_t queue = v->row.transfer_team ? v->row.transfer_team : v->row.team;
	/* A team that helps does so with all it has. */
	return s->row.level <= v->row.level || s->row.level <= lowest_level(t) ||
	       t->config->base.at.number != queue;
}

/* Whose exclusion is over before its time, because everybody who is on duty has declined: of
 * them the one whose no is oldest. 0: nobody's. */
static uint64_t asked_again(struct core *c, const struct conversation *v, const struct team *t,
			    uint64_t now)
{
	const struct number_list *n = &v->row.excluded; /* its oldest first */
	uint64_t available = 0, excluded = 0, first = 0, since = 0;
	for (int level = 0; level < DESK_LEVELS; level++)
		available += t->available[level];
	for (size_t i = 0; i + 2 < n->len; i += 3) {
		const struct seat *s = seat_find_no(c, numbers_at(n, i));
		bool over = numbers_at(n, i + 2) <= now;
		if (over || !s || !s->available || s->agent->row.robot || !team_seat_find(t, s))
			continue;
		since = first ? since : numbers_at(n, i + 1);
		first = first ? first : numbers_at(n, i);
		excluded++;
	}
	return excluded >= available && since + SETTING_AGAIN_SOON_US <= now ? first : 0;
}

static bool may_have(const struct conversation *v, const struct team *t, const struct team_seat *s,
		     uint64_t now, uint64_t again)
{
	return match_level_fits(t, v, s) &&
	       (!v->row.excluded.len || !queue_excludes(v, s->row.seat_no, now) ||
		s->row.seat_no == again) &&
	       s->row.seat_no != v->row.seat;
}

static bool is_of_level(const struct rank_node *n, const void *level)
{
	return CONTAINER(n, const struct team_seat, in_ready)->row.level <= *(const uint8_t *)level;
}

/* One drawn from those of the lowest level, and if it may not have it, those behind. */
static struct team_seat *draw(struct core *c, const struct conversation *v, struct team *t,
			      uint64_t now, uint64_t again)
{
	const struct team_seat *first = ready_of(rank_first(&t->ready));
	size_t n = rank_lower(&t->ready, is_of_level, &first->row.level);
	size_t at = strategy_draw(t->config->base.at.number, v->no, c->desk->row.offers + 1, n);
	for (size_t i = 0; i < n; i++) {
		struct team_seat *s = ready_of(rank_select(&t->ready, (at + i) % n));
		if (may_have(v, t, s, now, again))
			return s;
	}
	return NULL;
}

static struct team_seat *choose(struct core *c, const struct conversation *v, struct team *t)
{
	uint64_t now = desk_now(c);
	uint64_t again = v->row.excluded.len ? asked_again(c, v, t, now) : 0;
	struct rank_node *n = rank_first(&t->ready);
	if (n && team_strategy(t) == STRATEGY_RANDOM) {
		struct team_seat *s = draw(c, v, t, now, again);
		if (s)
			return s;
	}
	for (; n; n = rank_next(&t->ready, n)) {
		struct team_seat *s = ready_of(n);
		meter_walk(c->engine.meter, 1);
		if (!match_level_fits(t, v, s))
			return NULL;
		if (may_have(v, t, s, now, again))
			return s;
	}
	return NULL;
}

/* ---- why ---------------------------------------------------------------------- */

/* Walking all seats would cost more than the choice: the rest follows from counts. */
static void count_passed_over(const struct conversation *v, const struct team *t,
			      struct decision *d)
{
	size_t available = 0, all = rank_count(&t->seats), ready = rank_count(&t->ready);
	for (int level = 0; level < DESK_LEVELS; level++)
		available += t->available[level];
	d->offline = (uint32_t)(all > available ? all - available : 0);
	d->full = (uint32_t)(available > ready ? available - ready : 0);
	d->excluded = (uint32_t)(v->row.excluded.len / 3);
}

void match_decision(const struct conversation *v, const struct team *t, struct decision *d)
{
	uint64_t of;
	*d = (struct decision){.strategy = (uint8_t)team_strategy(t),
			       .why = WHY_STRATEGY,
			       .ready = (uint32_t)rank_count(&t->ready),
			       .level = v->row.level,
			       .place = (uint32_t)queue_place(v, &of)};
	count_passed_over(v, t, d);
}

static void decision_of(const struct conversation *v, struct team *t, struct team_seat *s,
			enum offer_why why, struct decision *d)
{
	match_decision(v, t, d);
	d->why = (uint8_t)why;
	if (!s)
		return;
	strategy_score(s, &d->score, &d->of);
	struct rank_node *first = rank_first(&t->ready);
	struct rank_node *next = first == &s->in_ready ? rank_next(&t->ready, first) : first;
	if (!next)
		return;
	struct team_seat *second = ready_of(next);
	d->second_seat = second->row.seat_no;
	d->second_agent = second->seat->row.agent;
	strategy_score(second, &d->second_score, &d->second_of);
}

/* ---- pairing ------------------------------------------------------------------ */

static void offer_to_several(struct core *c, struct conversation *v, struct team *t,
			     struct team_seat *s, const struct decision *why)
{
	size_t left = SETTING(t, broadcast);
	for (bool first = true; s && left-- > 0 && !c->broken; first = false) {
		offer_make(c, v, s->seat, t, WHY_STRATEGY, first, why);
		/* Whoever has it offered is no more ready for this one. */
		struct rank_node *n = rank_first(&t->ready);
		for (s = NULL; n && !s; n = rank_next(&t->ready, n))
			if (!conversation_is_offered(&v->row, ready_of(n)->row.seat_no) &&
			    may_have(v, t, ready_of(n), desk_now(c), 0))
				s = ready_of(n);
	}
}

static void pair(struct core *c, struct conversation *v, struct team *t, struct team_seat *s,
		 struct seat *seat, enum offer_why why)
{
	struct decision decision;
	c->desk->counts.pairs++;
	decision_of(v, t, s, why, &decision);
	if (why == WHY_STRATEGY && team_strategy(t) == STRATEGY_BROADCAST)
		offer_to_several(c, v, t, s, &decision);
	else if (seat->agent->row.robot)
		service_assign(c, v, seat, t, HOW_ROBOT, &decision, NO_ONE);
	else if (t->row.accept || v->row.transfer)
		offer_make(c, v, seat, t, v->row.transfer ? WHY_TRANSFER : why, true, &decision);
	else
		service_assign(c, v, seat, t, HOW_AUTO, &decision, NO_ONE);
}

/* The queues of a team, with those of teams that it helps, as one. */
struct heads {
	struct rank_node *nodes[2 * DESK_LEVELS];
};

static struct conversation *conversation_of(size_t i, struct rank_node *n)
{
	return i < DESK_LEVELS ? CONTAINER(n, struct conversation, in_free)
			       : CONTAINER(n, struct conversation, in_overflow);
}

static struct rank_tree *tree_at(struct team *t, size_t i)
{
	return i < DESK_LEVELS ? &t->free[i] : &t->over[i - DESK_LEVELS];
}

static bool comes_before(const struct conversation *a, const struct conversation *b)
{
	return a->row.key != b->row.key ? a->row.key < b->row.key : a->no < b->no;
}

static void heads_begin(struct heads *h, struct team *t, unsigned level)
{
	for (size_t i = 0; i < 2 * DESK_LEVELS; i++)
		h->nodes[i] = i >= level ? rank_first(tree_at(t, i)) : NULL;
}

static struct conversation *heads_next(struct heads *h, struct team *t)
{
	struct conversation *best = NULL;
	size_t at = 0;
	for (size_t i = 0; i < 2 * DESK_LEVELS; i++) {
		struct conversation *v = h->nodes[i] ? conversation_of(i, h->nodes[i]) : NULL;
		if (v && (!best || comes_before(v, best))) {
			best = v;
			at = i;
		}
	}
	if (best)
		h->nodes[at] = rank_next(tree_at(t, at), h->nodes[at]);
	return best;
}

/* A seat stands in that many live exclusions at most, about: beyond it there is none to be found.
 */
#define LOOKS 256

/* The first that somebody of the team may have, and who. */
static struct conversation *first_pair(struct core *c, struct team *t, struct team_seat **s)
{
	struct heads heads;
	struct conversation *v;
	struct team_seat *first = ready_of(rank_first(&t->ready));
	if (!first || !team_is_automatic(t))
		return NULL;
	/* Who may be given to nobody of this level is passed over at once. */
	heads_begin(&heads, t, first->row.level <= lowest_level(t) ? 0 : first->row.level);
	for (size_t looks = 0; looks < LOOKS && (v = heads_next(&heads, t)); looks++) {
		*s = choose(c, v, t);
		if (*s)
			return v;
	}
	return NULL;
}

/* The first of those that wait for the seat whose team lets it take one more. */
static struct conversation *first_reserved(struct seat *s)
{
	struct rank_node *n = rank_first(&s->reserved);
	if (!s->available || s->rests)
		return NULL;
	for (size_t looks = 0; n && looks < LOOKS; looks++, n = rank_next(&s->reserved, n)) {
		struct conversation *v = CONTAINER(n, struct conversation, in_free);
		if (seat_has_room(s, team_seat_find(v->team, s)))
			return v;
	}
	return NULL;
}

static void pair_reserved(struct core *c, struct conversation *v, struct seat *s)
{
	enum offer_why why = (enum offer_why)v->row.offer_why;
	pair(c, v, v->team, team_seat_find(v->team, s), s, why ? why : WHY_STICKY);
}

/* Its hours have turned: one of those for whom that means something. False: there is none. */
static bool turn_one(struct core *c, struct team *t)
{
	bool closed = duty_closed(c, t);
	struct rank_node *n = rank_first(closed ? &t->all : &t->deferred);
	struct conversation *v = n ? CONTAINER(n, struct conversation, in_all) : NULL;
	/* Whoever has it goes on. */
	while (closed && v && v->row.transfer) {
		meter_walk(c->engine.meter, 1);
		n = rank_next(&t->all, n);
		v = n ? CONTAINER(n, struct conversation, in_all) : NULL;
	}
	t->duty_turned = v && (!closed || t->row.at_close);
	if (!t->duty_turned)
		return false;
	if (!closed) {
		service_queue(c, v, &(struct queueing){.why = QUEUE_OPENED});
		match_prefer(c, v, false);
	} else {
		offer_withdraw(c, v);
		if (t->row.at_close == 2)
			service_close(c, v, CLOSE_NO_SERVICE, NO_ONE, NO_ONE);
		else
			service_queue(c, v, &(struct queueing){.why = QUEUE_DEFERRED});
	}
	return t->duty_turned;
}

static uint64_t key_of(const struct prospect *prospect, const struct conversation *v)
{
	uint64_t boost = prospect->seat ? 0 : SETTING_US(prospect->team, weight_ms);
	return v->row.key > boost ? v->row.key - boost : 0;
}

bool match_run(struct core *c, size_t pairs_max)
{
	struct desk_state *d = c->desk;
	struct rank_node *n;
	if (desk_now(c) < d->hold_us)
		return false;
	while (!c->broken && (n = rank_first(&d->prospects)) != NULL) {
		struct prospect *prospect = CONTAINER(n, struct prospect, node);
		struct team_seat *s = NULL;
		rank_remove(&d->prospects, n);
		if (prospect->team && prospect->team->duty_turned && turn_one(c, prospect->team)) {
			prospect_mark(c, prospect);
			if (pairs_max-- == 0)
				return true;
			continue;
		}
		struct conversation *v = prospect->seat ? first_reserved(prospect->seat)
							: first_pair(c, prospect->team, &s);
		if (!v)
			continue;
		uint64_t key = key_of(prospect, v);
		bool stands = key == prospect->key;
		prospect->key = key;
		if (pairs_max == 0 || !stands) {
			rank_insert(&d->prospects, n);
			if (pairs_max == 0)
				return true;
			continue;
		}
		pairs_max--;
		if (prospect->seat)
			pair_reserved(c, v, prospect->seat);
		else
			pair(c, v, prospect->team, s, s->seat, WHY_STRATEGY);
		prospect_mark(c, prospect);
	}
	return false;
}

/* ---- before all others -------------------------------------------------------- */

bool match_may_serve(struct core *c, struct team *t)
{
	struct team_seat *first = ready_of(rank_first(&t->ready));
	return first && team_is_automatic(t) && desk_now(c) >= c->desk->hold_us &&
	       (first->row.level == 0 || first->row.level <= lowest_level(t));
}

struct team_seat *match_robot(struct team *t)
{
	return ready_of(rank_first(&t->robots));
}

/* It gets the seat, waits for it (true), or cannot have it. */
static bool prefer(struct core *c, struct conversation *v, struct seat *s, enum offer_why why,
		   bool alone)
{
	struct team *t = v->team;
	struct team_seat *ts = s && s->desk == v->desk ? team_seat_find(t, s) : NULL;
	uint64_t now = desk_now(c);
	if (!ts || !s->available || queue_excludes(v, s->config->base.at.number, now))
		return false;
	bool full = !seat_has_room(s, ts);
	/* Beside others it has no advantage but that of its key. */
	bool later = s->rests || now < c->desk->hold_us || !alone;
	uint64_t wait_us = SETTING_US(t, sticky_wait_ms);
	if ((full && t->row.sticky_full == 0) || (!full && later)) {
		if (!wait_us)
			return false;
		service_reserve(c, v, s->config->base.at.number, now + wait_us, why);
		return true;
	}
	if (full && t->row.sticky_full == 1)
		return false;
	pair(c, v, t, ts, s, why);
	return true;
}

static struct seat *seat_of_owner(struct core *c, struct conversation *v, struct member *m)
{
	struct visitor *visitor;
	enum parlor_err err = visitor_find(c, m, &visitor);
	if (err)
		core_break(c, err);
	if (err || !visitor || visitor->removed || !visitor->row.owner_no)
		return NULL;
	return seat_find(c, v->desk, visitor->row.owner_no);
}

static struct seat *last_seat(struct core *c, struct conversation *v, struct member *m)
{
	struct guest *g;
	uint64_t for_us = SETTING_US(v->team, sticky_ms);
	enum parlor_err err = guest_find(c, m, v->row.desk, &g);
	if (err)
		core_break(c, err);
	if (err || !g || !g->row.seat || !for_us || g->row.served_us + for_us < desk_now(c))
		return NULL;
	return seat_find_no(c, g->row.seat);
}

void match_prefer(struct core *c, struct conversation *v, bool alone)
{
	struct member *m;
	if (v->row.state != CONVERSATION_WAITING || !team_is_automatic(v->team))
		return;
	enum parlor_err err = member_find_no(c, v->row.visitor, &m);
	if (err || !m) {
		core_break(c, err ? err : PARLOR_E_STORE_CORRUPT);
		return;
	}
	if (v->row.wanted && prefer(c, v, seat_find_no(c, v->row.wanted), WHY_ASKED, alone))
		return;
	if (!c->broken && prefer(c, v, seat_of_owner(c, v, m), WHY_OWNER, alone))
		return;
	if (!c->broken)
		(void)prefer(c, v, last_seat(c, v, m), WHY_STICKY, alone);
}

uint64_t match_exclusion_due(const struct conversation *v, uint64_t now_us)
{
	const struct number_list *n = &v->row.excluded;
	uint64_t due = 0;
	for (size_t i = 0; i + 2 < n->len; i += 3) {
		uint64_t soon = numbers_at(n, i + 1) + SETTING_AGAIN_SOON_US;
		uint64_t until = numbers_at(n, i + 2);
		uint64_t at = soon > now_us && soon < until ? soon : until;
		if (at > now_us && (!due || at < due))
			due = at;
	}
	return due;
}
