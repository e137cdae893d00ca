/* What a recording asks of a broker: its events become operations, one after the
 * other, in order. Owns the file, the tenants' sessions, the rooms met, who is
 * online, and the operations not yet taken; sends none of them. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "event_source.h"
#include "operation.h"
#include "places.h"
#include "play.h"
#include "tenants.h"

enum workload_failure { WORKLOAD_OK, WORKLOAD_INPUT, WORKLOAD_BROKER };

struct present;

struct workload {
	const struct play_options *options;
	struct event_source event_source;
	unsigned loop; /* from 1 */
	struct tenants tenants;
	struct places places;
	struct present *online;
	struct operation *operations; /* to be done next; whoever does one takes it out */
	bool ended;                   /* the file is at its end */
	enum workload_failure failed;
	uint64_t events;
	int64_t first_ms; /* time of the first event that is played */
	bool begun;
	bool desk; /* rows of one were met */
};

void workload_init(struct workload *, const struct play_options *, struct lines *);
/* Every operation that was taken must be gone. */
void workload_fini(struct workload *);

/* Reads the next event; what it comes to is in `operations`, which may be nothing.
 * False when it failed. */
bool workload_next(struct workload *);
/* The same file again, from its beginning, in rooms of other names. False when
 * it failed. */
bool workload_rewind(struct workload *);
/* Requests that may wait for MySQL, by what the brokers' welcomes say. */
size_t workload_waiting_max(const struct workload *);
const char *workload_error(const struct workload *);

#endif
