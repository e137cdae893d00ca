/* The processes of a run: broker, workers, database and ceilings, each started
 * in a private directory on free ports and stopped by its pid, also when the
 * benchmark fails or is interrupted. Owns the processes, the directory and what
 * /proc says of them; speaks no protocol. */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "options.h"
#include "report.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RIG_PATH_MAX 512
#define RIG_LINE_MAX 512

struct process {
	pid_t pid; /* 0: not running */
	char name[32];
	int out; /* its stdout, read here; -1: none */
};

/* CPU time on all threads and on the first one, in ns. */
struct usage {
	uint64_t cpu_ns;
	uint64_t main_ns;
};

struct rig {
	const struct options *options;
	char dir[RIG_PATH_MAX];
	char client[RIG_LINE_MAX]; /* endpoints of the broker */
	char worker[RIG_LINE_MAX];
	struct process *broker;
};

/* Once, before anything is started: directories and exit handlers. */
void rig_setup(void);

void rig_init(struct rig *, const struct options *);
/* Stops all that was started and removes the directory. */
void rig_fini(struct rig *);

/* Starts argv[0], searched in PATH or beside this program, with stderr in
 * DIR/NAME.log. slow: under --fsync-ms. Everything it says on stdout until
 * `ready` is passed over; that line is left in `line` (RIG_LINE_MAX). ready
 * NULL: does not wait. Fails when it ends before. */
struct process *rig_start(struct rig *, const char *name, const char *const argv[], bool slow,
			  const char *ready, char *line);
/* SIGTERM, and waits; fails when it does not leave with 0. */
void rig_stop(struct process *);
void rig_kill(struct process *);      /* SIGKILL, and waits */
void rig_interrupt(struct process *); /* SIGINT, and waits; any exit status is right */
/* Runs to its end; fails when the exit status is not 0. */
void rig_run(struct rig *, const char *name, const char *const argv[]);
void rig_check(const struct process *); /* fails when it has left */

/* parlord on DIR/data: endpoints in the rig, which a second start takes again.
 * Words before it (valgrind and such) and behind it: lists ended by NULL, or
 * NULL. */
void rig_broker(struct rig *, const char *const *before, const char *const *more);
struct process *rig_worker(struct rig *, const char *mysql_url, unsigned number);
void rig_path(const struct rig *, char out[RIG_PATH_MAX], const char *name);
/* Bytes on disk under a directory of the rig. */
uint64_t rig_disk_bytes(const struct rig *, const char *name);

struct usage usage_of(pid_t);
struct usage usage_since(struct usage then, struct usage now);
uint64_t usage_own_ns(void);
double rss_mb(pid_t);  /* with the pages of mapped files that it has touched */
double anon_mb(pid_t); /* without: what it allocated */

/* What a program and this one took between two marks: load_plan.mark, with the account as
 * its ctx. */
struct account {
	const struct process *of;
	struct usage then, used;
	uint64_t own_then, own_ns;
	double rss_mb, anon_mb;
};
void account_mark(void *account, bool begins);
/* Of a run in which so many posts were acknowledged. */
void account_figures(const struct account *, uint64_t acked, struct row *);

/* Path of a program or module beside this one. */
void rig_beside(char out[RIG_PATH_MAX], const char *name);

#endif
