/* Whose the database is: of the journal whose marks stand in it. Another one writes
 * nothing there, unless it is a copy that the database's journal has not gone
 * beyond: that one takes marks and rows over. Owns this decision and what is
 * rewritten then; never the marks of a partition. */
#ifndef WORKER_OWNER_H
#define WORKER_OWNER_H

#include "db/db.h"
#include "worker_bounds.h"

#define OWNER_WHY_MAX 160

/* Who asks: the broker's journal, and those it is a copy of. */
struct owner {
	uint64_t broker_id;
	size_t ancestors_len;
	struct owner_ancestor {
		uint64_t broker_id;
		uint64_t position; /* the same up to here */
	} ancestors[WORKER_ANCESTORS_MAX];
};

/* Inside a transaction, which keeps other journals from asking until it ends.
 * DB_OWNER: the database is another's, *why says whose; roll back. */
enum parlor_err owner_check(struct db *, const struct owner *,
			    char why[OWNER_WHY_MAX]) PARLOR_MUST_CHECK;

#endif
