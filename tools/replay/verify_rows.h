/* verify: the rows of the data directory, as recovery would have them, against
 * those that re-execution gave. Key by key, byte by byte. */
#ifndef VERIFY_ROWS_H
#define VERIFY_ROWS_H

#include "audit/finding.h"
#include "audit/recovered.h"

struct verify_rows {
	uint64_t rows;                  /* re-executed */
	uint64_t differing;             /* rows that differ, are missing or too many */
	struct hash128 executed, found; /* state hashes */
};

/* finding is set when `differing` is not 0: the first one. */
enum parlor_err verify_rows(struct engine *, struct recovered *, struct verify_rows *,
			    struct finding *) PARLOR_MUST_CHECK;

#endif
