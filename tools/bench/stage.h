/* A broker with a world in it, sessions that listen and connections that post:
 * what most scenarios begin with. Owns all of it, and the account of CPU time
 * and commits over a measured time. */
#ifndef BENCH_STAGE_H
#define BENCH_STAGE_H

#include "dealer.h"
#include "load.h"
#include "report.h"
#include "rig.h"
#include "world.h"

struct stage {
	struct rig rig;
	void *zmq;
	struct world *world;
	struct dealer control; /* no members: asks and checks */
	struct dealer *links;  /* listeners, then senders */
	size_t links_len;
	struct load *load;
	/* between the marks of a run */
	struct account account;
	uint64_t commits, turns, events;
	struct process *perf;
};

struct stage_plan {
	struct world_shape world;
	uint32_t senders;
	bool nobody;                    /* no session listens */
	const char *const *before;      /* words before parlord, ended by NULL; or NULL */
	const char *const *broker_args; /* further ones of its own, likewise */
};

/* Starts the broker, makes the world, says every hello. */
void stage_open(struct stage *, const struct options *, const struct stage_plan *);
/* The same broker on the same data once more, and every session anew. */
void stage_restart(struct stage *, const struct stage_plan *);
/* Stops the broker cleanly. */
void stage_close(struct stage *);

/* A run of the load with the account kept; `plan`'s mark is the stage's. */
void stage_run(struct stage *, struct load_plan *plan, struct load_result *);
/* Rates, times and CPU of that run. */
void stage_figures(const struct stage *, const struct load_result *, struct row *);
/* The broker's memory now: broker_rss_mb, broker_anon_mb. */
void stage_memory(const struct stage *, struct row *);
/* The runs of a scenario that is one case. */
void stage_runs(const struct options *, const char *scenario,
		void (*run)(const struct options *, struct report *));
/* The usual plan of the options: warm-up, time, rate. */
struct load_plan stage_plan_of(const struct options *, uint64_t in_flight);

#endif
