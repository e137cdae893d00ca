#include "whatif/outcome.h"

#include "core/desk/config.h"
#include "fairness.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct outcome_visit {
	UT_hash_handle hh; /* key: number of the conversation */
	uint64_t no, team, opened_us, answered_us;
	bool closed;
};

/* They are counted. */
static void note_fault(void *ctx, enum ledger_check check, uint64_t position, const char *text)
{
	(void)ctx;
	(void)check;
	(void)position;
	(void)text;
}

void outcome_init(struct outcome *o)
{
	*o = (struct outcome){0};
	ledger_init(&o->ledger, note_fault, o);
}

void outcome_fini(struct outcome *o)
{
	MEM_FREE_TABLE(o->visits);
	ledger_fini(&o->ledger);
}

static void note_answer(struct outcome *o, const struct record *r)
{
	struct row_conversation row;
	struct outcome_visit *v;
	uint64_t no = r->conversation.no;
	if (!conversation_get_row(r->conversation.row, &row))
		return;
	HASH_FIND(hh, o->visits, &no, sizeof no, v);
	if (!v && r->kind == RECORD_OPENED) {
		v = mem_new(sizeof *v);
		v->no = no;
		v->team = row.team;
		v->opened_us = row.opened_us;
		HASH_ADD(hh, o->visits, no, sizeof v->no, v);
	}
	if (!v)
		return;
	v->answered_us = row.first_response_us;
	v->closed = row.state == CONVERSATION_CLOSED;
}

bool outcome_take(struct outcome *o, const struct record *r)
{
	if (r->kind >= RECORD_OPENED && r->kind <= RECORD_RATED)
		note_answer(o, r);
	return ledger_take(&o->ledger, r);
}

void outcome_begin(struct outcome *o)
{
	MEM_FREE_TABLE(o->visits);
	roster_settle(&o->ledger.roster);
	for (struct roster_team *t = o->ledger.roster.teams; t; t = t->hh.next) {
		free(t->figures.waits);
		t->figures = (struct roster_figures){0};
	}
	for (struct roster_post *p = o->ledger.roster.posts; p; p = p->hh.next) {
		p->busy_us = p->available_us = p->offers = p->conversations = 0;
		memset(p->offer_ends, 0, sizeof p->offer_ends);
	}
}

/* ---- the end ------------------------------------------------------------------ */

bool outcome_has(const struct roster_post *p)
{
	return !p->seat->agent->robot && (p->available_us || p->conversations);
}

static void measure_evenness(struct outcome *o)
{
	size_t n = 0, at = 0;
	for (const struct roster_post *p = o->team->posts; p; p = p->next_of_team)
		n += outcome_has(p);
	double *busy = mem_new((n + 1) * sizeof *busy), *assigned = mem_new((n + 1) * sizeof *busy);
	for (const struct roster_post *p = o->team->posts; p; p = p->next_of_team) {
		if (!outcome_has(p))
			continue;
		o->assignments += p->conversations;
		busy[at] = fairness_share(p->busy_us, p->available_us);
		assigned[at++] = fairness_share(p->conversations, p->available_us);
	}
	o->jain_busy = fairness_jain(busy, n);
	o->jain_assigned = fairness_jain(assigned, n);
	free(busy);
	free(assigned);
}

static void take_sla(void *ctx, const struct core_desk_row *row)
{
	struct outcome *o = ctx;
	const struct row_team *team = row->is;
	if (row->no == o->team->no && team->sla_first_ms != DESK_OFF)
		o->sla_us = team->sla_first_ms * 1000;
}

/* One that is open, and has no answer yet, may still have it in time. */
static void measure_answers(struct outcome *o)
{
	for (const struct outcome_visit *v = o->visits; v; v = v->hh.next) {
		if (v->team != o->team->no || (!v->answered_us && !v->closed))
			continue;
		o->answers_due++;
		o->answered_in_time += v->answered_us && v->answered_us <= v->opened_us + o->sla_us;
	}
}

void outcome_end(struct outcome *o, struct core *core, struct span tenant, uint64_t team)
{
	const struct core_call call = {.tenant = tenant};
	uint64_t after = team - 1;
	bool more;
	ledger_end(&o->ledger);
	o->team = roster_team(&o->ledger.roster, team);
	if (!o->team)
		return;
	for (size_t check = 0; check < CHECKS; check++)
		o->faults += o->ledger.faults[check];
	fairness_sort(o->team->figures.waits, o->team->figures.waits_len);
	measure_evenness(o);
	if (!core_desk_rows(core, &call, CONFIG_TEAM, (struct span){NULL, 0}, &after, 1, &more,
			    take_sla, o) &&
	    o->sla_us)
		measure_answers(o);
}
