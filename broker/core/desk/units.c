#include "core/desk/units.h"
#include "core/desk/tally.h"

#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/seats.h"

#include <assert.h>
#include <utlist.h>

static void add_unit(struct core *c, struct conversation *v, uint64_t seat_no, uint64_t team_no)
{
	struct config *seat = config_find_no(c, seat_no), *team = config_find_no(c, team_no);
	if (!seat)
		return;
	assert(v->units_len < sizeof v->units / sizeof v->units[0]);
	v->units[v->units_len++] =
		(struct unit){.of = v,
			      .seat = seat->is,
			      .team_seat = team ? team_seat_find(team->is, seat->is) : NULL};
}

/* Whether who serves has a place taken by it. */
static bool serving_counts(const struct conversation *v)
{
	if (!v->row.seat)
		return false;
	return v->row.state != CONVERSATION_HELD || !v->team->row.hold_frees;
}

static void find_units(struct core *c, struct conversation *v)
{
	v->units_len = 0;
	if (serving_counts(v))
		add_unit(c, v, v->row.seat, v->row.serving_team);
	for (size_t i = 0; i < v->row.offered.len; i++)
		add_unit(c, v, numbers_at(&v->row.offered, i), v->row.offer_team);
}

static bool serves(const struct unit *u)
{
	return u->of->row.seat == u->seat->config->base.at.number;
}

static void take_unit(struct core *c, struct unit *u)
{
	DL_APPEND(u->seat->units, u);
	if (serves(u))
		tally_serves(c, u->team_seat, true);
	seat_take(c, u->seat, u->team_seat);
}

static void give_back_unit(struct core *c, struct unit *u)
{
	DL_DELETE(u->seat->units, u);
	if (serves(u))
		tally_serves(c, u->team_seat, false);
	seat_give_back(c, u->seat, u->team_seat);
}

void units_take(struct core *c, struct conversation *v)
{
	find_units(c, v);
	for (unsigned i = 0; i < v->units_len; i++)
		take_unit(c, &v->units[i]);
}

void units_give_back(struct core *c, struct conversation *v)
{
	for (unsigned i = 0; i < v->units_len; i++)
		give_back_unit(c, &v->units[i]);
	v->units_len = 0;
}

void units_count_held(struct core *c, struct team *t)
{
	for (struct rank_node *n = rank_first(&t->open); n; n = rank_next(&t->open, n)) {
		struct conversation *v = CONTAINER(n, struct conversation, in_team);
		if (v->row.state != CONVERSATION_HELD)
			continue;
		units_give_back(c, v);
		units_take(c, v);
	}
}

/* As whose seat it is taken. */
static uint64_t team_of(const struct unit *u)
{
	const struct row_conversation *row = &u->of->row;
	return serves(u) ? row->serving_team : row->offer_team;
}

void units_count_team_seat(struct core *c, struct team_seat *t)
{
	struct seat *s = t->seat;
	for (struct unit *u = s->units; u && !t->config->removed; u = u->next) {
		if (u->team_seat || team_of(u) != t->row.team_no)
			continue;
		seat_out(s);
		u->team_seat = t;
		t->load++;
		if (serves(u))
			tally_serves(c, t, true);
		seat_in(c, s);
	}
}
