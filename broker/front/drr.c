#include "front/drr.h"

#include <assert.h>
#include <utlist.h>

static int64_t flow_quantum(const struct drr *d)
{
	return d->quantum / DRR_FLOW_PART;
}

static void pay(struct drr_part *p, int64_t amount)
{
	p->spent = p->spent > amount ? p->spent - amount : 0;
}

/* What turns have paid since it was last looked at. Who waits is paid by rounds alone: a
 * turn may be shorter than a quantum, and would set who is served before all others again. */
static void renew(const struct drr *d, struct drr_part *p, bool waits, int64_t quantum)
{
	uint64_t turns = d->turn - p->turn;
	p->turn = d->turn;
	if (!waits)
		pay(p, (turns > DRR_OWED_MAX + 1 ? DRR_OWED_MAX + 1 : (int64_t)turns) * quantum);
}

/* Spent is less than so many quanta, for the flow and for its group. */
static bool within(const struct drr *d, struct drr_flow *f, int64_t quanta)
{
	renew(d, &f->part, f->waits, flow_quantum(d));
	renew(d, &f->group->part, f->group->flows, d->quantum);
	return f->part.spent < quanta * flow_quantum(d) &&
	       f->group->part.spent < quanta * d->quantum;
}

void drr_turn(struct drr *d)
{
	if (++d->turn % DRR_WINDOW_TURNS == 0) {
		d->company_before = d->company;
		d->company = 0;
	}
}

bool drr_may(const struct drr *d, struct drr_flow *f)
{
	return within(d, f, 1);
}

bool drr_may_go_on(const struct drr *d, struct drr_flow *f)
{
	bool alone = d->waiting == (f->waits ? 1 : 0);
	return alone || within(d, f, 2);
}

static void charge(struct drr_part *p, uint64_t cost, int64_t quantum)
{
	int64_t most = (DRR_OWED_MAX + 1) * quantum;
	p->spent = cost < (uint64_t)(most - p->spent) ? p->spent + (int64_t)cost : most;
}

static void count_company(struct drr *d, struct drr_group *g)
{
	if (g->turns && g->turn == d->turn)
		return;
	if (g->turn / DRR_WINDOW_TURNS != d->turn / DRR_WINDOW_TURNS)
		g->turns = 0;
	g->turn = d->turn;
	d->company += ++g->turns == DRR_COMPANY_TURNS;
}

bool drr_has_company(const struct drr *d)
{
	return d->company > 1 || d->company_before > 1;
}

void drr_charge(struct drr *d, struct drr_flow *f, uint64_t cost)
{
	count_company(d, f->group);
	renew(d, &f->part, f->waits, flow_quantum(d));
	renew(d, &f->group->part, f->group->flows, d->quantum);
	/* A flow is charged by the scale of its group: the same work weighs the same. */
	charge(&f->part, cost, d->quantum);
	charge(&f->group->part, cost, d->quantum);
}

bool drr_owes(const struct drr *d, struct drr_group *g)
{
	renew(d, &g->part, g->flows, d->quantum);
	return g->part.spent > 0;
}

static void begin(struct drr *d, struct drr_flow *f)
{
	assert(!f->waits && f->group);
	renew(d, &f->part, false, flow_quantum(d));
	renew(d, &f->group->part, f->group->flows, d->quantum);
	f->waits = true;
	d->waiting++;
}

void drr_wait(struct drr *d, struct drr_flow *f)
{
	begin(d, f);
	if (!f->group->flows)
		DL_APPEND(d->groups, f->group);
	DL_APPEND(f->group->flows, f);
}

void drr_wait_first(struct drr *d, struct drr_flow *f)
{
	begin(d, f);
	if (!f->group->flows)
		DL_PREPEND(d->groups, f->group);
	DL_PREPEND(f->group->flows, f);
}

void drr_leave(struct drr *d, struct drr_flow *f)
{
	if (!f->waits)
		return;
	f->part.turn = f->group->part.turn = d->turn;
	f->waits = false;
	d->waiting--;
	DL_DELETE(f->group->flows, f);
	if (!f->group->flows)
		DL_DELETE(d->groups, f->group);
}

struct drr_flow *drr_next(struct drr *d)
{
	assert(flow_quantum(d) > 0);
	while (d->groups) {
		struct drr_group *g = d->groups;
		struct drr_flow *f = g->flows;
		if (within(d, f, 1))
			return f;
		if (g->part.spent >= d->quantum) {
			pay(&g->part, d->quantum);
			DL_DELETE(d->groups, g);
			DL_APPEND(d->groups, g);
		} else {
			pay(&f->part, flow_quantum(d));
			DL_DELETE(g->flows, f);
			DL_APPEND(g->flows, f);
		}
	}
	return NULL;
}
