/* Seeded towns: a broker, workers, a database and clients, with everything that
 * goes wrong between and in them; at the end all is well for a while, and then
 * the database must equal the broker's state.
 *
 *   test_town [--seeds N] [--steps N] [--seed N] [--loud]
 *
 * A seed (also PARLOR_SEED) names one town, which is run alone; --loud prints
 * all that happens in it. */
#include "town.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEEDS 80
#define STEPS 100

struct options {
	bool one, loud;
	uint64_t seeds, steps, seed;
};

static bool number(const char *text, uint64_t *value)
{
	char *end;
	errno = 0;
	*value = text ? strtoull(text, &end, 10) : 0;
	return text && *text && !*end && !errno;
}

static bool read_options(struct options *o, char **argv)
{
	const char *seed = getenv("PARLOR_SEED");
	bool good = true;
	if (seed)
		o->one = good = number(seed, &o->seed);
	for (char **arg = argv + 1; *arg && good; arg++) {
		if (!strcmp(*arg, "--seeds"))
			good = number(*++arg, &o->seeds);
		else if (!strcmp(*arg, "--steps"))
			good = number(*++arg, &o->steps);
		else if (!strcmp(*arg, "--seed"))
			good = o->one = number(*++arg, &o->seed);
		else if (!strcmp(*arg, "--loud"))
			o->loud = true;
		else
			good = false;
	}
	if (o->one)
		o->seeds = 1;
	return good;
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Towns first, first + step, ... */
static void run(const struct options *o, uint64_t first, uint64_t step)
{
	static struct town town;
	unsigned long long towns = 0, records = 0, kills = 0, worker_kills = 0, repeats = 0,
			   uncertain = 0, restores = 0, refused = 0, flights = 0;
	struct desk_side_counts desk = {0};
	double began = seconds();
	town.chance.loud = o->loud;
	town_open(&town);
	for (uint64_t i = first; i < o->seeds; i += step) {
		town_begin(&town, o->seed + i);
		for (uint64_t n = 0; n < o->steps; n++)
			town_step(&town);
		town_settle(&town);
		towns++;
		records += town.ledger.len;
		kills += town.kills;
		worker_kills += town.town_worker_kills;
		repeats += town.repeats;
		flights += town.keep.flights;
		uncertain += town.database.counts.uncertain;
		restores += town.database.counts.restores;
		refused += town.database.counts.refused;
		if (town.desk)
			desk_side_count(town.desk, &desk);
		town_end(&town);
	}
	town_close(&town);
	printf("%llu desks, %llu conversations, %llu offers, %llu assignments, %llu transfers\n",
	       (unsigned long long)desk.desks, (unsigned long long)desk.opened,
	       (unsigned long long)desk.offered, (unsigned long long)desk.assigned,
	       (unsigned long long)desk.transferred);
	printf("%llu towns, %llu records, %llu brokers and %llu workers killed, %llu posts "
	       "repeated, %llu commits in flight, %llu uncertain commits, %llu restores, %llu "
	       "refusals of the database, "
	       "%.1f s\n",
	       towns, records, kills, worker_kills, repeats, flights, uncertain, restores, refused,
	       seconds() - began);
}

/* Half of the towns in a process of its own. */
static int run_two(const struct options *o)
{
	int status;
	pid_t other = fork();
	if (other < 0) {
		perror("fork");
		return EXIT_FAILURE;
	}
	run(o, other == 0, 2);
	if (other == 0)
		return EXIT_SUCCESS;
	if (waitpid(other, &status, 0) != other) {
		perror("waitpid");
		return EXIT_FAILURE;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	(void)argc;
	struct options o = {.seed = 1, .seeds = SEEDS, .steps = STEPS};
	if (!read_options(&o, argv)) {
		fprintf(stderr, "usage: test_town [--seeds N] [--steps N] [--seed N] [--loud]\n");
		return 2;
	}
	if (o.seeds > 1)
		return run_two(&o);
	run(&o, 0, 1);
	return EXIT_SUCCESS;
}
