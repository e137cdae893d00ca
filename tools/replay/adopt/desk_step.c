#include "adopt/desk_step.h"

#include "adopt/desk_mend.h"
#include "core/core.h"

#include <stdio.h>

#define SHOWN(key) (int)(key).len, (const char *)(key).data

void desk_step_tell(struct desk_steps *s, enum finding what, const struct old_row *row,
		    const char *more)
{
	findings_add(s->findings, what, "%s %.*s%s%s", row->table, (int)row->key.len,
		     (const char *)row->key.data, *more ? ": " : "", more);
}

struct core_call desk_step_call(const struct desk_steps *s, const char *tenant, uint64_t time_us)
{
	uint64_t last_us = core_time(builder_core(s->builder));
	if (time_us < last_us)
		time_us = last_us;
	return (struct core_call){
		.tenant = SPAN_TEXT(tenant), .now_us = time_us, .served_us = time_us};
}

uint64_t desk_step_time(struct desk_steps *s, const struct old_row *row)
{
	uint64_t time_us = row->time_us;
	/* The opening's row has told already. */
	bool tells = !row->part && !row->bare && row->kind != OLD_TAKEN &&
		     row->kind != OLD_CLOSED && row->kind != OLD_SPOKE;
	if (tells && !time_us)
		desk_step_tell(s, FINDING_untimed_row, row, "");
	if (tells && time_us > s->now_us)
		desk_step_tell(s, FINDING_future_time, row, "");
	if (time_us > s->now_us)
		time_us = s->now_us;
	return time_us < s->first_us ? s->first_us : time_us;
}

void desk_step_end(struct desk_steps *s, const struct old_row *row, enum parlor_err err)
{
	enum parlor_err broken = core_broken(builder_core(s->builder));
	if (err && !broken && !row->bare)
		desk_step_tell(s, FINDING_refused_row, row, parlor_err_text(err));
	s->err = broken ? broken : builder_step(s->builder);
	if (s->err)
		snprintf(s->why, sizeof s->why, "%s %.*s: %s", row->table, SHOWN(row->key),
			 parlor_err_text(s->err));
}

void desk_step_tenant(const struct desk_steps *s, const struct old_row *row, char *tenant)
{
	if (!desk_mend_id(s->findings, row, row->tenant, tenant))
		snprintf(tenant, ROW_ID_MAX + 1, "%s", s->tenant);
}
