#include "core/desk/settle.h"

#include "core/desk/clock.h"
#include "core/desk/desk.h"
#include "core/desk/match.h"

/* Of a tick. */
#define PAIRS_OF_TICK 1000

void settle_wake(struct core *c, struct conversation *v)
{
	struct desk_state *d = c->desk;
	if (!d->live || v->wakes)
		return;
	v->wakes = true;
	v->wakes_next = d->waking;
	d->waking = v;
}

bool desk_unsettled(const struct core *c)
{
	const struct desk_state *d = c->desk;
	return d->waking || (d->prospects.root && desk_now(c) >= d->hold_us) ||
	       row_engine_due(&c->engine) <= desk_now(c);
}

static bool settle_now(struct core *c, size_t pairs_max)
{
	struct desk_state *d = c->desk;
	size_t woken = pairs_max;
	while (d->waking && !c->broken) {
		struct conversation *v = d->waking;
		if (woken-- == 0)
			return true;
		d->waking = v->wakes_next;
		v->wakes = false;
		if (v->linked)
			d->hooks->look(c, v);
	}
	return match_run(c, pairs_max);
}

static bool settle(struct core *c, size_t pairs_max)
{
	struct desk_state *d = c->desk;
	const struct core_settling *s = &d->settling;
	uint64_t pairs = d->counts.pairs;
	/* Most often there is nothing: a look at the clock would cost more. */
	if (!s->begins || (!d->waking && !d->prospects.root))
		return settle_now(c, pairs_max);
	s->begins(s->ctx);
	bool more = settle_now(c, pairs_max);
	s->ended(s->ctx, d->counts.pairs - pairs);
	return more;
}

void desk_settle(struct core *c)
{
	if (c->desk->live)
		(void)settle(c, CORE_DESK_PAIRS);
}

bool desk_settle_many(struct core *c)
{
	return c->desk->live && settle(c, PAIRS_OF_TICK);
}
