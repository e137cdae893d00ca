/* compare desk: the same conversations on each system, by turns, so that
 * whatever disturbs the machine disturbs all; and how they relate. */
#include "bench.h"
#include "desk_parlor.h"
#include "desk_peer.h"
#include "fail.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_PEERS "mysql,mysql-update,redis"
#define SYSTEMS_MAX 4
#define LINKS_DEFAULT 256
#define SEATS 16 /* of a team, for two at a time */

struct system {
	const char *name;
	const struct desk_peer *peer; /* NULL: Parlor */
	struct report report;
};

struct comparison {
	struct desk_shape shape;
	size_t links, len;
	struct system systems[SYSTEMS_MAX];
};

/* A tenth less people than the seats can serve: by chance some teams have a
 * queue and others have seats to spare, at any time. Enough of them that each
 * link has somebody to serve. */
static struct desk_shape shape_of(const struct options *o, size_t links)
{
	uint32_t of_team = 2 * (o->smoke ? 2 : SEATS);
	struct desk_shape shape = {.teams = (uint32_t)(links * 10 / 9 / of_team) + 2,
				   .seats = of_team / 2,
				   .max = 2,
				   .posts = 10,
				   .body = (uint32_t)option_or(o->body, BODY_DEFAULT)};
	shape.people = shape.teams * shape.seats * shape.max * 9 / 10;
	return shape;
}

static void add_system(struct comparison *c, const struct options *o, const char *name,
		       const struct desk_peer *peer)
{
	check(c->len < SYSTEMS_MAX, "more systems than %d", SYSTEMS_MAX);
	struct system *s = &c->systems[c->len++];
	*s = (struct system){.name = name, .peer = peer};
	report_begin(&s->report, o->json, "desk", name, "");
}

static void run_one(const struct comparison *c, const struct options *o, struct system *s)
{
	if (s->peer)
		desk_peer_run(s->peer, o, &c->shape, c->links, &s->report);
	else
		desk_parlor_run(o, &c->shape, c->links, &s->report);
}

static void add_peers(struct comparison *c, const struct options *o)
{
	char names[256], *rest = NULL;
	const char *asked = o->peers ? o->peers : ALL_PEERS;
	check(strlen(asked) < sizeof names, "--peers: too long");
	memcpy(names, asked, strlen(asked) + 1);
	for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		const struct desk_peer *peer = desk_peer_find(name);
		add_system(c, o, peer->name, peer);
	}
}

static void print_line(const struct report *r, const struct report *ours)
{
	double rate = report_median(r, "conversations_per_s");
	printf("  %-14s %7.0f %12.0f %14.0f %14.0f", r->system, report_median(r, "links"), rate,
	       report_median(r, "open_p99_us"), report_median(r, "close_p99_us"));
	if (r != ours)
		printf("   %8.2f x", report_median(ours, "conversations_per_s") / rate);
	printf("\n");
}

static void print_table(const struct comparison *c)
{
	printf("\nopened, served, %u messages, closed: %u seats for %u people\n", c->shape.posts,
	       c->shape.teams * c->shape.seats * c->shape.max, c->shape.people);
	printf("  %-14s %7s %12s %14s %14s   %s\n", "", "links", "a second", "open p99 us",
	       "close p99 us", "Parlor is");
	for (size_t i = 0; i < c->len; i++)
		print_line(&c->systems[i].report, &c->systems[0].report);
	printf("\n");
	for (size_t i = 0; i < c->len; i++)
		if (c->systems[i].peer)
			printf("%s: %s\n", c->systems[i].name, c->systems[i].peer->does);
}

void compare_desk(const struct options *o)
{
	struct comparison *c = mem_new(sizeof *c);
	c->links = o->smoke ? 4 : (size_t)option_or(o->in_flight, LINKS_DEFAULT);
	c->shape = shape_of(o, c->links);
	add_system(c, o, "parlor", NULL);
	add_peers(c, o);
	uint64_t runs = o->smoke ? 1 : option_or(o->runs, RUNS_DEFAULT);
	for (uint64_t n = 0; n < runs; n++)
		for (size_t i = 0; i < c->len; i++)
			run_one(c, o, &c->systems[i]);
	if (!o->json)
		print_table(c);
	for (size_t i = 0; o->json && i < c->len; i++)
		report_end(&c->systems[i].report);
	free(c);
}
