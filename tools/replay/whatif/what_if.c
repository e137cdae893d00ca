#include "whatif/what_if.h"

#include "audit/finding.h"
#include "audit/journal_point.h"
#include "options.h"
#include "whatif/check.h"

#include <inttypes.h>
#include <stdio.h>

struct what_if {
	const char *from, *to;
	bool json;
	struct source source;
	struct check check;
};

static void print_checked(const struct check *c)
{
	printf("as recorded: %" PRIu64 " records of conversations are decided again alike: "
	       "%" PRIu64 " offers, %" PRIu64 " assignments, %" PRIu64 " closed\n",
	       c->records, c->offers, c->assignments, c->closed);
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
	w->check = (struct check){.source = &w->source, .upto = w->source.last};
	if (!err)
		err = find_point(w, w->from, &w->check.from);
	if (!err)
		err = find_point(w, w->to, &w->check.upto);
	return err ? err : check_run(&w->check);
}

int what_if_main(int argc, char **argv)
{
	struct what_if w = {0};
	struct options_shared shared;
	const struct options_row rows[] = {
		{"from", "POINT", "what was before is taken as it was", OPTIONS_TEXT,
		 .into = &w.from},
		{"to", "POINT", "what comes behind is left out", OPTIONS_TEXT, .into = &w.to},
		{"json", NULL, "the result as JSON", OPTIONS_FLAG, .into = &w.json},
		{0},
	};
	const struct options_command command = {
		.name = "what-if",
		.operands = "",
		.about = "Decides again what a journal says was decided of conversations: the\n"
			 "same arrivals, answers and presence, the broker's own rules.\n"
			 "A POINT is a position, or a time as RFC 3339 or in milliseconds\n"
			 "since 1970.\n"
			 "exit: 0 every decision is made again as it was recorded; 1 one is not,\n"
			 "which is shown; 2 usage; 3 the journal is damaged; 7 something cannot\n"
			 "be read; 8 the journal begins behind position 1, and no snapshot can\n"
			 "be used",
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED,
		.rows = rows,
	};

	options_parse(&command, &shared, argc, argv);
	enum parlor_err err = check(&w, shared.data);
	int code = err == PARLOR_E_VALUE ? AUDIT_USAGE
		   : err                 ? (int)audit_exit_of(err)
		   : w.check.differs     ? AUDIT_DIFFERENT
					 : AUDIT_EQUAL;
	if (err)
		fprintf(stderr, "parlor-replay: %s\n", w.source.why);
	else if (w.check.differs)
		finding_print(&w.check.finding, &w.source, w.check.upto, w.json);
	else
		print_checked(&w.check);
	check_fini(&w.check);
	source_close(&w.source);
	return code;
}
