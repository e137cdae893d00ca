/* compare floor: the same work on Parlor, on its ceiling and on each peer, by
 * turns, so that whatever disturbs the machine disturbs all; and how many
 * times Parlor's rate is of each one's. */
#include "bench.h"
#include "fail.h"
#include "peer.h"
#include "report.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMS_MAX 12
#define ALL_PEERS "mysql,redis,nats,rabbitmq,ejabberd"
#define OF_PEERS_ROOT ",redis-8,valkey-9,nats-2.15"

struct system {
	const char *name;
	one_run_fn *run;         /* Parlor's own; NULL: a peer */
	const struct peer *peer; /* NULL: Parlor's own */
	struct report *reports;  /* one a case */
};

struct comparison {
	struct options options;
	struct peer_cases cases;
	size_t len; /* the first is Parlor */
	struct system systems[SYSTEMS_MAX];
};

/* ---- who ------------------------------------------------------------------------------ */

static void add_system(struct comparison *c, struct system system)
{
	check(c->len < SYSTEMS_MAX, "more systems than %d", SYSTEMS_MAX);
	size_t cases = peer_cases_len(&c->cases);
	system.reports = mem_new(cases * sizeof *system.reports);
	for (size_t i = 0; i < cases; i++)
		report_begin(&system.reports[i], c->options.json, "floor", system.name,
			     c->cases.half && i + 1 == cases ? "half" : "");
	c->systems[c->len++] = system;
}

/* One that was not asked for by name and is not there is left out, in words. */
static void add_peers(struct comparison *c)
{
	char names[256], lacks[PEER_TEXT_MAX], *rest = NULL;
	const char *asked = c->options.peers        ? c->options.peers
			    : c->options.peers_root ? ALL_PEERS OF_PEERS_ROOT
						    : ALL_PEERS;
	check(strlen(asked) < sizeof names, "--peers: too long");
	memcpy(names, asked, strlen(asked) + 1);
	for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		const struct peer *peer = peer_find(name, &c->options, lacks);
		check(peer || !c->options.peers, "%s", lacks);
		if (peer)
			add_system(c, (struct system){.name = peer->name, .peer = peer});
		else
			fprintf(stderr, "left out: %s\n", lacks);
	}
}

static void use_options(struct comparison *c, const struct options *o)
{
	c->options = *o;
	if (o->smoke) {
		c->options.runs = 1;
		c->options.warmup_ms = 20;
		c->options.rooms = 10;
		c->options.agents = 40;
	}
	c->cases = (struct peer_cases){.depths_len = 3, .depths = {1, 16, 256}};
	if (o->in_flight)
		c->cases = (struct peer_cases){.depths_len = 1, .depths = {o->in_flight}};
	c->cases.rate = o->rate;
	c->cases.half = o->rate_half && !o->rate;
}

/* ---- runs ------------------------------------------------------------------------------ */

static double last_of(const struct report *r, const char *figure)
{
	return row_get(&r->rows[r->runs - 1], figure);
}

/* Parlor and its ceiling know depths or a rate: half comes as a run of its own. */
static void run_own(const struct comparison *c, const struct system *s)
{
	struct options open = c->options;
	size_t depths = c->cases.rate ? 1 : c->cases.depths_len;
	double best = 0;
	s->run(&c->options, depths, s->reports);
	if (!c->cases.half)
		return;
	for (size_t i = 0; i < depths; i++) {
		double rate = last_of(&s->reports[i], "acks_per_s");
		best = rate > best ? rate : best;
	}
	open.in_flight = 0;
	open.rate = (uint64_t)(best / 2);
	s->run(&open, 1, &s->reports[depths]);
}

static void run_all(const struct comparison *c)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct system *s = &c->systems[i];
		if (s->run)
			run_own(c, s);
		else
			peer_run(s->peer, &c->options, &c->cases, s->reports);
	}
}

/* ---- the table --------------------------------------------------------------------------- */

static void print_title(const struct comparison *c, size_t i)
{
	if (c->cases.rate)
		printf("\n%llu posts a second", (unsigned long long)c->cases.rate);
	else if (i < c->cases.depths_len)
		printf("\n%llu in flight", (unsigned long long)c->cases.depths[i]);
	else
		printf("\nat half of each one's own best rate");
	printf("\n  %-16s %12s %14s %10s %10s   %s\n", "", "acked/s", "delivered/s", "p50 us",
	       "p99 us", "Parlor's rate, p99 are");
}

/* What a peer did with as many in flight as it can, where that is fewer. */
static const struct report *nearest(const struct system *s, size_t i)
{
	while (i > 0 && s->reports[i].runs == 0)
		i--;
	return s->reports[i].runs ? &s->reports[i] : NULL;
}

static void print_line(const struct system *s, const struct report *r, const struct report *ours,
		       bool nearer)
{
	char name[40];
	double rate = report_median(r, "acks_per_s"), p99 = report_median(r, "p99_us");
	snprintf(name, sizeof name, "%s", s->name);
	if (nearer)
		snprintf(name, sizeof name, "%s (%.0f)", s->name, report_median(r, "in_flight"));
	printf("  %-16s %12.0f %14.0f %10.0f %10.0f", name, rate,
	       report_median(r, "deliveries_per_s"), report_median(r, "p50_us"), p99);
	if (r != ours)
		printf("   %6.2f x  %6.2f x", report_median(ours, "acks_per_s") / rate,
		       report_median(ours, "p99_us") / p99);
	printf("\n");
}

/* The peer that acknowledges most of what is on disk by then. */
static void print_fastest(const struct comparison *c, size_t i)
{
	const struct system *fastest = NULL;
	double most = 0;
	for (size_t n = 0; n < c->len && !c->cases.rate && i < c->cases.depths_len; n++) {
		const struct system *s = &c->systems[n];
		const struct report *r = nearest(s, i);
		if (!s->peer || !s->peer->durable || !r || report_median(r, "acks_per_s") <= most)
			continue;
		fastest = s;
		most = report_median(r, "acks_per_s");
	}
	if (fastest)
		printf("  the fastest durable peer is %s: Parlor's rate is %.2f x of it\n",
		       fastest->name,
		       report_median(&c->systems[0].reports[i], "acks_per_s") / most);
}

static void print_notes(const struct comparison *c)
{
	printf("\n");
	for (size_t i = 0; i < c->len; i++) {
		const struct system *s = &c->systems[i];
		if (!s->peer)
			continue;
		printf("%s: %s", s->name, s->peer->does);
		if (s->peer->rooms_max)
			printf("; %u rooms at most", s->peer->rooms_max);
		printf("\n");
	}
}

static void print_tables(const struct comparison *c)
{
	for (size_t i = 0; i < peer_cases_len(&c->cases); i++) {
		const struct report *ours = &c->systems[0].reports[i];
		print_title(c, i);
		for (size_t n = 0; n < c->len; n++) {
			const struct report *r = nearest(&c->systems[n], i);
			if (r)
				print_line(&c->systems[n], r, ours, r != &c->systems[n].reports[i]);
		}
		print_fastest(c, i);
	}
	print_notes(c);
}

void compare_floor(const struct options *o)
{
	struct comparison *c = mem_new(sizeof *c);
	use_options(c, o);
	add_system(c, (struct system){.name = "parlor", .run = floor_run});
	add_system(c, (struct system){.name = "skeleton", .run = skeleton_run});
	add_system(c, (struct system){.name = "skeleton-log", .run = skeleton_log_run});
	add_peers(c);
	for (uint64_t n = 0; n < option_or(c->options.runs, RUNS_DEFAULT); n++)
		run_all(c);
	if (!o->json)
		print_tables(c);
	for (size_t i = 0; i < c->len; i++) {
		for (size_t n = 0; o->json && n < peer_cases_len(&c->cases); n++)
			report_end(&c->systems[i].reports[n]);
		free(c->systems[i].reports);
	}
	free(c);
}
