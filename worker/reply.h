/* What the worker tells the broker, as plain calls. Owns no state. */
#ifndef WORKER_REPLY_H
#define WORKER_REPLY_H

#include "link.h"
#include "partition.h"

void reply_partition_state(struct link *, const struct partition *);
void reply_batch_done(struct link *, const struct partition *);
void reply_failed(struct link *, uint32_t partition, uint64_t epoch, Parlor__FailClass,
		  const char *error);
/* error "": done. */
void reply_release(struct link *, const Parlor__Release *, const char *error);
void reply_archive_refused(struct link *, uint64_t query, enum parlor_err, const char *text);

#endif
