/* diff: the desks of a tenant in two re-executed states: rows of the configuration, visitors,
 * conversations and who had them. Rows are the same by what they are called; numbers and
 * times are not compared. */
#ifndef DIFF_DESK_H
#define DIFF_DESK_H

#include "diff_rooms.h"

/* Of that tenant, by its number on each side; 0: that side has none. */
enum parlor_err diff_desk(struct diff *, const char *tenant, uint64_t a_no,
			  uint64_t b_no) PARLOR_MUST_CHECK;

#endif
