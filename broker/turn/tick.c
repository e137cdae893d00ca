#include "turn/tick.h"

/* Space for what it records: without, all that is due waits. */
#define TICK_BYTES ((size_t)1 << 20)
#define RETRY_US 200000

bool tick_run(struct commit *c)
{
	struct core_call call = {.now_us = c->wall_us, .served_us = c->now_us};
	bool more = false;
	c->due_waits = false;
	if (core_due(c->core) > c->wall_us)
		return false;
	enum parlor_err err = commit_reserve(c, TICK_BYTES);
	if (err == PARLOR_E_STORE_FULL) {
		c->due_waits = true;
		return false;
	}
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
