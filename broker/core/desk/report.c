#include "core/desk/report.h"

#include "core/desk/config_row.h"
#include "core/desk/list.h"
#include "core/desk/tally.h"

_Static_assert(REPORT_HOURS + 1 == TALLY_HOURS, "all that is kept can be asked for");

#define R(member) FIELD(struct report_view, member)
const struct field report_view_fields[] = {
	R(since_us),  R(until_us),      R(arrivals),    R(closed),       R(handled),
	R(abandoned), R(wait_p50_ms),   R(wait_p95_ms), R(sla_first),    R(sla_first_met),
	R(sla_close), R(sla_close_met), R(ratings),     R(rating_milli), FIELDS_END};
#define S(member) FIELD(struct report_seat_view, member)
const struct field report_seat_view_fields[] = {S(agent),   S(agent_no),     S(assigned),
						S(busy_ms), S(available_ms), FIELDS_END};

struct waits {
	uint64_t buckets[WAIT_BUCKETS], count;
};

/* The end of the bucket in which so many in a hundred are at most. */
static uint64_t wait_at(const struct waits *w, uint64_t percent)
{
	uint64_t below = 0;
	for (unsigned i = 0; i < WAIT_BUCKETS && w->count; i++) {
		below += w->buckets[i];
		if (below * 100 >= w->count * percent)
			return octave_end(i, WAIT_BITS);
	}
	return 0;
}

static void add_hour(struct report_view *v, struct waits *w, const struct report_hour *h,
		     uint64_t *rating_sum)
{
	v->arrivals += h->arrivals;
	v->closed += h->closed;
	v->handled += h->handled;
	v->abandoned += h->abandoned;
	v->sla_first += h->sla_first;
	v->sla_first_met += h->sla_first_met;
	v->sla_close += h->sla_close;
	v->sla_close_met += h->sla_close_met;
	v->ratings += h->ratings;
	*rating_sum += h->rating_sum;
	for (unsigned i = 0; i < WAIT_BUCKETS; i++) {
		w->buckets[i] += h->waits[i];
		w->count += h->waits[i];
	}
}

static void view_team(const struct core *c, const struct team *t, uint64_t first,
		      struct report_view *v)
{
	struct waits waits = {.count = 0};
	uint64_t rating_sum = 0, since = c->desk->report_since_us;
	if (t->report)
		since = t->report->since_us;
	else if (c->desk->counts.reports_dropped)
		since = v->until_us;
	v->since_us = first * TALLY_HOUR_US < since ? since : first * TALLY_HOUR_US;
	for (size_t i = 0; t->report && i < TALLY_HOURS; i++)
		if (t->report->hours[i].no >= first)
			add_hour(v, &waits, &t->report->hours[i], &rating_sum);
	v->wait_p50_ms = wait_at(&waits, 50);
	v->wait_p95_ms = wait_at(&waits, 95);
	v->rating_milli = v->ratings ? rating_sum * 1000 / v->ratings : 0;
}

static void view_seat(const struct team_seat *s, uint64_t first, uint64_t now_us,
		      core_report_seat_fn *fn, void *ctx)
{
	struct report_seat_view v = {.agent = s->row.agent, .agent_no = s->row.party_no};
	tally_count(s->tally, now_us);
	for (size_t i = 0; i < TALLY_HOURS; i++) {
		const struct tally_hour *h = &s->tally->hours[i];
		if (h->no < first)
			continue;
		v.assigned += h->assigned;
		v.busy_ms += h->busy_ms;
		v.available_ms += h->available_ms;
	}
	fn(ctx, &v);
}

/* Of a page: it ends there, and the next one goes on. */
#define LOOKS 2000

enum parlor_err core_desk_report(struct core *c, const struct core_call *call,
				 struct core_desk_report *q, struct report_view *v,
				 core_report_seat_fn *fn, void *ctx)
{
	uint64_t no;
	size_t looks = 0;
	enum parlor_err err = core_desk_team(c, call, q->desk, q->team, &no);
	if (!err && q->hours > REPORT_HOURS)
		err = PARLOR_E_VALUE;
	if (err)
		return err;
	const struct team *t = team_find_no(c, no);
	uint64_t now = call->now_us > c->now_us ? call->now_us : c->now_us;
	uint64_t hour = now / TALLY_HOUR_US, first = hour > q->hours ? hour - q->hours : 0;
	*v = (struct report_view){.until_us = now};
	view_team(c, t, first, v);
	struct rank_node *n = rank_behind(&t->seats, q->after);
	for (; n && q->limit > 0 && looks < LOOKS; n = rank_next(&t->seats, n), looks++) {
		const struct team_seat *s = CONTAINER(n, struct team_seat, in_seats);
		meter_walk(c->engine.meter, TALLY_HOURS);
		q->after = n->id;
		if (!s->tally || s->seat->agent->row.robot)
			continue;
		view_seat(s, first, now, fn, ctx);
		q->limit--;
	}
	q->more = n != NULL;
	return PARLOR_E_OK;
}
