/* What two runs came to, side by side, and what the other one takes for granted: as text, or as
 * one object of JSON. Owns the words; the same figures give the same bytes. */
#ifndef WHATIF_REPORT_H
#define WHATIF_REPORT_H

#include "whatif/outcome.h"

struct report {
	const struct outcome *recorded, *other;
	uint64_t not_opened;
	bool speed, patience;
};

void report_print(const struct report *);
/* False: it cannot be written. */
bool report_print_json(const struct report *);

#endif
