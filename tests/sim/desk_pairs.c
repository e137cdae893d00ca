#include "desk_pairs.h"

#define AGAIN_SOON_US 5000000

struct pairing {
	struct d_conversation *of;
	struct d_team *team;
	struct d_seat *seat;
	struct d_team_seat *as; /* NULL: it has no place in that team */
	uint8_t why;
	bool free_choice; /* somebody said who */
};

static uint64_t urgency(const struct d_conversation *c, const struct d_team *team)
{
	return model_less(c->row.key, c->row.reserved ? 0 : model_us(team->row.weight_ms, 0));
}

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_load(struct desk_model *m, const struct d_seat *a, const struct d_seat *b)
{
	return order(model_load(m, a, 0).seat * b->row.max, model_load(m, b, 0).seat * a->row.max);
}

static int by_strategy(struct desk_model *m, enum strategy strategy, const struct d_team_seat *a,
		       const struct d_team_seat *b)
{
	const struct d_seat *x = model_seat(m, a->row.seat_no), *y = model_seat(m, b->row.seat_no);
	int first;
	switch (strategy) {
	case STRATEGY_MOST_IDLE:
		return by_load(m, x, y);
	case STRATEGY_LEAST_BUSY:
		return order(model_load(m, x, 0).seat, model_load(m, y, 0).seat);
	case STRATEGY_LONGEST_IDLE:
		return order(x->idle_us, y->idle_us);
	case STRATEGY_PRIORITY:
		first = order(y->row.priority_milli, x->row.priority_milli);
		return first ? first : by_load(m, x, y);
	case STRATEGY_WEIGHTED:
		return order(a->pass, b->pass);
	default:
		return 0;
	}
}

static bool is_before(struct desk_model *m, enum strategy strategy, const struct d_team_seat *a,
		      const struct d_team_seat *b)
{
	if (a->row.level != b->row.level)
		return a->row.level < b->row.level;
	if (strategy == STRATEGY_RANDOM || (strategy == STRATEGY_WEIGHTED && (a->came || b->came)))
		return false;
	int first = by_strategy(m, strategy, a, b);
	if (!first)
		first = order(a->turn, b->turn);
	if (!first)
		first = order(a->row.ord, b->row.ord);
	return first ? first < 0 : a->row.seat_no < b->row.seat_no;
}

/* Everybody who is on duty has said no: whose no is oldest may be asked again soon. */
static bool asked_again(struct desk_model *m, const struct pairing *p)
{
	const struct d_conversation *c = p->of;
	size_t at = 0;
	while (at < c->excluded_len && c->excluded[at].seat != p->seat->no) {
		const struct d_seat *s = model_seat(m, c->excluded[at].seat);
		if (s && model_team_seat(m, p->team->no, s->no) && model_available(m, s))
			return false;
		at++;
	}
	if (at == c->excluded_len || c->excluded[at].since_us + AGAIN_SOON_US > model_now(m))
		return false;
	for (int i = 0; i < m->team_seats_len; i++)
		if (m->team_seats[i].row.team_no == p->team->no &&
		    model_could(m, c, p->team, &m->team_seats[i]))
			return false;
	return true;
}

static void check_best(struct world *w, struct desk_model *m, const struct pairing *p)
{
	enum strategy strategy = model_strategy(m, p->team);
	if (asked_again(m, p))
		return;
	WANT(w, model_could(m, p->of, p->team, p->as), "seat %d could not have it",
	     (int)p->seat->no);
	for (int i = 0; i < m->team_seats_len; i++) {
		struct d_team_seat *t = &m->team_seats[i];
		if (t->row.team_no != p->team->no || model_is_offered(p->of, t->row.seat_no) ||
		    !model_could(m, p->of, p->team, t))
			continue;
		WANT(w, !is_before(m, strategy, t, p->as), "seat %d before %d (strategy %d)",
		     (int)t->row.seat_no, (int)p->seat->no, strategy);
	}
}

static void check_other(struct world *w, struct desk_model *m, const struct pairing *p,
			struct d_conversation *c, struct d_team *team)
{
	struct d_team_seat *t = team ? model_team_seat(m, team->no, p->seat->no) : NULL;
	if (!t || !model_could(m, c, team, t))
		return;
	WANT(w, urgency(c, team) >= urgency(p->of, p->team),
	     "conversation %d, key %llu, waits, and %d, key %llu, has seat %d", (int)c->no,
	     (unsigned long long)c->row.key, (int)p->of->no, (unsigned long long)p->of->row.key,
	     (int)p->seat->no);
}

/* Nobody waits who should have that seat before (D4). */
static void check_first(struct world *w, struct desk_model *m, const struct pairing *p)
{
	for (int i = 0; i < m->open_len; i++) {
		struct d_conversation *c = &m->open[i];
		struct d_team *home = model_team(m, model_queue(c));
		if (c == p->of || !home)
			continue;
		if (c->row.reserved == p->seat->no && !c->row.offer)
			check_other(w, m, p, c, home);
		if (!model_is_free(c))
			continue;
		check_other(w, m, p, c, home);
		if (c->row.overflows)
			check_other(w, m, p, c, model_overflow(m, home));
	}
}

static void check_limits(struct world *w, struct desk_model *m, const struct pairing *p)
{
	const struct d_agent *a = model_agent(m, p->seat->row.party_no);
	struct d_load load = model_load(m, p->seat, p->team->no);
	WANT(w, load.seat <= p->seat->row.max || (a->row.robot && !p->seat->row.max),
	     "seat %d has %d of %d", (int)p->seat->no, (int)load.seat, (int)p->seat->row.max);
	WANT(w, !a->row.max || load.agent <= a->row.max, "agent has %d of %d", (int)load.agent,
	     (int)a->row.max);
	WANT(w, !p->as || !p->as->row.max || load.team_seat <= p->as->row.max, "of its team %d",
	     (int)load.team_seat);
}

/* What may pass the limits: a manager, and a team that says so of who is preferred. */
static bool may_pass(const struct record *r, const struct pairing *p)
{
	bool preferred = p->why == WHY_ASKED || p->why == WHY_OWNER || p->why == WHY_STICKY;
	return r->conversation.how == HOW_FORCED || r->conversation.how == HOW_ACCEPTED ||
	       (preferred && p->team->row.sticky_full == 2);
}

static void pairing_of(struct desk_model *m, const struct record *r, struct d_conversation *c,
		       const struct row_conversation *row, struct pairing *p)
{
	const struct conversation_told *told = r->conversation.told;
	uint64_t team = r->kind == RECORD_OFFERED ? row->offer_team : row->serving_team;
	*p = (struct pairing){.of = c,
			      .team = model_team(m, team),
			      .seat = model_seat(m, r->conversation.seat),
			      .as = model_team_seat(m, team, r->conversation.seat)};
	if (r->kind == RECORD_OFFERED)
		p->why = row->offer_why;
	else if (told->decision)
		p->why = told->decision->why;
	p->free_choice = c->row.transfer_seat ||
			 (r->kind == RECORD_ASSIGNED && r->conversation.how != HOW_AUTO);
}

static void check_pair(struct world *w, struct desk_model *m, const struct record *r,
		       const struct pairing *p)
{
	bool preferred = p->why == WHY_ASKED || p->why == WHY_OWNER || p->why == WHY_STICKY ||
			 p->why == WHY_RESUMED;
	WANT(w, p->team && p->seat, "nobody is paired");
	if (p->free_choice)
		return;
	WANT(w, model_available(m, p->seat), "seat %d is not available", (int)p->seat->no);
	if (!preferred)
		check_best(w, m, p);
	if (!p->of->row.offer && !may_pass(r, p))
		check_first(w, m, p);
}

void pairs_before(struct world *w, struct desk_model *m, const struct record *r,
		  struct d_conversation *c, const struct row_conversation *row)
{
	struct pairing p;
	pairing_of(m, r, c, row, &p);
	check_pair(w, m, r, &p);
}

void pairs_behind(struct world *w, struct desk_model *m, const struct record *r,
		  struct d_conversation *c)
{
	struct pairing p;
	pairing_of(m, r, c, &c->row, &p);
	if (!may_pass(r, &p))
		check_limits(w, m, &p);
}
