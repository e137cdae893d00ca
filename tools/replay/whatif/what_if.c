#include "whatif/what_if.h"

#include "audit/finding.h"
#include "audit/journal_point.h"
#include "core/desk/desk.h"
#include "core/tenant.h"
#include "options.h"
#include "whatif/check.h"
#include "whatif/course.h"
#include "whatif/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TENANT_DEFAULT "default"

struct what_if {
	const char *from, *to, *desk, *team;
	bool json, same_speed, patience, counts;
	struct span tenant;
	struct rules rules;
	struct source source;
	struct check check;
	struct outcome recorded, other;
	struct past past;
	struct course course;
};

/* ---- the run that was recorded ----------------------------------------------------- */

static void see(void *arg, const struct moment_entry *e, bool decided)
{
	struct what_if *w = arg;
	if (decided && !w->counts)
		outcome_begin(&w->recorded);
	w->counts |= decided;
	(void)outcome_take(&w->recorded, &e->record);
	if (decided)
		past_see(&w->past, &e->record, core_desk_now(decider_core(&w->check.decider)));
}

static enum parlor_err find_point(struct what_if *w, const char *text, uint64_t *position)
{
	struct journal_point point;
	if (!text)
		return PARLOR_E_OK;
	if (!journal_point_parse(&point, text))
		return source_fault(&w->source, PARLOR_E_VALUE, 0,
				    "%s is neither a position nor a time", text);
	return journal_point_position(&point, &w->source, position);
}

static enum parlor_err check(struct what_if *w, const char *dir)
{
	enum parlor_err err = source_open(&w->source, dir);
	w->check =
		(struct check){.source = &w->source, .upto = w->source.last, .seen = see, .arg = w};
	if (!err)
		err = find_point(w, w->from, &w->check.from);
	if (!err)
		err = find_point(w, w->to, &w->check.upto);
	if (!err && w->team && w->source.first > 1)
		err = source_fault(&w->source, PARLOR_E_NOT_FOUND, 0,
				   "the journal begins at position %" PRIu64
				   ": what was before is not there to be counted",
				   w->source.first);
	if (!err)
		err = check_run(&w->check);
	past_end(&w->past);
	return err;
}

static void print_checked(const struct check *c)
{
	printf("as recorded: %" PRIu64 " records of conversations are decided again alike: "
	       "%" PRIu64 " offers, %" PRIu64 " assignments, %" PRIu64 " closed\n",
	       c->records, c->offers, c->assignments, c->closed);
}

/* ---- the other one ------------------------------------------------------------------ */

static enum parlor_err find_team(struct what_if *w, const struct roster_team **found)
{
	uint32_t tenant = 0;
	enum parlor_err err = core_tenant_find(decider_core(&w->check.decider), w->tenant, &tenant);
	*found = NULL;
	for (struct roster_team *t = w->recorded.ledger.roster.teams; !err && t; t = t->hh.next) {
		if (t->tenant != tenant || t->removed || strcmp(t->id, w->team) != 0 ||
		    (w->desk && strcmp(t->desk->id, w->desk) != 0))
			continue;
		if (*found)
			return source_fault(&w->source, PARLOR_E_VALUE, 0,
					    "several desks have such a team: --desk says which");
		*found = t;
	}
	if (!err && !*found)
		err = source_fault(&w->source, PARLOR_E_VALUE, 0, "there is no such team");
	return err;
}

static enum parlor_err run(struct what_if *w)
{
	const struct roster_team *team;
	enum parlor_err err = find_team(w, &team);
	if (err)
		return err;
	outcome_end(&w->recorded, decider_core(&w->check.decider), w->tenant, team->no);
	w->rules.desk = team->desk->id;
	w->rules.team = team->id;
	w->course = (struct course){.source = &w->source,
				    .rules = &w->rules,
				    .past = &w->past,
				    .outcome = &w->other,
				    .from = w->check.from,
				    .upto = w->check.upto,
				    .speed = !w->same_speed,
				    .patience = w->patience};
	err = course_run(&w->course);
	if (!err)
		outcome_end(&w->other, decider_core(&w->course.decider), w->tenant, team->no);
	return err;
}

static int tell(struct what_if *w)
{
	const struct report report = {.recorded = &w->recorded,
				      .other = &w->other,
				      .not_opened = w->course.not_opened,
				      .speed = !w->same_speed,
				      .patience = w->patience};
	bool written = true;
	if (!w->json)
		print_checked(&w->check);
	if (w->team && w->json)
		written = report_print_json(&report);
	else if (w->team)
		report_print(&report);
	if (written && !fflush(stdout))
		return AUDIT_EQUAL;
	fprintf(stderr, "parlor-replay: output cannot be written\n");
	return AUDIT_UNREADABLE;
}

static int decide(struct what_if *w, const char *dir)
{
	enum parlor_err err = check(w, dir);
	if (!err && w->check.differs) {
		finding_print(&w->check.finding, &w->source, w->check.upto, w->json);
		return AUDIT_DIFFERENT;
	}
	if (!err && w->team)
		err = run(w);
	if (!err)
		return tell(w);
	fprintf(stderr, "parlor-replay: %s\n", w->source.why);
	return err == PARLOR_E_VALUE ? AUDIT_USAGE : (int)audit_exit_of(err);
}

/* ---- the command ----------------------------------------------------------------------- */

static const char *take_off(void *into, const char *word)
{
	*(bool *)into = true;
	return strcmp(word, "off") == 0 ? NULL : "off";
}

static const char *take_patience(void *into, const char *word)
{
	*(bool *)into = true;
	return strcmp(word, "km") == 0 ? NULL : "km";
}

#define ABOUT                                                                            \
	"Decides again what a journal says was decided of conversations: the same\n"     \
	"arrivals, answers and presence, the broker's own rules. Then, with --team,\n"   \
	"what would have come of that team's day by other rules, and what it takes\n"    \
	"for granted, beside what was recorded.\n"                                       \
	"A POINT is a position, or a time as RFC 3339 or in milliseconds since 1970.\n"  \
	"exit: 0 every decision is made again as it was recorded; 1 one is not, which\n" \
	"is shown, and nothing else; 2 usage; 3 the journal is damaged; 7 something\n"   \
	"cannot be read; 8 the journal begins behind position 1, and no snapshot can\n"  \
	"be used, or with --team: what was before is not there to be counted"

int what_if_main(int argc, char **argv)
{
	static struct what_if w;
	struct options_shared shared;
	const struct options_row rows[] = {
		{"from", "POINT", "what was before is taken as it was", OPTIONS_TEXT,
		 .into = &w.from},
		{"to", "POINT", "what comes behind is left out", OPTIONS_TEXT, .into = &w.to},
		{"desk", "ID", "of that desk, where several have such a team", OPTIONS_TEXT,
		 .into = &w.desk},
		{"team", "ID", "whose rules are others", OPTIONS_TEXT, .into = &w.team},
		{"strategy", "NAME", "round_robin, most_idle, least_busy, ...", OPTIONS_OTHER,
		 .into = &w.rules, .take = rules_take_strategy},
		{"set", "NAME=VALUE,...",
		 "settings of the team, as offer=20s,gap=off; max=N: the limit\n"
		 "of its desk's seats",
		 OPTIONS_OTHER, .into = &w.rules, .take = rules_take_set},
		{"speed", "off", "a conversation takes as long whoever has it", OPTIONS_OTHER,
		 .into = &w.same_speed, .take = take_off},
		{"patience", "km",
		 "how long those would have waited who were served is drawn\n"
		 "from how long visitors did, by Kaplan and Meier",
		 OPTIONS_OTHER, .into = &w.patience, .take = take_patience},
		{"json", NULL, "the result as one line of JSON", OPTIONS_FLAG, .into = &w.json},
		{0},
	};
	const struct options_command command = {
		.name = "what-if",
		.operands = "",
		.about = ABOUT,
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED | OPTIONS_TENANT,
		.rows = rows,
	};

	options_parse(&command, &shared, argc, argv);
	if (!w.team && (w.rules.strategy || w.rules.len || w.rules.has_seat_max))
		options_misuse(&command, "missing", "--team ID");
	w.tenant = SPAN_TEXT(shared.tenant ? shared.tenant : TENANT_DEFAULT);
	outcome_init(&w.recorded);
	outcome_init(&w.other);
	int code = decide(&w, shared.data);
	course_fini(&w.course);
	past_fini(&w.past);
	outcome_fini(&w.other);
	outcome_fini(&w.recorded);
	check_fini(&w.check);
	source_close(&w.source);
	return code;
}
