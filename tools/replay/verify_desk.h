/* verify: what is promised of desks, record by record, while the journal is executed again; and
 * the places in their queues, as the broker's own core has them, against a count. */
#ifndef VERIFY_DESK_H
#define VERIFY_DESK_H

#include "audit/finding.h"
#include "desk_audit.h"

struct verify_desk {
	struct desk_audit audit;
	struct engine *engine; /* NULL: it is not counted */
	bool counts;           /* there are conversations */
};

/* The engine stands before its first record; it is fed from then on. Where it begins with a
 * snapshot nothing is counted: it does not tell how that state came about. */
enum parlor_err verify_desk_begin(struct verify_desk *, struct engine *) PARLOR_MUST_CHECK;
void verify_desk_fini(struct verify_desk *);
source_fn verify_desk_take; /* behind each record */
/* Behind the last one: how many promises broke; the finding is the first of them. */
uint64_t verify_desk_end(struct verify_desk *, struct finding *);

#endif
