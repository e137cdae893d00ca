/* parlor sync ..., parlor stats */
#include "ctl.h"
#include "show.h"
#include "table.h"

#include <inttypes.h>

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

/* ---- shown ---- */

static void show_done(const Parlor__Reply *r)
{
	if (r->done->position)
		printf("done  position %" PRIu64 "\n", r->done->position);
	else
		printf("nothing had to change\n");
}

static void show_sync(const Parlor__Reply *r)
{
	const Parlor__SyncReport *s = r->sync;
	struct table t;

	printf("journal at %" PRIu64 ", MySQL has everything up to %" PRIu64 ", %u worker%s\n",
	       s->position, s->synced, s->workers, s->workers == 1 ? "" : "s");
	if (s->n_partitions) {
		table_heads(&t, HEADS("PART", "MESSAGES", "UNREAD", "WORKER", "TROUBLE"));
		for (size_t i = 0; i < s->n_partitions; i++) {
			table_number(&t, s->partitions[i]->partition);
			table_number(&t, s->partitions[i]->position);
			table_number(&t, s->partitions[i]->unread_position);
			table_text(&t, *s->partitions[i]->worker ? s->partitions[i]->worker : "-");
			table_text(&t, s->partitions[i]->error);
		}
		table_print(&t, stdout);
	}
	for (size_t i = 0; i < s->n_quarantined; i++) {
		fputs("in quarantine: ", stdout);
		show_text(stdout, s->quarantined[i]);
		putchar('\n');
	}
}

static void show_stats(const Parlor__Reply *r)
{
	struct table t;

	table_init(&t, 2);
	for (size_t i = 0; i < r->stats->n_counters; i++)
		table_line_number(&t, r->stats->counters[i]->name, r->stats->counters[i]->value);
	table_print(&t, stdout);
}

/* ---- the table ---- */

static const struct command commands[] = {
	{"sync status", "", 0, 0, NULL, "How far MySQL is behind, and why.", sync_status},
	{"sync wait", "", 0, 0, NULL,
	 "Waits until MySQL has everything, 60 seconds unless --timeout says otherwise.",
	 sync_wait},
	{"sync release", "ROOM", 1, 1, NULL, "Takes a room out of quarantine.", sync_release},
	{"stats", "", 0, 0, NULL, "The broker's counters.", stats},
	{0},
};
static const struct show_result results[] = {
	{PARLOR__REPLY__RESULT_DONE, show_done, false},
	{PARLOR__REPLY__RESULT_SYNC, show_sync, false},
	{PARLOR__REPLY__RESULT_STATS, show_stats, true},
	{0},
};
const struct noun operation_noun = {.commands = commands, .results = results};
