#include "core/desk/candidates.h"

#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/desk.h"
#include "core/desk/match.h"
#include "core/desk/queue.h"
#include "core/desk/seats.h"
#include "core/desk/setting.h"
#include "core/desk/strategy.h"

#include <stdlib.h>

struct one {
	struct team_seat *seat;
	enum candidate_state state;
};

/* Whatever it would be asked for. */
static enum candidate_state readiness_of(const struct team_seat *t, uint64_t now)
{
	const struct seat *s = t->seat;
	if (t->config->removed || !seat_is_available(s))
		return CANDIDATE_AWAY;
	if (!seat_has_room(s, t))
		return CANDIDATE_FULL;
	return s->row.ready_us > now ? CANDIDATE_RESTS : CANDIDATE_READY;
}

static enum candidate_state state_of(const struct conversation *v, const struct team_seat *t,
				     uint64_t now)
{
	if (t->row.seat_no == v->row.seat)
		return CANDIDATE_SERVES;
	enum candidate_state state = readiness_of(t, now);
	if (state != CANDIDATE_READY)
		return state;
	if (queue_excludes(v, t->row.seat_no, now))
		return CANDIDATE_EXCLUDED;
	return match_level_fits(t->team, v, t) ? CANDIDATE_READY : CANDIDATE_LEVEL;
}

static int order(const void *x, const void *y)
{
	const struct one *a = x, *b = y;
	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	return strategy_before(&a->seat->in_ready, &b->seat->in_ready) ? -1 : 1;
}

static void show(const struct one *one, core_candidate_fn *fn, void *ctx)
{
	const struct team_seat *t = one->seat;
	struct candidate c = {.agent = t->row.agent,
			      .seat = t->row.seat_no,
			      .load = t->seat->load,
			      .max = t->seat->row.max,
			      .level = t->row.level,
			      .strategy = (uint8_t)team_strategy(t->team),
			      .state = one->state};
	strategy_score(t, &c.score, &c.of);
	fn(ctx, &c);
}

static struct team *team_of(struct core *c, const struct record *r)
{
	uint64_t no = r->conversation.team_seat;
	const struct config *config = no ? config_find_no(c, no) : NULL;
	return config && config->kind == CONFIG_TEAM_SEAT
		       ? ((const struct team_seat *)config->is)->team
		       : NULL;
}

enum parlor_err core_desk_candidates(struct core *c, const struct record *r, core_candidate_fn *fn,
				     void *ctx)
{
	struct conversation *v;
	struct team *t = team_of(c, r);
	enum parlor_err err = conversation_find_no(c, r->conversation.no, &v);
	if (err || !v || !t)
		return err ? err : PARLOR_E_NOT_FOUND;
	size_t len = 0, n = rank_count(&t->seats);
	struct one *all = mem_new((n + 1) * sizeof *all);
	uint64_t now = desk_at(c, r);
	for (struct rank_node *at = rank_first(&t->seats); at; at = rank_next(&t->seats, at)) {
		struct team_seat *s = CONTAINER(at, struct team_seat, in_seats);
		if (!s->seat->agent->row.robot)
			all[len++] = (struct one){s, state_of(v, s, now)};
	}
	qsort(all, len, sizeof *all, order);
	for (size_t i = 0; i < len; i++)
		show(&all[i], fn, ctx);
	free(all);
	return PARLOR_E_OK;
}

static uint8_t mode_of(const struct seat *s)
{
	if (s->agent->row.mode == MODE_AWAY || s->row.mode == MODE_AWAY)
		return MODE_AWAY;
	return seat_is_always(s) ? MODE_ALWAYS : MODE_READY;
}

static void show_seat(const struct one *one, core_seat_fn *fn, void *ctx)
{
	const struct team_seat *t = one->seat;
	const struct seat *s = t->seat;
	const struct core_seat seat = {.agent = t->row.agent,
				       .seat = t->row.seat_no,
				       .load = s->load,
				       .max = s->row.max,
				       .level = t->row.level,
				       .mode = mode_of(s),
				       .presence = s->agent->presence,
				       .robot = s->agent->row.robot,
				       .state = one->state};
	fn(ctx, &seat);
}

enum parlor_err core_desk_seats(struct core *c, uint64_t team, core_seat_fn *fn, void *ctx)
{
	const struct team *t = team_find_no(c, team);
	if (!t)
		return PARLOR_E_NOT_FOUND;
	size_t len = 0, n = rank_count(&t->seats);
	struct one *all = mem_new((n + 1) * sizeof *all);
	for (struct rank_node *at = rank_first(&t->seats); at; at = rank_next(&t->seats, at)) {
		struct team_seat *s = CONTAINER(at, struct team_seat, in_seats);
		if (!s->config->removed)
			all[len++] = (struct one){s, readiness_of(s, desk_now(c))};
	}
	if (len)
		qsort(all, len, sizeof *all, order);
	for (size_t i = 0; i < len; i++)
		show_seat(&all[i], fn, ctx);
	free(all);
	return PARLOR_E_OK;
}

void core_desk_derive(struct core *c)
{
	desk_derive(c);
}
