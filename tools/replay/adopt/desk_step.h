/* One step of building a desk: when it is, who is named, and what comes of a refusal. What a
 * row of a foreign table brings about by itself is told to findings; what it does not ends
 * the building. */
#ifndef DESK_STEP_H
#define DESK_STEP_H

#include "adopt/old_row.h"
#include "builder.h"
#include "findings.h"

#define DESK_STEP_WHY_MAX 512

/* The first part is the caller's. */
struct desk_steps {
	struct builder *builder;
	struct findings *findings;
	const char *tenant; /* of rows without one */
	uint64_t first_us;  /* nothing is earlier, */
	uint64_t now_us;    /* nor later */

	enum parlor_err err; /* the first failure; rows behind it are not looked at */
	char why[DESK_STEP_WHY_MAX];
};

/* more: what there is to say behind the row's table and key, or empty. */
void desk_step_tell(struct desk_steps *, enum finding, const struct old_row *, const char *more);
uint64_t desk_step_time(struct desk_steps *, const struct old_row *);
/* Into tenant, of ROW_ID_MAX + 1 bytes. */
void desk_step_tenant(const struct desk_steps *, const struct old_row *, char *tenant);
/* Not before what was last done. */
struct core_call desk_step_call(const struct desk_steps *, const char *tenant, uint64_t time_us);
/* err: of what the row asked for, all of it. */
void desk_step_end(struct desk_steps *, const struct old_row *, enum parlor_err);

#endif
