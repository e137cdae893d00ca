/* What the worker tells the broker, as plain calls. Owns no state. */
#ifndef WORKER_REPLY_H
#define WORKER_REPLY_H

#include "link.h"
#include "part.h"

void reply_part_state(struct link *, const struct part *);
void reply_batch_done(struct link *, const struct part *);
void reply_failed(struct link *, uint32_t part, uint64_t epoch, Parlor__FailClass,
		  const char *error);
/* error "": done. */
void reply_release(struct link *, const Parlor__Release *, const char *error);
void reply_cold_refused(struct link *, uint64_t query, enum parlor_err, const char *text);

#endif
