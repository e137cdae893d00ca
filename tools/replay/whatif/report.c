#include "whatif/report.h"

#include "audit/record_text.h"
#include "fairness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CELL 32
#define HOUR_US 3600e6

/* ---- figures of one run ------------------------------------------------------------ */

typedef void figure_fn(char cell[CELL], const struct outcome *);

static void count(char cell[CELL], uint64_t n)
{
	snprintf(cell, CELL, "%" PRIu64, n);
}

static void seconds(char cell[CELL], const struct outcome *o, unsigned percent)
{
	const struct roster_figures *f = &o->team->figures;
	snprintf(cell, CELL, "%.1f s",
		 (double)fairness_percentile(f->waits, f->waits_len, percent) / 1e6);
}

static void opened(char cell[CELL], const struct outcome *o)
{
	count(cell, o->team->figures.opened);
}
static void served(char cell[CELL], const struct outcome *o)
{
	count(cell, o->team->figures.served);
}
static void left(char cell[CELL], const struct outcome *o)
{
	count(cell, o->team->figures.left);
}
static void p50(char cell[CELL], const struct outcome *o)
{
	seconds(cell, o, 50);
}
static void p95(char cell[CELL], const struct outcome *o)
{
	seconds(cell, o, 95);
}
static void p99(char cell[CELL], const struct outcome *o)
{
	seconds(cell, o, 99);
}
static void most(char cell[CELL], const struct outcome *o)
{
	seconds(cell, o, 100);
}
static void in_time(char cell[CELL], const struct outcome *o)
{
	if (o->sla_us)
		snprintf(cell, CELL, "%" PRIu64 " of %" PRIu64, o->answered_in_time,
			 o->answers_due);
	else
		snprintf(cell, CELL, "-");
}
static void offers(char cell[CELL], const struct outcome *o)
{
	snprintf(cell, CELL, "%.2f", fairness_share(o->team->figures.offers, o->assignments));
}
static void overtaken(char cell[CELL], const struct outcome *o)
{
	count(cell, o->team->figures.overtaken);
}
static void jain_busy(char cell[CELL], const struct outcome *o)
{
	snprintf(cell, CELL, "%.3f", o->jain_busy);
}
static void jain_assigned(char cell[CELL], const struct outcome *o)
{
	snprintf(cell, CELL, "%.3f", o->jain_assigned);
}
static void faults(char cell[CELL], const struct outcome *o)
{
	count(cell, o->faults);
}

static const struct {
	const char *name;
	figure_fn *figure;
} figures[] = {
	{"conversations", opened},        {"served", served},
	{"left unserved", left},          {"wait, half of them", p50},
	{"wait, 95 of 100", p95},         {"wait, 99 of 100", p99},
	{"wait, longest", most},          {"answered in time", in_time},
	{"offers an assignment", offers}, {"overtakings", overtaken},
	{"Jain, busy shares", jain_busy}, {"Jain, assignments", jain_assigned},
	{"promises broken", faults},
};

/* ---- agents ------------------------------------------------------------------------ */

static const struct roster_post *post_of(const struct outcome *o, const char *agent)
{
	for (const struct roster_post *p = o->team->posts; p; p = p->next_of_team)
		if (strcmp(p->seat->agent->id, agent) == 0)
			return p;
	return NULL;
}

static void print_agent(const struct report *r, const char *agent)
{
	const struct outcome *const runs[] = {r->recorded, r->other};
	fputs("  ", stdout);
	record_text_put(stdout, agent);
	printf("%*s", strlen(agent) < 22 ? (int)(22 - strlen(agent)) : 0, "");
	for (size_t i = 0; i < 2; i++) {
		char cell[CELL];
		const struct roster_post *p = post_of(runs[i], agent);
		snprintf(cell, CELL, "%.0f %% busy, %" PRIu64,
			 p ? 100 * fairness_share(p->busy_us, p->available_us) : 0,
			 p ? p->conversations : 0);
		printf("%18s", cell);
	}
	putchar('\n');
}

static bool is_there(const struct report *r, const char *agent)
{
	const struct roster_post *a = post_of(r->recorded, agent), *b = post_of(r->other, agent);
	return (a && outcome_has(a)) || (b && outcome_has(b));
}

/* ---- assumptions --------------------------------------------------------------------- */

static const char *handle_time(const struct report *r)
{
	return r->speed ? "a conversation takes what it took, as whoever has it was faster or "
			  "slower on average than who had it"
			: "a conversation takes what it took";
}

static const char *leaving(const struct report *r)
{
	return r->patience ? "who left unserved leaves then; how long others would have waited is "
			     "drawn from how long visitors did (Kaplan and Meier)"
			   : "who left unserved leaves then; others wait as long as it takes";
}

static const char *const fixed[] = {
	"whoever has one has it to its end: nobody passes it on, gives it back, holds or claims "
	"it",
	"an agent answers offers as it did, in turn; who never did as all of them did",
	"visitors come, write and are there when they did; agents are there, and away, when they "
	"were",
	"time passes while the disk was full, when the desk's stood still",
};

/* ---- printing ------------------------------------------------------------------------ */

void report_print(const struct report *r)
{
	puts("taken for granted of what if:");
	printf("  %s\n", handle_time(r));
	printf("  %s\n", leaving(r));
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		printf("  %s\n", fixed[i]);
	if (r->not_opened)
		printf("  %" PRIu64 " conversations are not opened: the one before of their "
		       "visitors goes on, or they are refused\n",
		       r->not_opened);
	printf("\n%-24s%18s%18s\n", "", "RECORDED", "WHAT IF");
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
		char recorded[CELL], other[CELL];
		figures[i].figure(recorded, r->recorded);
		figures[i].figure(other, r->other);
		printf("%-24s%18s%18s\n", figures[i].name, recorded, other);
	}
	puts("agents");
	for (const struct roster_post *p = r->recorded->team->posts; p; p = p->next_of_team)
		if (is_there(r, p->seat->agent->id))
			print_agent(r, p->seat->agent->id);
}

static json_t *agents_json(const struct outcome *o)
{
	json_t *list = json_array();
	for (const struct roster_post *p = o->team->posts; p; p = p->next_of_team)
		if (outcome_has(p))
			json_array_append_new(
				list,
				json_pack("{s:s, s:I, s:I, s:I, s:I}", "agent", p->seat->agent->id,
					  "conversations", (json_int_t)p->conversations, "offers",
					  (json_int_t)p->offers, "busy_us", (json_int_t)p->busy_us,
					  "available_us", (json_int_t)p->available_us));
	return list;
}

static json_t *outcome_json(const struct outcome *o)
{
	const struct roster_figures *f = &o->team->figures;
	json_t *line =
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:I, s:o}", "opened",
			  (json_int_t)f->opened, "served", (json_int_t)f->served, "left",
			  (json_int_t)f->left, "offers", (json_int_t)f->offers, "assignments",
			  (json_int_t)o->assignments, "overtaken", (json_int_t)f->overtaken,
			  "jain_busy", o->jain_busy, "jain_assignments", o->jain_assigned,
			  "promises_broken", (json_int_t)o->faults, "agents", agents_json(o));
	static const unsigned percents[] = {50, 95, 99, 100};
	static const char *const names[] = {"p50", "p95", "p99", "max"};
	json_t *waits = json_object();
	for (size_t i = 0; i < 4; i++)
		json_object_set_new(waits, names[i],
				    json_integer((json_int_t)fairness_percentile(
					    f->waits, f->waits_len, percents[i])));
	json_object_set_new(line, "wait_us", waits);
	if (o->sla_us)
		json_object_set_new(line, "answers",
				    json_pack("{s:I, s:I}", "due", (json_int_t)o->answers_due,
					      "in_time", (json_int_t)o->answered_in_time));
	return line;
}

bool report_print_json(const struct report *r)
{
	json_t *granted = json_array();
	json_array_append_new(granted, json_string(handle_time(r)));
	json_array_append_new(granted, json_string(leaving(r)));
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		json_array_append_new(granted, json_string(fixed[i]));
	return record_text_json_line(stdout, json_pack("{s:o, s:o, s:o, s:I}", "recorded",
						       outcome_json(r->recorded), "what_if",
						       outcome_json(r->other), "granted", granted,
						       "not_opened", (json_int_t)r->not_opened));
}
