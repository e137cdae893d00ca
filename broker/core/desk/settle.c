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
	return d->waking || (d->contests.root && desk_now(c) >= d->hold_us) ||
	       row_engine_due(&c->engine) <= desk_now(c);
}

static bool settle(struct core *c, size_t pairs_max)
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

void desk_settle(struct core *c)
{
	if (c->desk->live)
		(void)settle(c, CORE_DESK_PAIRS);
}

bool desk_settle_many(struct core *c)
{
	return c->desk->live && settle(c, PAIRS_OF_TICK);
}
