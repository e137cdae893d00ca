/* diff: two re-executed states, tenant by tenant, room by room, in order of
 * names. Owns what counts as a difference, and prints each as it is found. */
#ifndef DIFF_ROOMS_H
#define DIFF_ROOMS_H

#include "audit/finding.h"
#include "audit/record_text.h"

struct diff_side {
	struct source *source; /* borrowed; both sides may have the same */
	struct engine engine;  /* settled */
};

struct diff {
	struct diff_side a, b;
	const char *tenant; /* NULL: all */
	bool json;
	struct source *failed; /* has the words, after a failure */
	uint64_t rooms, rooms_differing, differences;
	uint64_t rows, rows_differing; /* of desks */
};

enum parlor_err diff_tenants(struct diff *) PARLOR_MUST_CHECK;

#endif
