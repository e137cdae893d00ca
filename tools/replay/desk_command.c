#include "desk_command.h"

#include "audit/finding.h"
#include "audit/record_text.h"
#include "desk_audit.h"
#include "fairness.h"
#include "options.h"

#include "base/mem.h"

#include <inttypes.h>
#include <parlor/parlor.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENANT_DEFAULT "default"

#define OFFER(end) PARLOR__OFFER_END__OFFER_##end
#define TRANSFER(end) PARLOR__TRANSFER_END__TRANSFER_##end

struct telling {
	bool json, failed;
	const char *desk, *team; /* only these; NULL: any */
	struct span tenant;
	uint32_t tenant_no;
	struct source source;
	struct desk_audit audit;
};

/* ---- figures ---------------------------------------------------------------------- */

/* Of a team: each way to look at how evenly its agents were asked. */
struct evenness {
	double busy, assigned;
};

/* Also one that has no seat in the team, and was given something by hand. */
static bool is_agent(const struct roster_post *p)
{
	return !p->seat->agent->robot && (p->available_us || p->conversations);
}

static bool has_its_share(const struct roster_post *p)
{
	return is_agent(p) && p->row;
}

static struct evenness evenness_of(const struct roster_team *team)
{
	size_t n = 0;
	for (const struct roster_post *p = team->posts; p; p = p->next_of_team)
		n += has_its_share(p);
	double *busy = mem_new((n + 1) * sizeof *busy), *assigned = mem_new((n + 1) * sizeof *busy);
	size_t at = 0;
	for (const struct roster_post *p = team->posts; p; p = p->next_of_team) {
		if (!has_its_share(p))
			continue;
		busy[at] = fairness_share(p->busy_us, p->available_us);
		assigned[at++] = fairness_share(p->conversations, p->available_us);
	}
	struct evenness e = {fairness_jain(busy, n), fairness_jain(assigned, n)};
	free(busy);
	free(assigned);
	return e;
}

static uint64_t transfers_taken(const struct roster_figures *f)
{
	return f->transfer_ends[TRANSFER(ACCEPTED)] + f->transfer_ends[TRANSFER(DONE)];
}

static uint64_t still_open(const struct telling *t, const struct roster_team *team)
{
	uint64_t n = 0;
	for (const struct visit *v = t->audit.ledger.visits; v; v = v->hh.next)
		n += v->home == team;
	return n;
}

/* ---- as text ---------------------------------------------------------------------- */

static void put_s(const char *before, uint64_t us)
{
	printf("%s%.1f s", before, (double)us / 1e6);
}

static void print_agents(const struct roster_team *team)
{
	puts("  AGENT             CONVERSATIONS  OFFERS  DECLINED  MISSED  BUSY       AVAILABLE  "
	     "SHARE");
	for (const struct roster_post *p = team->posts; p; p = p->next_of_team) {
		char busy[24], available[24];
		if (!is_agent(p))
			continue;
		snprintf(busy, sizeof busy, "%.1f s", (double)p->busy_us / 1e6);
		snprintf(available, sizeof available, "%.1f s", (double)p->available_us / 1e6);
		fputs("  ", stdout);
		record_text_put(stdout, p->seat->agent->id);
		printf("%*s  %-13" PRIu64 "  %-6" PRIu64 "  %-8" PRIu64 "  %-6" PRIu64
		       "  %-9s  %-9s  %.0f %%\n",
		       (int)(strlen(p->seat->agent->id) < 16 ? 16 - strlen(p->seat->agent->id) : 0),
		       "", p->conversations, p->offers, p->offer_ends[OFFER(DECLINED)],
		       p->offer_ends[OFFER(EXPIRED)], busy, available,
		       100 * fairness_share(p->busy_us, p->available_us));
	}
}

static void print_opened(const struct telling *t, const struct roster_team *team)
{
	const struct roster_figures *f = &team->figures;
	printf("  conversations  %" PRIu64 " opened: %" PRIu64 " served, %" PRIu64
	       " by a robot alone, %" PRIu64 " left unserved; %" PRIu64 " still open\n",
	       f->opened, f->served, f->by_robot, f->left, still_open(t, team));
	put_s("  waits          p50 ", fairness_percentile(f->waits, f->waits_len, 50));
	put_s(", p95 ", fairness_percentile(f->waits, f->waits_len, 95));
	put_s(", p99 ", fairness_percentile(f->waits, f->waits_len, 99));
	put_s(", max ", fairness_percentile(f->waits, f->waits_len, 100));
	putchar('\n');
}

static void print_asked(const struct roster_figures *f)
{
	printf("  offers         %" PRIu64 ": %" PRIu64 " accepted, %" PRIu64 " declined, %" PRIu64
	       " expired, %" PRIu64 " withdrawn, %" PRIu64 " to an agent that went\n",
	       f->offers, f->offer_ends[OFFER(ACCEPTED)], f->offer_ends[OFFER(DECLINED)],
	       f->offer_ends[OFFER(EXPIRED)], f->offer_ends[OFFER(WITHDRAWN)],
	       f->offer_ends[OFFER(SEAT_GONE)]);
	printf("  passed over    %" PRIu64 ": who asked later got an agent that was not for them\n",
	       f->overtaken);
	printf("  transfers      %" PRIu64 ": %" PRIu64 " taken, %" PRIu64 " declined, %" PRIu64
	       " expired, %" PRIu64 " cancelled\n",
	       f->transfers, transfers_taken(f), f->transfer_ends[TRANSFER(DECLINED)],
	       f->transfer_ends[TRANSFER(EXPIRED)], f->transfer_ends[TRANSFER(CANCELLED)]);
	printf("  came back      %" PRIu64 " given back, %" PRIu64
	       " of an agent that was gone, %" PRIu64 " unanswered\n",
	       f->returned, f->gone, f->unanswered);
	printf("  ratings        %" PRIu64 ", mean %.2f\n", f->ratings,
	       fairness_share(f->score_sum, f->ratings));
}

static void print_team(const struct telling *t, const struct roster_team *team)
{
	struct evenness e = evenness_of(team);
	fputs("team ", stdout);
	record_text_put(stdout, team->id);
	fputs(" of desk ", stdout);
	record_text_put(stdout, team->desk->id);
	putchar('\n');
	if (team->figures.opened)
		print_opened(t, team);
	print_asked(&team->figures);
	print_agents(team);
	printf("  Jain index     %.3f of busy shares, %.3f of conversations by time available, of "
	       "agents with a seat in the team\n\n",
	       e.busy, e.assigned);
}

static void print_checks(const struct telling *t)
{
	printf("counted anew from %" PRIu64 " records about conversations, up to position %" PRIu64
	       "\n",
	       t->audit.ledger.records, t->source.last);
	for (size_t check = 0; check < CHECKS; check++) {
		const struct desk_check *is = desk_check(check);
		if (!t->audit.ledger.faults[check]) {
			printf("  %-12s  yes: %s (%s)\n", is->name, is->means, is->promises);
			continue;
		}
		printf("  %-12s  NO, %" PRIu64 " times (%s)\n", is->name,
		       t->audit.ledger.faults[check], is->promises);
		for (size_t i = 0; i < t->audit.faults_len; i++) {
			if (t->audit.faults[i].check != check)
				continue;
			printf("%18sposition %" PRIu64 ": ", "", t->audit.faults[i].position);
			record_text_put(stdout, t->audit.faults[i].text);
			putchar('\n');
		}
	}
}

/* ---- as JSON ---------------------------------------------------------------------- */

static json_t *agents_json(const struct roster_team *team)
{
	json_t *list = json_array();
	for (const struct roster_post *p = team->posts; p; p = p->next_of_team)
		if (is_agent(p))
			json_array_append_new(
				list,
				json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "agent",
					  p->seat->agent->id, "conversations",
					  (json_int_t)p->conversations, "offers",
					  (json_int_t)p->offers, "declined",
					  (json_int_t)p->offer_ends[OFFER(DECLINED)], "expired",
					  (json_int_t)p->offer_ends[OFFER(EXPIRED)], "busy_us",
					  (json_int_t)p->busy_us, "available_us",
					  (json_int_t)p->available_us));
	return list;
}

static void set_int(json_t *to, const char *key, uint64_t value)
{
	json_object_set_new(to, key, json_integer((json_int_t)value));
}

static json_t *waits_json(const struct roster_figures *f)
{
	json_t *waits = json_object();
	set_int(waits, "p50", fairness_percentile(f->waits, f->waits_len, 50));
	set_int(waits, "p95", fairness_percentile(f->waits, f->waits_len, 95));
	set_int(waits, "p99", fairness_percentile(f->waits, f->waits_len, 99));
	set_int(waits, "max", fairness_percentile(f->waits, f->waits_len, 100));
	return waits;
}

static bool team_json(const struct telling *t, const struct roster_team *team)
{
	static const char *const offers[] = {NULL,      "accepted",  "declined",
					     "expired", "withdrawn", "seat_gone"};
	const struct roster_figures *f = &team->figures;
	struct evenness e = evenness_of(team);
	json_t *line = json_pack("{s:s, s:s}", "desk", team->desk->id, "team", team->id);
	json_t *ends = json_object(), *transfers = json_object();
	set_int(line, "opened", f->opened);
	set_int(line, "served", f->served);
	set_int(line, "by_robot", f->by_robot);
	set_int(line, "left", f->left);
	set_int(line, "open", still_open(t, team));
	json_object_set_new(line, "wait_us", waits_json(f));
	set_int(ends, "made", f->offers);
	for (size_t i = 1; i < sizeof offers / sizeof offers[0]; i++)
		set_int(ends, offers[i], f->offer_ends[i]);
	json_object_set_new(line, "offers", ends);
	set_int(transfers, "asked", f->transfers);
	set_int(transfers, "taken", transfers_taken(f));
	set_int(transfers, "declined", f->transfer_ends[TRANSFER(DECLINED)]);
	set_int(transfers, "expired", f->transfer_ends[TRANSFER(EXPIRED)]);
	set_int(transfers, "cancelled", f->transfer_ends[TRANSFER(CANCELLED)]);
	json_object_set_new(line, "transfers", transfers);
	set_int(line, "returned", f->returned);
	set_int(line, "gone", f->gone);
	set_int(line, "unanswered", f->unanswered);
	set_int(line, "overtaken", f->overtaken);
	set_int(line, "ratings", f->ratings);
	set_int(line, "score_sum", f->score_sum);
	json_object_set_new(line, "agents", agents_json(team));
	json_object_set_new(line, "jain_busy", json_real(e.busy));
	json_object_set_new(line, "jain_conversations", json_real(e.assigned));
	return record_text_json_line(stdout, line);
}

static bool checks_json(const struct telling *t)
{
	bool written = true;
	json_t *line = json_object();
	for (size_t i = 0; i < t->audit.faults_len; i++)
		written &= record_text_json_line(
			stdout, json_pack("{s:s, s:I, s:o}", "fault",
					  desk_check(t->audit.faults[i].check)->key, "position",
					  (json_int_t)t->audit.faults[i].position, "what",
					  record_text_json_text(t->audit.faults[i].text,
								strlen(t->audit.faults[i].text))));
	for (size_t check = 0; check < CHECKS; check++)
		set_int(line, desk_check(check)->key, t->audit.ledger.faults[check]);
	return record_text_json_line(stdout, json_pack("{s:o, s:I, s:I}", "faults", line, "records",
						       (json_int_t)t->audit.ledger.records,
						       "position", (json_int_t)t->source.last)) &&
	       written;
}

/* ---- the journal ------------------------------------------------------------------ */

static enum parlor_err come_by(void *arg, const struct entry *entry, const struct record *r)
{
	struct telling *t = arg;
	if (r->kind == RECORD_TENANT && span_equal(r->tenant_id, t->tenant))
		t->tenant_no = r->tenant;
	return desk_audit_take(&t->audit, entry, r);
}

static enum parlor_err walk(struct telling *t, const char *dir)
{
	enum parlor_err err = source_open(&t->source, dir);
	if (err)
		return err;
	if (t->source.first > 1)
		return source_fault(&t->source, PARLOR_E_NOT_FOUND, 0,
				    "the journal begins at position %" PRIu64
				    ": what was before is not there to be counted",
				    t->source.first);
	err = desk_audit_begin(&t->audit, &t->source);
	if (!err)
		err = source_walk(&t->source, t->source.first, t->source.last, come_by, t);
	desk_audit_end(&t->audit);
	return err;
}

static bool is_asked_for(const struct telling *t, const struct roster_team *team)
{
	return team->tenant == t->tenant_no && team->figures.opened + team->figures.offers &&
	       (!t->desk || strcmp(t->desk, team->desk->id) == 0) &&
	       (!t->team || strcmp(t->team, team->id) == 0);
}

static int tell(struct telling *t)
{
	uint64_t told = 0;
	for (struct roster_team *team = t->audit.ledger.roster.teams; team; team = team->hh.next) {
		if (!is_asked_for(t, team))
			continue;
		told++;
		fairness_sort(team->figures.waits, team->figures.waits_len);
		if (t->json)
			t->failed |= !team_json(t, team);
		else
			print_team(t, team);
	}
	if (t->json)
		t->failed |= !checks_json(t);
	else
		print_checks(t);
	if (!told)
		fprintf(stderr, "parlor-replay: nothing was opened in such a team\n");
	if (t->failed || fflush(stdout)) {
		fprintf(stderr, "parlor-replay: output cannot be written\n");
		return AUDIT_UNREADABLE;
	}
	return told && !desk_audit_faults(&t->audit) ? AUDIT_EQUAL : AUDIT_DIFFERENT;
}

int desk_main(int argc, char **argv)
{
	static struct telling t;
	struct options_shared shared;
	const struct options_row rows[] = {
		{"desk", "ID", "only teams of that desk", OPTIONS_TEXT, .into = &t.desk},
		{"team", "ID", "only teams of that name", OPTIONS_TEXT, .into = &t.team},
		{"json", NULL,
		 "lines of JSON: one a team, one a fault, and one with how many faults",
		 OPTIONS_FLAG, .into = &t.json},
		{0},
	};
	const struct options_command command = {
		.name = "desk",
		.operands = "",
		.about =
			"Tells what happened at a desk from its journal, and counts anew with "
			"each\n"
			"record what is promised of it (D1 to D9 and D12 of the README): that\n"
			"everybody was served once, in the queue's order, within the limits; that\n"
			"nobody was lost, nor waited for two seconds of the desk's time while a\n"
			"seat could serve; that what is handed over is somebody's all the while,\n"
			"who serves is in the room just as long, and has unread what others said\n"
			"there; that places are right. Waits are from asking a human "
			"to\n"
			"having one, by the desk's clock. A conversation counts for the team "
			"where\n"
			"it was opened, an offer for the team that made it. The checks are of all\n"
			"desks, whatever is shown.\n"
			"exit: 0 all of it holds; 1 it does not, or nothing was opened there;\n"
			"2 usage; 3 the journal is damaged; 7 it cannot be read; 8 its beginning "
			"is\n"
			"trimmed",
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED | OPTIONS_TENANT,
		.rows = rows,
	};

	(void)options_parse(&command, &shared, argc, argv);
	t.tenant = SPAN_TEXT(shared.tenant ? shared.tenant : TENANT_DEFAULT);
	enum parlor_err err = walk(&t, shared.data);
	int code = err ? (int)audit_exit_of(err) : tell(&t);
	if (err)
		fprintf(stderr, "parlor-replay: %s\n", t.source.why);
	desk_audit_fini(&t.audit);
	source_close(&t.source);
	return code;
}
