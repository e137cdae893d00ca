/* A team of a desk as it was: who waited in its queue, and what each of its seats had. Owns
 * how that is shown; decides nothing. */
#ifndef AT_DESK_H
#define AT_DESK_H

#include "audit/engine.h"

struct at_desk {
	struct engine *engine; /* that stands at the position, with all that is derived */
	struct core_call call;
	const char *desk, *team; /* desk NULL: the only one that has such a team */
	uint64_t position;
	bool json, failed; /* failed: output */
};

/* NOT_FOUND: there was no such team; VALUE: several desks had one. */
enum parlor_err at_desk_show(struct at_desk *) PARLOR_MUST_CHECK;

#endif
