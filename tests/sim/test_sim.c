/* Seeded worlds: random operations on the core, an oracle beside it, crashes
 * and write-back in between.
 *
 *   test_sim [--desk] [--store] [--seeds N] [--ops N] [--seed N]
 *
 * --desk: worlds of desks, else of rooms. --store: on LMDB instead of in memory. A seed (also
 * PARLOR_SEED) names one world, which is run alone. */
#include "world.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPS 130
#define WORLDS 500
#define WORLDS_ON_STORE 30
#define DESK_OPS 400
#define DESK_WORLDS 40
#define FIRST_SEED 1

struct options {
	const struct world_kind *kind;
	bool store, one;
	uint64_t worlds, ops, seed;
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
		if (!strcmp(*arg, "--desk")) {
			o->kind = &world_of_desks;
		} else if (!strcmp(*arg, "--store")) {
			o->store = true;
		} else if (!strcmp(*arg, "--seeds")) {
			good = number(*++arg, &o->worlds);
		} else if (!strcmp(*arg, "--ops")) {
			good = number(*++arg, &o->ops);
		} else if (!strcmp(*arg, "--seed")) {
			good = o->one = number(*++arg, &o->seed);
		} else {
			good = false;
		}
	}
	bool desk = o->kind == &world_of_desks;
	if (!o->worlds)
		o->worlds = o->store ? WORLDS_ON_STORE : desk ? DESK_WORLDS : WORLDS;
	if (!o->ops)
		o->ops = desk ? DESK_OPS : OPS;
	if (o->one)
		o->worlds = 1;
	return good;
}

/* Worlds first, first + step, ... */
static void run(const struct options *o, uint64_t first, uint64_t step)
{
	static struct world world;
	uint64_t worlds = 0, records = 0, began_us = clock_mono_us();
	for (uint64_t i = first; i < o->worlds; i += step) {
		world_init(&world, o->kind, o->seed + i,
			   o->store ? disk_in_store() : disk_in_memory());
		for (uint64_t op = 0; op < o->ops; op++)
			world_step(&world);
		world_end(&world);
		records += world.emitted;
		worlds++;
		world_fini(&world);
	}
	printf("%llu worlds, %llu operations, %llu records, %.1f s\n", (unsigned long long)worlds,
	       (unsigned long long)(worlds * o->ops), (unsigned long long)records,
	       (double)(clock_mono_us() - began_us) / 1e6);
}

/* Half of the worlds in a process of its own. */
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
	struct options o = {.kind = &world_of_rooms, .seed = FIRST_SEED};
	if (!read_options(&o, argv)) {
		fprintf(stderr,
			"usage: test_sim [--desk] [--store] [--seeds N] [--ops N] [--seed N]\n");
		return 2;
	}
	if (o.worlds > 1)
		return run_two(&o);
	run(&o, 0, 1);
	return EXIT_SUCCESS;
}
