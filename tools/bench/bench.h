/* The scenarios by name: what main.c's table consists of. A scenario starts
 * what it needs, measures, checks that the result is right, reports and stops
 * everything; it fails (fail.h) rather than report what is wrong. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "options.h"

#include <stddef.h>

typedef void scenario_fn(const struct options *);

scenario_fn scenario_floor, scenario_team, scenario_size, scenario_sync, scenario_list;
scenario_fn scenario_storm, scenario_mixed, scenario_history, scenario_idle, scenario_restart;
scenario_fn scenario_hostile, scenario_desk;
scenario_fn ceiling_skeleton, ceiling_skeleton_log, ceiling_router, ceiling_lmdb;
scenario_fn compare_floor, compare_desk;

/* One run of floor or its ceiling: a row into each of the reports, one a depth
 * (1, 16, 256), or a single one for the depth or the rate of the options. */
struct report;
typedef void one_run_fn(const struct options *, size_t cases, struct report *reports);
one_run_fn floor_run, skeleton_run, skeleton_log_run;

/* Programs of their own processes: the arguments behind the name. */
int serve_skeleton(int argc, char **argv);
int serve_skeleton_log(int argc, char **argv);
int serve_router(int argc, char **argv);

#define RUNS_DEFAULT 3
#define SECONDS_DEFAULT 5
#define WARMUP_MS_DEFAULT 1000
#define BODY_DEFAULT 200
#define SMOKE_MS 100

#endif
