/* The partitions that this worker serves, and what the broker asks for about them: to take
 * a partition, to apply a batch, to release a room. Each is carried out in one transaction
 * and answered. Owns the partitions; when a job is tried, and tried again, is the
 * service's. */
#ifndef WORKER_BATCHES_H
#define WORKER_BATCHES_H

#include "job.h"
#include "partition.h"

struct batches {
	struct link *link;
	struct db *db;
	struct partition **partitions; /* by number; NULL: not assigned */
	uint32_t partitions_len;
};

/* A session with the broker begins: as many partitions as it has, none of them ours. */
void batches_begin(struct batches *);
void batches_end(struct batches *);
void batches_forget(struct batches *, uint32_t partition);

/* Not OK: the job stays to be done; the errors of partition.h. */
enum parlor_err batches_run(struct batches *, struct job *) PARLOR_MUST_CHECK;
/* Tells where the database stands instead. A partition we do not have is read, too. */
enum parlor_err batches_answer_fenced(struct batches *, uint32_t partition,
				      uint64_t epoch) PARLOR_MUST_CHECK;

#endif
