/* A database that goes from one journal to another: whose it was, and how it is
 * given to the journal that was made from it, so that workers carry on where it
 * ends. The former owner's marks are kept, under an epoch that nobody can raise:
 * a broker that comes back with the old journal changes nothing any more. */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "builder.h"
#include "db/db.h"

struct handover_mark {
	uint64_t broker_id;
	uint64_t partition;
	uint64_t epoch;
	uint64_t position;
};

/* Zeroed is empty. */
struct handover {
	struct handover_mark *marks;
	size_t len;
	uint32_t owners;     /* brokers that may still write */
	uint32_t partitions; /* of the owners, at most; 0: none */
};

/* Reads the marks. */
enum parlor_err handover_begin(struct handover *, struct db *) PARLOR_MUST_CHECK;
void handover_fini(struct handover *);

/* How many other sessions use the database: workers, if one of them lives. Gives
 * those that are just leaving a moment. */
enum parlor_err handover_others(struct db *, uint64_t *others) PARLOR_MUST_CHECK;

/* The builder is finished. DB_FENCED: somebody has moved a mark since
 * handover_begin. Before that, positions and unread columns may have been brought
 * up to date, which changes nothing for the former owner. */
enum parlor_err handover_finish(const struct handover *, struct db *,
				struct builder *) PARLOR_MUST_CHECK;

#endif
