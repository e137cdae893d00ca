/* What the broker asked for and is not done yet: decoded messages in the order
 * of arrival. Bounded in number and bytes. */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "link.h"

#define JOBS_MAX 4096
#define JOBS_BYTES_MAX ((size_t)128 << 20)

struct job {
	struct link_message in;
	unsigned attempts;
	bool uncertain; /* a COMMIT was sent and not answered */
	bool told;      /* the broker knows that it is stuck */
	struct job *next;
};

/* Zeroed is empty. */
struct jobs {
	struct job *first;
	struct job **last; /* where the next goes; NULL while none was added */
	size_t len;
	size_t bytes;
	uint64_t refused; /* when full, since the start */
};

/* Takes the message over. False when full: it is still the caller's. */
bool jobs_push(struct jobs *, const struct link_message *);
/* Forgets the first. */
void jobs_pop(struct jobs *);
/* Forgets what concerns the partition up to that epoch. */
void jobs_drop_partition(struct jobs *, uint32_t partition, uint64_t epoch);
void jobs_clear(struct jobs *);

/* The partition and epoch a message is about; false when it is about none. */
bool job_partition(const Parlor__ToWorker *, uint32_t *partition, uint64_t *epoch);

#endif
