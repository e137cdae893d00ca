/* parlor sync ..., parlor stats */
#include "ctl.h"

#define SYNC_WAIT_MS 60000

static enum ctl_exit sync_status(struct ctl *ctl, const struct args *args)
{
	Parlor__SyncStatus body = PARLOR__SYNC_STATUS__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	(void)args;
	request.op_case = PARLOR__REQUEST__OP_SYNC_STATUS;
	request.sync_status = &body;
	return ctl_do(ctl, &request);
}

static enum ctl_exit sync_wait(struct ctl *ctl, const struct args *args)
{
	Parlor__SyncWait body = PARLOR__SYNC_WAIT__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	(void)args;
	if (ctl->timeout_ms < 0)
		ctl->timeout_ms = SYNC_WAIT_MS;
	request.op_case = PARLOR__REQUEST__OP_SYNC_WAIT;
	request.sync_wait = &body;
	return ctl_do(ctl, &request);
}

static enum ctl_exit sync_release(struct ctl *ctl, const struct args *args)
{
	Parlor__SyncRelease body = PARLOR__SYNC_RELEASE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	body.room = ctl_text(args->operands[0]);
	request.op_case = PARLOR__REQUEST__OP_SYNC_RELEASE;
	request.sync_release = &body;
	return ctl_do(ctl, &request);
}

static enum ctl_exit stats(struct ctl *ctl, const struct args *args)
{
	Parlor__Stats body = PARLOR__STATS__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	(void)args;
	request.op_case = PARLOR__REQUEST__OP_STATS;
	request.stats = &body;
	return ctl_do(ctl, &request);
}

const struct command operation_commands[] = {
	{"sync status", "", 0, 0, NULL, "How far MySQL is behind, and why.", sync_status},
	{"sync wait", "", 0, 0, NULL,
	 "Waits until MySQL has everything, 60 seconds unless --timeout says otherwise.",
	 sync_wait},
	{"sync release", "ROOM", 1, 1, NULL, "Takes a room out of quarantine.", sync_release},
	{"stats", "", 0, 0, NULL, "The broker's counters.", stats},
	{0},
};
