/* parlor desk report: how a team does, and how evenly its agents are busy */
#include "ctl.h"
#include "fairness.h"
#include "json.h"
#include "show.h"
#include "table.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

/* Pages of agents that are put together. */
#define PAGES_MAX 256

struct report {
	Parlor__Reply *pages[PAGES_MAX];
	size_t len;
	Parlor__DeskTeamReport all; /* the last page's, with the agents of all */
	size_t cap;
};

static void report_fini(struct report *r)
{
	free(r->all.agents);
	while (r->len > 0)
		parlor_reply_free(r->pages[--r->len]);
}

/* ---- numbers ------------------------------------------------------------------ */

/* Of what each agent had, against the time in which it could have had some. */
static void line_evenness(struct table *t, const char *label, const double *shares, size_t n)
{
	if (!n)
		return;
	table_text(t, label);
	fprintf(table_cell(t), "%.2f", fairness_jain(shares, n));
	table_cell_end(t);
}

static void line_part(struct table *t, const char *label, uint64_t n, uint64_t of)
{
	FILE *out;

	if (!of)
		return;
	table_text(t, label);
	out = table_cell(t);
	fprintf(out, "%" PRIu64 " of %" PRIu64 " (%.0f %%)", n, of, 100.0 * (double)n / (double)of);
	table_cell_end(t);
}

static void put_seconds(FILE *out, uint64_t ms)
{
	fprintf(out, "%.1f s", (double)ms / 1000);
}

static void line_seconds(struct table *t, const char *label, uint64_t ms)
{
	table_text(t, label);
	put_seconds(table_cell(t), ms);
	table_cell_end(t);
}

/* ---- shown -------------------------------------------------------------------- */

static void lines_evenness(struct table *t, const Parlor__DeskTeamReport *r)
{
	double *busy = mem_resize(NULL, r->n_agents + 1, sizeof *busy);
	double *given = mem_resize(NULL, r->n_agents + 1, sizeof *given);
	size_t n = 0;

	for (size_t i = 0; i < r->n_agents; i++) {
		const Parlor__DeskAgentReport *a = r->agents[i];
		if (!a->available_ms)
			continue;
		busy[n] = fairness_share(a->busy_ms, a->available_ms);
		given[n++] = fairness_share(a->assigned, a->available_ms);
	}
	line_evenness(t, "evenness of time", busy, n);
	line_evenness(t, "evenness of assignments", given, n);
	free(busy);
	free(given);
}

static void show_team(const Parlor__DeskTeamReport *r)
{
	char since[SHOW_TIME_BYTES];
	struct table t;

	table_init(&t, 2);
	table_line(&t, "since", show_time(r->since_us, since));
	table_line_number(&t, "arrivals", r->arrivals);
	table_line_number(&t, "closed", r->closed);
	line_part(&t, "handled", r->handled, r->closed);
	line_part(&t, "abandoned", r->abandoned, r->closed);
	line_seconds(&t, "wait p50", r->wait_p50_ms);
	line_seconds(&t, "wait p95", r->wait_p95_ms);
	line_part(&t, "first answer in time", r->sla_first_met, r->sla_first);
	line_part(&t, "end in time", r->sla_close_met, r->sla_close);
	if (r->ratings) {
		table_text(&t, "rating");
		fprintf(table_cell(&t), "%.1f of 5, of %" PRIu64, (double)r->rating_milli / 1000,
			r->ratings);
		table_cell_end(&t);
	}
	lines_evenness(&t, r);
	table_print(&t, stdout);
}

static void show_agents(const Parlor__DeskTeamReport *r)
{
	struct table t;

	if (!r->n_agents)
		return;
	table_heads(&t, HEADS("AGENT", "ASSIGNED", "BUSY", "AVAILABLE", "OCCUPIED"));
	for (size_t i = 0; i < r->n_agents; i++) {
		const Parlor__DeskAgentReport *a = r->agents[i];
		FILE *out;

		table_text(&t, a->agent);
		table_number(&t, a->assigned);
		put_seconds(table_cell(&t), a->busy_ms);
		table_cell_end(&t);
		put_seconds(table_cell(&t), a->available_ms);
		table_cell_end(&t);
		out = table_cell(&t);
		if (a->available_ms)
			fprintf(out, "%.0f %%",
				100.0 * (double)a->busy_ms / (double)a->available_ms);
		else
			fputc('-', out);
		table_cell_end(&t);
	}
	table_print(&t, stdout);
}

/* ---- the command -------------------------------------------------------------- */

static void add_agents(struct report *r, const Parlor__DeskTeamReport *page)
{
	for (size_t i = 0; i < page->n_agents; i++) {
		MEM_GROW(r->all.agents, r->all.n_agents, r->cap, 64);
		r->all.agents[r->all.n_agents++] = page->agents[i];
	}
}

static enum ctl_exit read_report(struct ctl *ctl, Parlor__DeskReport *body, struct report *r)
{
	const Parlor__DeskTeamReport *page;

	parlor__desk_team_report__init(&r->all);
	body->after = 0;
	do {
		enum ctl_exit status = ctl_call(ctl, PARLOR__REQUEST__OP_DESK_REPORT, body,
						PARLOR__REPLY__RESULT_REPORT, &r->pages[r->len]);
		if (status)
			return status;
		page = r->pages[r->len++]->report;
		add_agents(r, page);
		body->after = page->after;
	} while (page->more && r->len < PAGES_MAX);
	Parlor__DeskAgentReport **agents = r->all.agents;
	size_t n = r->all.n_agents;
	r->all = *page;
	r->all.agents = agents;
	r->all.n_agents = n;
	return CTL_OK;
}

static enum ctl_exit show_window(struct ctl *ctl, Parlor__DeskReport *body)
{
	struct report r = {.len = 0};

	enum ctl_exit status = read_report(ctl, body, &r);
	if (!status && ctl->json) {
		json_line(stdout, &r.all.base);
	} else if (!status) {
		show_team(&r.all);
		show_agents(&r.all);
	}
	report_fini(&r);
	return status;
}

static enum ctl_exit report(struct ctl *ctl, const struct args *args)
{
	Parlor__DeskReport body = PARLOR__DESK_REPORT__INIT;

	if (!ctl_fill(ctl->command, args, &parlor__desk_report__descriptor, &body))
		return CTL_USAGE;
	if (args_has(args, "last-hours"))
		return show_window(ctl, &body);
	body.last_hours = 1;
	enum ctl_exit status = show_window(ctl, &body);
	if (status)
		return status;
	if (!ctl->json)
		putchar('\n');
	body.last_hours = 24;
	return show_window(ctl, &body);
}

static const struct command commands[] = {
	{"desk report", "DESK TEAM", 2, 2, NULL,
	 "How a team did in the last hour and in the last day, or in as many as are given.",
	 .run = report, .op = PARLOR__REQUEST__OP_DESK_REPORT,
	 .also = &parlor__desk_report__descriptor, .fields = {"desk", "team"}},
	{0},
};
const struct noun desk_report_noun = {.commands = commands};
