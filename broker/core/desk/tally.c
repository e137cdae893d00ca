#include "core/desk/tally.h"

#include "core/desk/config_row.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"

#include <stdlib.h>
#include <utlist.h>

/* Teams of which something is kept: beyond, the one about which nothing came for longest goes. */
#define TEAMS_MAX 2048
/* Seats in teams: those beyond are not counted. */
#define SEATS_MAX 100000

static uint64_t limit(uint64_t of_a_test, uint64_t otherwise)
{
	return of_a_test ? of_a_test : otherwise;
}

/* ---- a run --------------------------------------------------------------------- */

void tally_begin(struct core *c)
{
	struct desk_state *d = c->desk;
	d->report_since_us = c->now_us;
	for (struct tally *t = d->tallies; t; t = t->next)
		t->at_us = c->now_us;
}

void tally_fini(struct desk_state *d)
{
	struct report *r, *next_report;
	struct tally *t, *next;
	DL_FOREACH_SAFE (d->reports, r, next_report)
		free(r);
	LL_FOREACH_SAFE(d->tallies, t, next)
	free(t);
}

/* ---- teams -------------------------------------------------------------------- */

static void drop_oldest(struct desk_state *d)
{
	struct report *r = d->reports;
	DL_DELETE(d->reports, r);
	r->team->report = NULL;
	free(r);
	d->counts.reports--;
	d->counts.reports_dropped++;
}

static struct report *report_of(struct core *c, struct team *t)
{
	struct desk_state *d = c->desk;
	struct report *r = t->report;
	if (r && !r->next)
		return r;
	if (r) {
		DL_DELETE(d->reports, r);
		DL_APPEND(d->reports, r);
		return r;
	}
	if (d->counts.reports == limit(c->limits.report_teams, TEAMS_MAX))
		drop_oldest(d);
	r = mem_new(sizeof *r);
	r->team = t;
	/* It may be one that was dropped. */
	r->since_us = d->counts.reports_dropped ? c->now_us : d->report_since_us;
	t->report = r;
	DL_APPEND(d->reports, r);
	d->counts.reports++;
	return r;
}

static struct report_hour *hour_of(struct core *c, uint64_t team_no)
{
	struct config *config = config_find_no(c, team_no);
	uint64_t no = c->now_us / TALLY_HOUR_US;
	if (!config || config->kind != CONFIG_TEAM)
		return NULL;
	struct report_hour *h = &report_of(c, config->is)->hours[no % TALLY_HOURS];
	if (h->no != no)
		*h = (struct report_hour){.no = no};
	return h;
}

static void count_assigned(struct report_hour *h, const struct record *r,
			   const struct row_conversation *row)
{
	struct row_stint stint;
	if (row->robot || row->assigned_us != r->time_us ||
	    !stint_get_row(r->conversation.stint, &stint))
		return;
	uint64_t ms = stint.wait_ms < UINT32_MAX ? stint.wait_ms : UINT32_MAX;
	h->waits[octave_bucket(ms, WAIT_BITS)]++;
}

static bool is_abandoned(const struct row_conversation *row)
{
	return !row->human_stint &&
	       (row->close_why == CLOSE_ABANDONED || row->close_why == CLOSE_WAITED_OUT ||
		row->close_why == CLOSE_VISITOR);
}

static void count_closed(struct core *c, struct report_hour *h, const struct row_conversation *row)
{
	const struct team *t = config_find_no(c, row->team)->is;
	uint64_t first_us = SETTING_US(t, sla_first_ms), close_us = SETTING_US(t, sla_close_ms);
	h->closed++;
	h->handled += row->human_stint != 0;
	h->abandoned += is_abandoned(row);
	h->sla_first += first_us != 0;
	h->sla_first_met += first_us && row->first_response_us &&
			    row->first_response_us - row->opened_us <= first_us;
	h->sla_close += close_us != 0;
	h->sla_close_met += close_us && row->closed_us - row->opened_us <= close_us;
}

/* ---- seats -------------------------------------------------------------------- */

static struct tally *tally_of(struct core *c, struct team_seat *s)
{
	struct desk_state *d = c->desk;
	if (s->tally)
		return s->tally;
	if (d->counts.tallies == limit(c->limits.report_seats, SEATS_MAX)) {
		d->counts.tallies_refused++;
		return NULL;
	}
	s->tally = mem_new(sizeof *s->tally);
	s->tally->at_us = c->now_us;
	LL_PREPEND(d->tallies, s->tally);
	d->counts.tallies++;
	return s->tally;
}

static struct tally_hour *tally_hour(struct tally *t, uint64_t no)
{
	struct tally_hour *h = &t->hours[no % TALLY_HOURS];
	if (h->no != no)
		*h = (struct tally_hour){.no = no};
	return h;
}

/* What was so since it was counted last; of hours that are no longer kept nothing. */
void tally_count(struct tally *t, uint64_t now_us)
{
	uint64_t from = t->at_us, no = now_us / TALLY_HOUR_US;
	if (now_us < from + 1000)
		return;
	now_us -= (now_us - from) % 1000; /* the rest counts the next time */
	t->at_us = now_us;
	if (!t->serves && !t->available)
		return;
	if (from / TALLY_HOUR_US + TALLY_HOURS <= no)
		from = (no - TALLY_HOURS + 1) * TALLY_HOUR_US;
	while (from < now_us) {
		uint64_t end = (from / TALLY_HOUR_US + 1) * TALLY_HOUR_US;
		uint32_t ms = (uint32_t)(((end < now_us ? end : now_us) - from) / 1000);
		struct tally_hour *h = tally_hour(t, from / TALLY_HOUR_US);
		h->busy_ms += t->serves ? ms : 0;
		h->available_ms += t->available ? ms : 0;
		from = end;
	}
}

void tally_serves(struct core *c, struct team_seat *s, bool more)
{
	struct tally *t = s ? tally_of(c, s) : NULL;
	if (!t)
		return;
	tally_count(t, c->now_us);
	if (more)
		t->serves++;
	else if (t->serves)
		t->serves--;
}

void tally_available(struct core *c, struct team_seat *s)
{
	bool available = s->seat->available && !s->config->removed;
	struct tally *t = s->tally || available ? tally_of(c, s) : NULL;
	if (!t || t->available == available)
		return;
	tally_count(t, c->now_us);
	t->available = available;
}

static void count_assignment(struct core *c, const struct record *r,
			     const struct row_conversation *row)
{
	struct config *seat = config_find_no(c, r->conversation.seat);
	struct config *team = row->serving_team ? config_find_no(c, row->serving_team) : NULL;
	struct team_seat *s = seat && team ? team_seat_find(team->is, seat->is) : NULL;
	struct tally *t = s ? tally_of(c, s) : NULL;
	if (t)
		tally_hour(t, c->now_us / TALLY_HOUR_US)->assigned++;
}

void tally_record(struct core *c, const struct record *r, const struct row_conversation *row)
{
	struct report_hour *h = NULL;
	if (r->kind == RECORD_OPENED || r->kind == RECORD_ASSIGNED || r->kind == RECORD_CLOSED ||
	    r->kind == RECORD_RATED)
		h = hour_of(c, row->team);
	if (!h)
		return;
	if (r->kind == RECORD_OPENED)
		h->arrivals++;
	if (r->kind == RECORD_ASSIGNED) {
		count_assigned(h, r, row);
		count_assignment(c, r, row);
	}
	if (r->kind == RECORD_CLOSED)
		count_closed(c, h, row);
	if (r->kind == RECORD_RATED) {
		h->ratings++;
		h->rating_sum += row->score;
	}
}
