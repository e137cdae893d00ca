#include "core/desk/strategy.h"

#include "core/desk/setting.h"

#include "base/hash.h"

/* One more of weight 1 moves its place on by so much (stride scheduling, Waldspurger 1995). */
#define STRIDE (UINT64_C(1) << 32)

static const struct team_seat *of_node(const struct rank_node *n)
{
	return CONTAINER(n, const struct team_seat, in_ready);
}

/* Whoever was away does not catch up. */
static uint64_t pass_of(const struct team_seat *s)
{
	return s->row.pass > s->pass_least ? s->row.pass : s->pass_least;
}

void strategy_score(const struct team_seat *s, uint64_t *score, uint64_t *of)
{
	*of = 1;
	switch (team_strategy(s->team)) {
	case STRATEGY_MOST_IDLE:
		*score = s->seat->load;
		*of = s->seat->row.max ? s->seat->row.max : 1;
		break;
	case STRATEGY_LEAST_BUSY:
		*score = s->seat->load;
		break;
	case STRATEGY_LONGEST_IDLE:
		*score = s->seat->row.idle_us;
		break;
	case STRATEGY_PRIORITY:
		*score = UINT64_MAX - s->seat->row.priority_milli;
		break;
	case STRATEGY_WEIGHTED:
		*score = pass_of(s);
		break;
	case STRATEGY_RANDOM:
		*score = 0;
		break;
	default:
		*score = s->row.turn;
	}
}

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* a / of_a against b / of_b: loads and limits are small, so that nothing overflows. */
static int fractions(uint64_t a, uint64_t of_a, uint64_t b, uint64_t of_b)
{
	return order(a * of_b, b * of_a);
}

static int by_load(const struct team_seat *a, const struct team_seat *b)
{
	return fractions(a->seat->load, a->seat->row.max ? a->seat->row.max : 1, b->seat->load,
			 b->seat->row.max ? b->seat->row.max : 1);
}

static int by_strategy(enum strategy strategy, const struct team_seat *a, const struct team_seat *b)
{
	uint64_t x, y, of_x, of_y;
	if (strategy == STRATEGY_MOST_IDLE)
		return by_load(a, b);
	strategy_score(a, &x, &of_x);
	strategy_score(b, &y, &of_y);
	int first = order(x, y);
	return first || strategy != STRATEGY_PRIORITY ? first : by_load(a, b);
}

bool strategy_before(const struct rank_node *x, const struct rank_node *y)
{
	const struct team_seat *a = of_node(x), *b = of_node(y);
	enum strategy strategy = team_strategy(a->team);
	if (a->row.level != b->row.level)
		return a->row.level < b->row.level;
	int first = by_strategy(strategy, a, b);
	if (!first && strategy != STRATEGY_RANDOM)
		first = order(a->row.turn, b->row.turn);
	if (!first)
		first = order(a->row.ord, b->row.ord);
	return first ? first < 0 : a->row.seat_no < b->row.seat_no;
}

size_t strategy_draw(uint64_t seed, uint64_t conversation, uint64_t offer, size_t n)
{
	const uint64_t of[2] = {conversation, offer};
	uint64_t drawn = hash64_seeded(of, sizeof of, seed);
	return (size_t)(((unsigned __int128)drawn * n) >> 64);
}

uint64_t strategy_pass(const struct team_seat *s)
{
	return pass_of(s) + STRIDE / (s->row.weight ? s->row.weight : 1);
}
