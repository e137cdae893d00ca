/* One partition of the journal as this worker serves it: claims it, applies its
 * batches and releases in one fenced transaction each, flushes stale rooms,
 * puts refused topics into quarantine. Owns the partition's state in memory, which
 * only mirrors the database's and can be loaded anew at any time. Knows no
 * socket. */
#ifndef WORKER_PARTITION_H
#define WORKER_PARTITION_H

#include "mark.h"
#include "quarantine.h"
#include "stale.h"

#include <parlor/worker.pb-c.h>

struct partition {
	uint64_t epoch;   /* as assigned */
	struct mark mark; /* as in the database */
	struct stale stale;
	struct quarantine quarantine;
};

void partition_init(struct partition *, uint64_t broker_id, uint32_t partition);
void partition_fini(struct partition *);

/* Whether the mark carries the epoch that was assigned. */
bool partition_owned(const struct partition *);
uint64_t partition_unread_position(const struct partition *);

/* Raises the epoch, then loads. DB_OWNER and *why as mark_claim. */
enum parlor_err partition_claim(struct partition *, struct db *, const struct owner *,
				uint64_t epoch, char why[OWNER_WHY_MAX]) PARLOR_MUST_CHECK;
/* Reads everything from the database again. */
enum parlor_err partition_load(struct partition *, struct db *) PARLOR_MUST_CHECK;

/* All or nothing: on any error the transaction is rolled back and memory is as
 * before. DB_FENCED: the database stands elsewhere; load to see where. DB_DATA:
 * more topics are refused than quarantine takes. After DB_UNKNOWN load before
 * anything else. *refused: topics went into quarantine. */
enum parlor_err partition_apply(struct partition *, struct db *, const Parlor__Batch *,
				bool *refused) PARLOR_MUST_CHECK;

/* As partition_apply, and: NOT_QUARANTINED; VALUE when records are missing before
 * the first or behind the last one; DB_DATA when it is still refused. */
enum parlor_err partition_release(struct partition *, struct db *,
				  const Parlor__Release *) PARLOR_MUST_CHECK;

/* Projects the rooms that are stale longest, if any. Errors as partition_apply. */
enum parlor_err partition_flush(struct partition *, struct db *) PARLOR_MUST_CHECK;

#endif
