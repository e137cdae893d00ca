#include "turn/tick.h"

/* Space for what it records: without, all that is due waits. */
#define TICK_BYTES ((size_t)1 << 20)
#define RETRY_US 200000

/* Whether there is space for what may become due. While there is none nobody can be
 * answered, and the time in which something is due stands still. */
static enum parlor_err look_for_space(struct commit *c)
{
	enum parlor_err err = PARLOR_E_OK;
	uint64_t passed_us = c->now_us - c->ticked_us;
	c->ticked_us = c->now_us;
	if (core_due(c->core) != UINT64_MAX && c->now_us - c->space_looked_us >= RETRY_US) {
		err = commit_reserve(c, TICK_BYTES);
		c->due_waits = err == PARLOR_E_STORE_FULL;
		c->space_looked_us = c->now_us;
	}
	if (!c->due_waits)
		c->served_us += passed_us;
	return c->due_waits ? PARLOR_E_OK : err;
}

bool tick_run(struct commit *c)
{
	bool more = false;
	enum parlor_err err = look_for_space(c);
	struct core_call call = {.now_us = c->wall_us, .served_us = c->served_us};
	if (!err && (c->due_waits || core_due(c->core) > c->wall_us))
		return false;
	if (!err)
		err = commit_reserve(c, TICK_BYTES);
	if (err == PARLOR_E_STORE_FULL) {
		c->due_waits = true;
		return false;
	}
	uint64_t due_us = core_due(c->core); /* 0: at once */
	if (!err && due_us && c->wall_us - due_us > c->tick_late_us_max)
		c->tick_late_us_max = c->wall_us - due_us;
	if (!err)
		err = core_tick(c->core, &call, &more);
	c->failed |= err != PARLOR_E_OK;
	return more;
}

uint64_t tick_wait_us(const struct commit *c)
{
	uint64_t due_us = core_due(c->core);
	if (due_us == UINT64_MAX)
		return UINT64_MAX;
	if (c->due_waits)
		return RETRY_US;
	return due_us > c->wall_us ? due_us - c->wall_us : 0;
}
