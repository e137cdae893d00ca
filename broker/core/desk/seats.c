#include "core/desk/seats.h"

#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/setting.h"
#include "core/desk/strategy.h"
#include "core/desk/tally.h"

#include <assert.h>
#include <utlist.h>

/* ---- who has to be looked at -------------------------------------------------- */

void prospect_mark(struct core *c, struct prospect *prospect)
{
	struct desk_state *d = c->desk;
	if (!d->live)
		return;
	/* Who has come may be before whoever was first there. */
	if (rank_contains(&prospect->node) && prospect->key)
		rank_remove(&d->prospects, &prospect->node);
	if (rank_contains(&prospect->node))
		return;
	prospect->key = 0; /* not known: first of all */
	rank_insert(&d->prospects, &prospect->node);
}

/* ---- a seat ------------------------------------------------------------------- */

static bool agent_is_on(const struct agent *a)
{
	return !a->config->removed && !a->row.off;
}

bool seat_is_on(const struct seat *s)
{
	return !s->config->removed && !s->row.off && agent_is_on(s->agent) &&
	       !s->desk->config->removed;
}

bool seat_is_always(const struct seat *s)
{
	return s->agent->row.mode == MODE_ALWAYS || s->row.mode == MODE_ALWAYS || s->row.bind;
}

bool seat_is_available(const struct seat *s)
{
	if (!seat_is_on(s) || s->agent->row.mode == MODE_AWAY || s->row.mode == MODE_AWAY)
		return false;
	return seat_is_always(s) || s->agent->presence == PRESENCE_IS_ONLINE;
}

bool seat_has_room(const struct seat *s, const struct team_seat *t)
{
	const struct agent *a = s->agent;
	/* A robot that has no limit takes all. */
	if (s->load >= s->row.max && !(a->row.robot && !s->row.max))
		return false;
	if (a->row.max && a->load >= a->row.max)
		return false;
	return !t || !t->row.max || t->load < t->row.max;
}

bool team_is_automatic(const struct team *t)
{
	return !t->config->removed && team_strategy(t) != STRATEGY_MANUAL;
}

static struct rank_tree *tree_of(const struct team_seat *t)
{
	return t->seat->agent->row.robot ? &t->team->robots : &t->team->ready;
}

static bool is_ready(const struct team_seat *t)
{
	const struct seat *s = t->seat;
	return s->available && !s->rests && !t->config->removed && seat_has_room(s, t);
}

static void team_seat_out(struct team_seat *t)
{
	if (rank_contains(&t->in_ready))
		rank_remove(tree_of(t), &t->in_ready);
}

static void team_seat_check(struct core *c, struct team_seat *t)
{
	bool ready = is_ready(t);
	if (ready == rank_contains(&t->in_ready))
		return;
	if (!ready) {
		team_seat_out(t);
		return;
	}
	t->in_ready.id = t->row.seat_no;
	rank_insert(tree_of(t), &t->in_ready);
	prospect_mark(c, &t->team->prospect);
}

void seat_out(struct seat *s)
{
	for (struct team_seat *t = s->teams; t; t = t->next)
		team_seat_out(t);
}

/* Only humans are counted: a level where there are but robots is empty. */
static void count_available(struct seat *s, bool available)
{
	if (s->agent->row.robot || s->available == available)
		return;
	for (struct team_seat *t = s->teams; t; t = t->next)
		t->team->available[t->row.level] += available ? 1 : -1U;
}

/* By weight it begins where the first of the others is. */
static void note_pass(struct team_seat *t)
{
	const struct rank_node *n = rank_first(&t->team->ready);
	if (!n || team_strategy(t->team) != STRATEGY_WEIGHTED || rank_contains(&t->in_ready))
		return;
	uint64_t of;
	strategy_score(CONTAINER(n, const struct team_seat, in_ready), &t->pass_least, &of);
}

static void seat_check(struct core *c, struct seat *s)
{
	bool available = seat_is_available(s);
	bool was = s->available;
	count_available(s, available);
	s->available = available;
	for (struct team_seat *t = s->teams; t; t = t->next) {
		if (available && !was && !s->stays)
			note_pass(t);
		team_seat_check(c, t);
		tally_available(c, t);
		/* Who is told apart by level: fewer who are available let higher ones in. */
		if (was != available)
			prospect_mark(c, &t->team->prospect);
	}
	s->stays = false;
	if (available && !s->rests && rank_count(&s->reserved) && seat_has_room(s, NULL))
		prospect_mark(c, &s->prospect);
}

void seat_in(struct core *c, struct seat *s)
{
	bool rests = s->row.ready_us > desk_now(c);
	if (rests != s->rests || rests) {
		s->rests = rests;
		row_set_due(&c->engine, &s->config->base);
	}
	seat_check(c, s);
}

void agent_check(struct core *c, struct agent *a)
{
	for (struct seat *s = a->seats; s; s = s->next)
		seat_check(c, s);
}

void seat_take(struct core *c, struct seat *s, struct team_seat *t)
{
	seat_out(s);
	s->load++;
	s->agent->load++;
	if (t)
		t->load++;
	seat_in(c, s);
	if (s->agent->row.max)
		agent_check(c, s->agent);
}

void seat_give_back(struct core *c, struct seat *s, struct team_seat *t)
{
	assert(s->load && s->agent->load && (!t || t->load));
	seat_out(s);
	s->load--;
	s->agent->load--;
	if (t)
		t->load--;
	seat_in(c, s);
	if (s->agent->row.max)
		agent_check(c, s->agent);
}

/* ---- rows that come, change and go -------------------------------------------- */

static void unlink_team_seat(struct team_seat *t)
{
	if (!t->seat)
		return;
	team_seat_out(t);
	if (t->seat->available && !t->seat->agent->row.robot && !t->config->removed)
		t->team->available[t->row.level]--;
	if (!t->config->removed)
		DL_DELETE(t->seat->teams, t);
	rank_remove(&t->team->seats, &t->in_seats);
	/* Its load is that of the conversations, and stays. */
}

static void link_team_seat(struct core *c, struct team_seat *t)
{
	t->seat = config_find_no(c, t->row.seat_no)->is;
	t->team = config_find_no(c, t->row.team_no)->is;
	/* Those that it has left are not walked with each that it takes. */
	if (!t->config->removed)
		DL_APPEND(t->seat->teams, t);
	t->in_seats.id = t->row.seat_no;
	rank_insert(&t->team->seats, &t->in_seats); /* in no order but that of numbers */
	tally_available(c, t);
	if (t->seat->available && !t->seat->agent->row.robot && !t->config->removed)
		t->team->available[t->row.level]++;
	team_seat_check(c, t);
	prospect_mark(c, &t->team->prospect);
}

static void unlink_seat(struct core *c, struct seat *s)
{
	if (!s->agent)
		return;
	/* Fewer who are available let higher levels in. */
	for (struct team_seat *t = s->teams; t && s->available; t = t->next)
		prospect_mark(c, &t->team->prospect);
	seat_out(s);
	count_available(s, false);
	s->stays = s->available;
	s->available = false;
}

static void link_seat(struct core *c, struct seat *s)
{
	if (!s->agent) {
		struct config_key k;
		config_key_begin(&k, CONFIG_AGENT, s->config->tenant);
		config_key_number(&k, s->row.party_no);
		s->agent = config_find_key(c, &k)->is;
		s->desk = config_find_no(c, s->row.desk_no)->is;
		DL_APPEND(s->agent->seats, s);
		s->prospect.seat = s;
		s->prospect.node.id = s->config->base.at.number;
		s->reserved.before = conversation_before_in_free;
	}
	seat_in(c, s);
}

static void unlink_agent(struct core *c, struct agent *a)
{
	for (struct seat *s = a->seats; s; s = s->next)
		unlink_seat(c, s);
}

/* Who becomes an agent may have been there before. */
static uint8_t presence_of(struct core *c, const struct agent *a)
{
	const struct member *m =
		(const struct member *)row_find(&c->engine, &member_kind, a->row.party_no, 0);
	return m && m->row.presence_run == c->state.run ? m->row.presence : PRESENCE_IS_OFFLINE;
}

static void link_agent(struct core *c, struct agent *a)
{
	if (!a->presence)
		a->presence = presence_of(c, a);
	for (struct seat *s = a->seats; s; s = s->next)
		seat_in(c, s);
}

static void empty(struct rank_tree *t)
{
	while (t->root)
		rank_remove(t, t->root);
}

static void unlink_team(struct team *t)
{
	empty(&t->ready);
	empty(&t->robots);
}

static void link_team(struct core *c, struct team *t)
{
	if (!t->desk) {
		t->desk = config_find_no(c, t->row.desk_no)->is;
		DL_APPEND(t->desk->teams, t);
		t->prospect.team = t;
		t->prospect.node.id = t->config->base.at.number;
		t->all.before = t->deferred.before = conversation_before_in_all;
		for (int level = 0; level < DESK_LEVELS; level++) {
			t->free[level].before = conversation_before_in_free;
			t->over[level].before = conversation_before_in_overflow;
		}
		t->ready.before = t->robots.before = strategy_before;
		t->seats.before = t->open.before = rank_by_number;
		if (span_equal(t->row.team, (struct span){"*", 1}))
			t->desk->team = t;
	}
	for (struct rank_node *n = rank_first(&t->seats); n; n = rank_next(&t->seats, n))
		team_seat_check(c, CONTAINER(n, struct team_seat, in_seats));
	prospect_mark(c, &t->prospect);
}

static void unlink_desk(struct desk *d)
{
	for (struct team *t = d->teams; t; t = t->next)
		unlink_team(t);
}

static void link_desk(struct core *c, struct desk *d)
{
	d->open.before = rank_by_number;
	for (struct team *t = d->teams; t; t = t->next)
		link_team(c, t);
}

void seats_unlink(struct core *c, struct config *config)
{
	switch (config->kind) {
	case CONFIG_DESK:
		unlink_desk(config->is);
		break;
	case CONFIG_TEAM:
		unlink_team(config->is);
		break;
	case CONFIG_AGENT:
		unlink_agent(c, config->is);
		break;
	case CONFIG_SEAT:
		unlink_seat(c, config->is);
		break;
	case CONFIG_TEAM_SEAT:
		unlink_team_seat(config->is);
		break;
	default:
		break;
	}
}

void seats_link(struct core *c, struct config *config)
{
	switch (config->kind) {
	case CONFIG_DESK:
		link_desk(c, config->is);
		break;
	case CONFIG_TEAM:
		link_team(c, config->is);
		break;
	case CONFIG_AGENT:
		link_agent(c, config->is);
		break;
	case CONFIG_SEAT:
		link_seat(c, config->is);
		break;
	case CONFIG_TEAM_SEAT:
		link_team_seat(c, config->is);
		break;
	default:
		break;
	}
}
