/* The worker's one loop: between the broker (link), what it asked for (job),
 * the partitions it gave us (partition) and the database (db). Owns all four; decides
 * what is done next, what is tried again and what the broker is told.
 *
 * Order: history queries first, then one batch, then stale rooms that are due.
 * While the database is away batches wait here, and queries are refused. */
#ifndef WORKER_SERVICE_H
#define WORKER_SERVICE_H

#include "db/db.h"
#include "link.h"

/* stop_fd becomes readable when it is time to leave. All are borrowed; the
 * link is open. Returns OK when asked to leave, DB_VERSION when the database is
 * newer than this build. Prints the ready line on stdout. */
enum parlor_err service_run(struct link *, struct db *, const char *name, const char *endpoint,
			    int stop_fd) PARLOR_MUST_CHECK;

#endif
